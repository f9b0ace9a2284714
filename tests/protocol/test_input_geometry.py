"""The geometry of a network's input checks itself and says itself in one line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from protocol.errors import ProtocolError
from protocol.input_geometry import MAX_PATCH_PX, DatasetGeometry, InputGeometry

PATCH = InputGeometry(patch_px=128, pixel_size_nm=0.075, preprocessing="patch-v1")
MAP = InputGeometry(patch_px=8, pixel_size_nm=0.24, preprocessing="channels-v1")
BOTH = DatasetGeometry(detector=MAP, classifier=PATCH)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"patch_px": 0}, "patch_px must be 1 to 4096, got 0"),
        ({"patch_px": MAX_PATCH_PX + 1}, "patch_px must be 1 to 4096, got 4097"),
        ({"pixel_size_nm": 0.0}, "pixel_size_nm must be positive and finite, got 0.0"),
        ({"pixel_size_nm": float("inf")}, "positive and finite, got inf"),
        ({"pixel_size_nm": float("nan")}, "positive and finite, got nan"),
        ({"preprocessing": ""}, "preprocessing must be the name of a function"),
    ],
)
def test_a_geometry_that_no_input_has_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ProtocolError, match=message):
        replace(PATCH, **change)  # type: ignore[arg-type]


def test_each_role_has_its_own_input() -> None:
    assert BOTH.of("detector") == MAP
    assert BOTH.of("classifier") == PATCH
    with pytest.raises(ProtocolError, match="role must be detector or classifier, got 'oracle'"):
        BOTH.of("oracle")


def test_a_geometry_says_itself_in_one_line() -> None:
    assert str(BOTH) == "detector 8 px of 0.24 nm by channels-v1, classifier 128 px of 0.075 nm by patch-v1"
