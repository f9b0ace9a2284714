"""Every wire that cameras may speak to us, by the name that settings and recordings use."""

from __future__ import annotations

from protocol.errors import ProtocolError
from protocol.wire.decoder import Decoders, FrameDecoder
from protocol.wire.karabo import KARABO, KaraboDecoder

WIRES: Decoders = {KARABO: KaraboDecoder}


def new_decoder(wire: str, wires: Decoders = WIRES) -> FrameDecoder:
    """A decoder for a new stream of that wire.

    Raises:
        ProtocolError: no such wire is known.
    """
    if wire not in wires:
        raise ProtocolError(f"wire must be one of {', '.join(wires)}, got {wire!r}")
    return wires[wire]()
