"""What replay plays: a recording as it came, or a file of images as a microscope would have sent it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agent.edge.errors import EdgeError
from agent.edge.files.readers import READERS, read_frames
from agent.edge.files.recording import Recorded, analysed_live, read_recording
from protocol.wire.karabo import encode_frame

IMAGES_PER_S = 10.0
"""An image file does not say when its images were taken; at speed 1 they come at this rate."""


def messages(path: Path, pixel_size_nm: float | None, *, as_seen: bool = False) -> Iterator[Recorded]:
    """Messages in order; with `as_seen` only those that were analysed live.

    Raises:
        EdgeError: the file is damaged or of no kind that can be played, or images are asked for as seen.
    """
    if path.suffix.lower() not in READERS:
        chosen = analysed_live(path) if as_seen else None
        yield from (m for m in read_recording(path) if chosen is None or m.index in chosen)
        return
    if as_seen:
        raise EdgeError(f"{path}: only a recording knows which frames were analysed live")
    for index, frame in enumerate(read_frames(path, pixel_size_nm)):
        parts = tuple(bytes(part) for part in encode_frame(frame))
        yield Recorded(index=index, received_time_s=frame.camera_time_s + index / IMAGES_PER_S, parts=parts)
