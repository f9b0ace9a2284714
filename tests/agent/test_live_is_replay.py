"""Same frames, same networks, same statistics, to the last bit."""

from __future__ import annotations

from pathlib import Path

from agent.edge.files.recording import Recorder
from protocol.wire.karabo import KARABO
from tests.fakes import fake_networks, field, parts
from tests.runs import bits, run_live, run_replay


def test_live_is_replay(tmp_path: Path) -> None:
    path = tmp_path / "session.beamside"
    with Recorder(path, KARABO) as recorder:
        seen = run_live([parts(field(n)) for n in range(6)], fake_networks(), recorder)
    again = run_replay(path, fake_networks(), as_seen=True)
    assert bits(again) == bits(seen)
    assert again.statistics.particles == seen.statistics.particles > 0
    whole = run_replay(path, fake_networks())
    assert whole.health.analysed == 6
