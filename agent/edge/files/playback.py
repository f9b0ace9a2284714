"""What replay plays: a recording as it came, or a file of images as a microscope would have sent it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from agent.edge.errors import EdgeError
from agent.edge.files.readers import READERS, read_images
from agent.edge.files.recording import SUFFIX, analysed_live, read_recording, recorded_wire
from protocol.errors import ProtocolError
from protocol.frame import Frame
from protocol.wire.decoder import Decoders
from protocol.wire.wires import WIRES, new_decoder

IMAGES_PER_S = 10.0
"""An image file does not say when its images were taken; at speed 1 they come at this rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One message after its decoder, or one image of a file."""

    received_time_s: float
    """When it came, or would have come."""
    frame: Frame | None = None
    """None when the message holds none, or is refused."""
    fault: str = ""
    """Why it is refused."""


def play(
    path: Path, pixel_size_nm: float | None, *, as_seen: bool = False, wires: Decoders = WIRES
) -> Iterator[Played]:
    """Messages in order; with `as_seen` only those whose frames were analysed live.

    Raises:
        EdgeError: the file is damaged, of no kind that can be played or of an unknown wire, or images are asked for
            as seen.
    """
    if path.suffix.lower() not in READERS:
        yield from _recorded(path, analysed_live(path) if as_seen else None, wires)
        return
    if as_seen:
        raise EdgeError(f"{path}: only a recording knows which frames were analysed live")
    for index, frame in enumerate(read_images(path, pixel_size_nm)):
        received_time_s = frame.camera_time_s + index / IMAGES_PER_S
        yield Played(received_time_s=received_time_s, frame=replace(frame, received_time_s=received_time_s))


def read_frames(path: Path, pixel_size_nm: float | None = None, wires: Decoders = WIRES) -> Iterator[Frame]:
    """Frames of an image file or a recording, in order; a given pixel size overrides the images' own.

    Raises:
        EdgeError: the file is missing, damaged, of an unknown kind or wire, or holds no images or a refused message.
    """
    if path.suffix.lower() in READERS or not is_recording(path):
        yield from read_images(path, pixel_size_nm)
        return
    for index, played in enumerate(_recorded(path, None, wires)):
        if played.fault:
            raise EdgeError(f"{path}, message {index}: {played.fault}")
        if played.frame is not None:
            yield played.frame


def is_recording(path: Path) -> bool:
    """Whether a file's name says that it is one of our recordings."""
    return path.suffix == SUFFIX


def _recorded(path: Path, chosen: frozenset[int] | None, wires: Decoders) -> Iterator[Played]:
    try:
        decoder = new_decoder(recorded_wire(path), wires)
    except ProtocolError as error:
        raise EdgeError(f"{path}: {error}") from error
    for message in read_recording(path):
        # A decoder may remember what came before, so it sees every message, also those that were not chosen.
        frame, fault = None, ""
        try:
            frame = decoder.decode(message.parts, received_time_s=message.received_time_s)
        except ProtocolError as error:
            fault = str(error)
        if chosen is None or message.index in chosen:
            yield Played(received_time_s=message.received_time_s, frame=frame, fault=fault)
