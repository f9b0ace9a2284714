"""Snapshot to bytes and back: one msgpack map {version, snapshot}."""

from __future__ import annotations

import msgpack

from protocol.errors import ProtocolError
from protocol.snapshot import SNAPSHOT_VERSION, Snapshot
from protocol.wire.bounded_msgpack import unpack_map
from protocol.wire.typed import from_plain, to_plain

MAX_SNAPSHOT_BYTES = 64 * 1024 * 1024


def encode_snapshot(snapshot: Snapshot) -> bytes:
    """One part, complete in itself."""
    packed: bytes = msgpack.packb({"version": SNAPSHOT_VERSION, "snapshot": to_plain(snapshot)})
    return packed


def decode_snapshot(part: bytes | memoryview) -> Snapshot:
    """Arrays are read-only views of the part.

    Raises:
        ProtocolError: another version, or not what `Snapshot` promises.
    """
    outer = unpack_map(part, "snapshot", max_bytes=MAX_SNAPSHOT_BYTES)
    # The version comes first: what a stranger's fields mean is not guessed, in neither direction.
    if outer.get("version") != SNAPSHOT_VERSION:
        raise ProtocolError(f"snapshot: version {SNAPSHOT_VERSION} was promised, got {outer.get('version')!r}")
    return from_plain(Snapshot, outer.get("snapshot"), "snapshot")
