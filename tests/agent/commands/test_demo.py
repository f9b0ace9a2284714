"""The demo's own sockets and its end, without networks."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from agent.commands import demo
from agent.edge.errors import EdgeError
from agent.edge.settings import Settings
from tests.examples import snapshot


def test_the_demo_takes_ports_that_nobody_has() -> None:
    before = Settings()
    one = demo.on_free_ports(before)
    ends = {one.endpoint, one.snapshots, one.commands}
    assert len(ends) == 3
    assert not ends & {before.endpoint, before.snapshots, before.commands}


def test_a_demo_whose_picture_cannot_be_written_says_so_at_once(tmp_path: Path) -> None:
    pytest.importorskip("PySide6")
    with pytest.raises(EdgeError, match="there is no folder"):
        demo.run_demo(
            Settings(), threading.Event(), rate_per_s=1, headless=True, png=tmp_path / "none" / "a.png", tell=print
        )


def test_stopped_before_the_first_frame_is_no_fault_but_a_silent_microscope_is(tmp_path: Path) -> None:
    source = snapshot()
    none = replace(source, frame=None, health=replace(source.health, analysed=0))
    told: list[str] = []
    assert demo._close(none, 1.0, None, told.append) == 0
    assert told == ["stopped before the first frame was analysed"]
    with pytest.raises(EdgeError, match="no frame was analysed in 60 s: none came"):
        demo._close(none, 60.0, None, told.append)


def test_a_microscope_that_dies_ends_the_demo_with_a_line() -> None:
    stop = threading.Event()
    with (
        pytest.raises(EdgeError, match="the virtual microscope ended with code 2"),
        demo._microscope("rubbish", 1, stop),
    ):
        assert stop.wait(60)
