"""Hypothesis strategies of our values."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from protocol.frame import ALLOWED_DTYPES, Frame

finite = st.floats(-1e6, 1e6)
positive = st.floats(1e-3, 1e3)


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    """Any frame that may cross the wire."""
    dtype = np.dtype(draw(st.sampled_from(ALLOWED_DTYPES)))
    pixels = draw(hnp.arrays(dtype, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6)))
    size = draw(st.none() | positive)
    return Frame(
        pixels=pixels,
        source=draw(st.text(max_size=20)),
        sequence=draw(st.integers(-(2**31), 2**62)),
        camera_time_s=draw(st.floats(0, 4e9)),
        pixel_size_nm=size,
        pixel_size_provenance="unknown" if size is None else draw(st.sampled_from(("metadata", "calibration", "user"))),
        exposure_s=draw(st.none() | finite),
        energy_kev=draw(st.none() | finite),
        defocus_nm=draw(st.none() | finite),
        dose_e_per_a2=draw(st.none() | finite),
        stage=draw(st.dictionaries(st.sampled_from(("x_um", "y_um", "z_um", "alpha_deg", "beta_deg")), finite)),
    )
