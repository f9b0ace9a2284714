"""A frame that no camera takes cannot be built."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from protocol.errors import ProtocolError
from tests.hostile_wire import GOOD

BAD: dict[str, tuple[dict[str, object], str]] = {
    "one dimension": ({"pixels": np.zeros(4, np.uint16)}, "rows and columns"),
    "no pixels": ({"pixels": np.zeros((0, 4), np.uint16)}, "rows and columns"),
    "64-bit integers": ({"pixels": np.zeros((2, 2), np.int64)}, "pixels must be one of uint8"),
    "another byte order": ({"pixels": np.zeros((2, 2), ">u2")}, "got >u2"),
    "a fraction as its number": ({"sequence": 1.5}, "whole number"),
    "no time": ({"camera_time_s": float("nan")}, "camera_time_s must be a finite number"),
    "negative pixels": ({"pixel_size_nm": -1.0}, "a pixel size is positive, got -1.0 nm"),
    "endless pixels": ({"pixel_size_nm": float("inf")}, "a pixel size is positive"),
    "a guess": ({"pixel_size_provenance": "guess"}, "pixel_size_provenance must be one of"),
    "a source without a size": ({"pixel_size_nm": None}, "no pixel size comes from 'metadata'"),
    "infinite defocus": ({"defocus_nm": float("inf")}, "defocus_nm must be a finite number"),
    "a stage of its own": ({"stage": {"w_um": 1.0}}, "a stage has"),
    "a stage nowhere": ({"stage": {"x_um": float("nan")}}, "x_um must be a finite number"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_frame_that_no_camera_takes_cannot_be_built(name: str) -> None:
    change, message = BAD[name]
    with pytest.raises(ProtocolError, match=message):
        replace(GOOD, **change)  # type: ignore[arg-type]
