"""Plans that were built on this machine, in a folder that nobody else can write to. Nothing is loaded from elsewhere.

A TensorRT plan is trusted code. On POSIX the folder and its files must be the user's own; on Windows the folder lies
under LOCALAPPDATA, which Windows itself keeps from others.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from agent.edge.errors import EdgeError

MOST_FILES = 64
"""The files used longest ago make room for new ones."""
DIGEST_BYTES = 32


class CacheKey(Protocol):
    """Whatever names a file of the cache."""

    def file_name(self) -> str:
        """The same for the same content, and for no other; it ends in ``.plan``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """All that a plan depends on; another value of any field is another file."""

    onnx_sha256: str
    """Of the network; empty for what serves every network, such as a timing cache."""
    module: str
    """``tensorrt`` or ``tensorrt_rtx``."""
    version: str
    """Of the module."""
    gpu: str
    """Its name."""
    capability: str
    """Of the GPU, ``8.9``."""
    driver: str
    """Its version."""
    profile: str
    """Shapes that it was built for."""

    def file_name(self) -> str:
        """Module and a digest of every field."""
        return f"{self.module}-{digest_of(asdict(self))}.plan"


def digest_of(fields: Mapping[str, object]) -> str:
    """A name for what a cached file depends on: another value of any field is another name."""
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def cache_folder(
    environment: Mapping[str, str] = os.environ, platform: str = sys.platform, home: Path | None = None
) -> Path:
    """Where this user's caches belong on this platform (XDG Base Directory Specification; LOCALAPPDATA).

    Raises:
        EdgeError: it is Windows, and LOCALAPPDATA is not set.
    """
    if platform == "win32":
        base = environment.get("LOCALAPPDATA", "")
    elif platform == "darwin":
        base = str((home or Path.home()) / "Library" / "Caches")
    else:
        base = environment.get("XDG_CACHE_HOME", "")
        if not os.path.isabs(base):  # as the specification demands
            base = str((home or Path.home()) / ".cache")
    if not base:
        raise EdgeError("LOCALAPPDATA is not set, so there is no folder for plans and timings")
    return Path(base) / "beamside" / "engines"


class PlanCache:
    """Bytes by key, in one folder."""

    def __init__(self, folder: Path) -> None:
        """Make the folder, or take it when it is the user's own.

        Raises:
            EdgeError: it cannot be made, belongs to somebody else, or others may write to it.
        """
        self.folder = folder
        try:
            for part in (folder.parent, folder):
                part.mkdir(mode=0o700, parents=True, exist_ok=True)
                status = os.lstat(part)
                if not stat.S_ISDIR(status.st_mode):
                    raise EdgeError(f"{part} is a link, not a folder: nothing is loaded from there")
                _refuse_foreign(part, status)
        except OSError as error:
            raise EdgeError(f"{folder}: cannot hold plans and timings: {error.strerror}") from error

    def load(self, key: CacheKey) -> bytes | None:
        """What was stored under the key; None when there is nothing, or when the file is damaged.

        Raises:
            EdgeError: the file belongs to somebody else, or others may write to it.
        """
        path = self.folder / key.file_name()
        try:
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise EdgeError(f"{path}: {error.strerror}") from error
        # Looked at through the handle: what is judged is what is read.
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise EdgeError(f"{path} is no file: nothing is loaded from there")
            _refuse_foreign(path, status)
            with os.fdopen(handle, "rb", closefd=False) as file:
                content = file.read()
        finally:
            os.close(handle)
        # What was cut short by a full disk, or has lost a bit, is as good as nothing.
        digest, body = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
        if hashlib.sha256(body).digest() != digest:
            return None
        with contextlib.suppress(OSError):  # only the order of making room depends on it
            os.utime(path)
        return body

    def store(self, key: CacheKey, body: bytes) -> Path:
        """Write whole or not at all, readable by the user alone; returns the path.

        Raises:
            EdgeError: it cannot be written.
        """
        path = self.folder / key.file_name()
        try:
            # Under another name first: a reader sees the old file or the new one, never half of one.
            handle, name = tempfile.mkstemp(dir=self.folder, suffix=".part")  # mode 0600
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(hashlib.sha256(body).digest() + body)
                os.replace(name, path)
            except BaseException:
                os.unlink(name)
                raise
            self._make_room()
        except OSError as error:
            raise EdgeError(f"{path}: {error.strerror}") from error
        return path

    def _make_room(self) -> None:
        newest_first = sorted(self.folder.glob("*.plan"), key=lambda p: p.stat().st_mtime_ns, reverse=True)
        for path in newest_first[MOST_FILES:]:
            path.unlink(missing_ok=True)


def _refuse_foreign(path: Path, status: os.stat_result) -> None:
    if sys.platform == "win32":
        return
    if status.st_uid != os.geteuid():
        raise EdgeError(f"{path} belongs to user {status.st_uid}, not to {os.geteuid()}: nothing is loaded from there")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise EdgeError(
            f"{path} can be written to by others (mode {stat.S_IMODE(status.st_mode):o}), so nothing is loaded from "
            f"there; chmod go-w {path}"
        )
