"""A file that is there whole or not at all."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def put_whole(path: Path, content: bytes | memoryview) -> None:
    """Write a file under its name at once: a kill or a power cut leaves the old one, or none.

    Two processes that write the same file do not meet; the last one stays.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written beside its place under a name of this process alone, brought to the disk, then renamed.
    unfinished = path.with_name(f"{path.name}.{socket.gethostname()}-{os.getpid()}.part")
    with open(unfinished, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        unfinished.replace(path)
    except FileNotFoundError:
        # Another process has finished this file meanwhile and removed ours as a leftover.
        if not path.exists():
            raise
