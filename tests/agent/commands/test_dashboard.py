"""The window's process."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.commands import dashboard
from agent.edge.errors import EdgeError


def test_the_picture_of_a_broken_snapshot_is_a_clear_fault(tmp_path: Path) -> None:
    pytest.importorskip("PySide6")
    with pytest.raises(EdgeError, match="the dashboard's picture failed"):
        dashboard.save_picture(b"rubbish", tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []
