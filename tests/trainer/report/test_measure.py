"""What a report refuses to measure."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.trainer.known_report import CLASSES, recipe
from trainer.report.measure import check_classes


def test_a_network_of_other_classes_than_the_store_s_is_refused(tmp_path: Path) -> None:
    check_classes(CLASSES, recipe(tmp_path))
    with pytest.raises(ValueError, match="knows icosahedron, cube, the store holds cube, icosahedron"):
        check_classes(CLASSES[::-1], recipe(tmp_path))
