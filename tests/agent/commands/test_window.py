"""The window's own process: a picture, or one line that says why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocol.wire.snapshot import encode_snapshot
from tests.examples import snapshot

pytest.importorskip("PySide6")


@pytest.fixture(autouse=True)
def _offscreen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")


def test_a_snapshot_becomes_a_picture_of_the_windows_size(tmp_path: Path) -> None:
    from PIL import Image

    from agent.commands import window
    from agent.dashboard.window import SIZE_PX

    (tmp_path / "s").write_bytes(encode_snapshot(snapshot()))
    assert window.main(["--picture", str(tmp_path / "s"), str(tmp_path / "a.png")]) == 0
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == SIZE_PX


@pytest.mark.parametrize(
    ("source", "png", "message"),
    [("none", "a.png", "No such file"), ("rubbish", "a.png", "snapshot: "), ("good", "no/a.png", "cannot write ")],
)
def test_what_goes_wrong_is_one_line_and_code_2(
    tmp_path: Path, source: str, png: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from agent.commands import window

    (tmp_path / "good").write_bytes(encode_snapshot(snapshot()))
    (tmp_path / "rubbish").write_bytes(b"rubbish")
    assert window.main(["--picture", str(tmp_path / source), str(tmp_path / png)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("beamside dashboard: ")
    assert message in line
