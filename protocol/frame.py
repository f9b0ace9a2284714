"""One camera exposure with what is known about how it was taken. A frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

ALLOWED_DTYPES = ("uint8", "uint16", "uint32", "int16", "int32", "float32")
"""Pixel types that cameras deliver; anything else is refused before a buffer is looked at."""

PROVENANCES = ("metadata", "calibration", "user", "unknown")
"""Where a pixel size came from. ``unknown`` goes with no pixel size at all."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One exposure. Unknown quantities are ``None``, never a guess."""

    pixels: NDArray[Any]
    """(h, w), one of `ALLOWED_DTYPES`, read-only; counts as the camera gave them."""
    source: str
    """Name of the camera or file."""
    sequence: int
    """The sender's frame number; a jump of more than one is a gap."""
    camera_time_s: float
    """Unix time of the exposure, by the sender's clock."""
    received_time_s: float | None = None
    """Unix time of arrival, by our clock."""
    pixel_size_nm: float | None = None
    """Side of a square pixel at the specimen."""
    pixel_size_provenance: str = "unknown"
    """One of `PROVENANCES`."""
    exposure_s: float | None = None
    energy_kev: float | None = None
    defocus_nm: float | None = None
    """C1: positive is overfocus (simulator/README.md, *Signs*)."""
    dose_e_per_a2: float | None = None
    """At the specimen, for this frame."""
    stage: Mapping[str, float] = field(default_factory=dict)
    """Any of x_um, y_um, z_um, alpha_deg, beta_deg."""

    @property
    def shape_px(self) -> tuple[int, int]:
        """Rows, columns."""
        height_px, width_px = np.shape(self.pixels)
        return height_px, width_px
