"""A bad state cannot be built, here or by another process."""

from __future__ import annotations

from dataclasses import replace

import msgpack
import numpy as np
import pytest

from protocol.errors import ProtocolError
from protocol.snapshot import CAUSES, INTENDED, SNAPSHOT_VERSION, RecordingState
from protocol.wire.snapshot import decode_snapshot, encode_snapshot
from protocol.wire.typed import to_plain
from tests.examples import snapshot


@pytest.mark.parametrize(
    "state",
    [
        RecordingState(),
        RecordingState(mode="on", path="a.beamside"),
        RecordingState(mode="stopped", path="a.beamside", reason="disk error: full"),
    ],
)
def test_a_recording_state_survives_the_wire(state: RecordingState) -> None:
    source = snapshot()
    sent = replace(source, health=replace(source.health, recording=state))
    assert decode_snapshot(encode_snapshot(sent)).health.recording == state


@pytest.mark.parametrize(
    "bad",
    [
        {"mode": "STOPPED"},
        {"mode": "on"},
        {"mode": "off", "path": "a"},
        {"mode": "stopped", "path": "a"},
        {"mode": "on", "path": "a", "reason": "b"},
    ],
)
def test_a_state_that_makes_no_sense_is_refused_on_both_sides(bad: dict[str, str]) -> None:
    with pytest.raises(ProtocolError, match="a recording"):
        RecordingState(**bad)  # type: ignore[arg-type]
    plain = to_plain(snapshot())
    plain["health"]["recording"] = bad
    with pytest.raises(ProtocolError, match=r"snapshot: health\.recording"):
        decode_snapshot(msgpack.packb({"version": SNAPSHOT_VERSION, "snapshot": plain}))


def test_every_cause_may_be_counted_and_no_other() -> None:
    source = snapshot()
    counted = replace(source.health, not_analysed=dict.fromkeys(CAUSES, 1))
    assert decode_snapshot(encode_snapshot(replace(source, health=counted))).health.not_analysed == counted.not_analysed
    assert set(INTENDED) < set(CAUSES)
    with pytest.raises(ProtocolError, match=r"one of replaced, paused, .* got lateness"):
        replace(source.health, not_analysed={"lateness": 1})  # type: ignore[dict-item]
    plain = to_plain(source)
    plain["health"]["not_analysed"] = {"lateness": 1}
    with pytest.raises(ProtocolError, match=r"health\.not_analysed"):
        decode_snapshot(msgpack.packb({"version": SNAPSHOT_VERSION, "snapshot": plain}))


def test_the_first_version_is_refused_by_its_number() -> None:
    """As an agent of version 1 refuses us: it compares the same field before it looks at anything else."""
    with pytest.raises(ProtocolError, match="snapshot: version 2 was promised, got 1"):
        decode_snapshot(msgpack.packb({"version": 1, "snapshot": to_plain(snapshot())}))
    assert msgpack.unpackb(encode_snapshot(snapshot()))["version"] == 2


def test_counts_are_not_negative_and_shapes_fit() -> None:
    source = snapshot()
    assert source.frame is not None
    with pytest.raises(ProtocolError, match="not negative"):
        replace(source.health, analysed=-1)
    with pytest.raises(ProtocolError, match=r"image has the shape \(any, any\)"):
        replace(source.frame, image=np.zeros(3, np.uint8))
    with pytest.raises(ProtocolError, match="scale and pixel_size_nm are positive"):
        replace(source.frame, scale=0.0)
    with pytest.raises(ProtocolError, match="outline_px has the shape"):
        replace(source.frame.particles[0], outline_px=np.zeros((3, 3), np.float32))
    with pytest.raises(ProtocolError, match="history_fraction has the shape"):
        replace(source.statistics, history_fraction=np.zeros((2, 5), np.float32))
    with pytest.raises(ProtocolError, match="statistics are of every class"):
        replace(source, classes=("cube",))
    with pytest.raises(ProtocolError, match="a threshold is 0 to 1"):
        replace(source, threshold=1.5)
