"""One camera exposure with what is known about how it was taken. A frozen value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from protocol.errors import ProtocolError

ALLOWED_DTYPES = ("uint8", "uint16", "uint32", "int16", "int32", "float32")
"""Pixel types that cameras deliver; anything else is refused before a buffer is looked at."""

Provenance = Literal["metadata", "calibration", "user", "unknown"]
"""Where a pixel size came from. A frame without a pixel size has ``unknown``."""
PROVENANCES: tuple[Provenance, ...] = get_args(Provenance)
STAGE = ("x_um", "y_um", "z_um", "alpha_deg", "beta_deg")
QUANTITIES = ("exposure_s", "energy_kev", "defocus_nm", "dose_e_per_a2")
"""What may be known of an exposure, besides its pixel size."""


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
    pixel_size_provenance: Provenance = "unknown"
    """Who says so."""
    exposure_s: float | None = None
    """How long the camera was open."""
    energy_kev: float | None = None
    """Kinetic energy of the electrons."""
    defocus_nm: float | None = None
    """C1: positive is overfocus (simulator/README.md, *Signs*)."""
    dose_e_per_a2: float | None = None
    """At the specimen, for this frame."""
    stage: Mapping[str, float] = field(default_factory=dict)
    """Any of `STAGE`."""

    def __post_init__(self) -> None:
        # Pixels: the shape and type that every later step relies on. What they show is judged by the analysis.
        pixels = self.pixels
        if pixels.ndim != 2 or 0 in pixels.shape:
            raise ProtocolError(f"a frame has rows and columns of pixels, got shape {pixels.shape}")
        if pixels.dtype.name not in ALLOWED_DTYPES or not pixels.dtype.isnative:
            raise ProtocolError(f"pixels must be one of {', '.join(ALLOWED_DTYPES)}, got {pixels.dtype.str}")
        if isinstance(self.sequence, bool) or not isinstance(self.sequence, int | np.integer):
            raise ProtocolError(f"a sequence number is a whole number, got {self.sequence!r}")
        # The pixel size, and where it came from.
        if self.pixel_size_provenance not in PROVENANCES:
            raise ProtocolError(
                f"pixel_size_provenance must be one of {', '.join(PROVENANCES)}, got {self.pixel_size_provenance!r}"
            )
        if self.pixel_size_nm is None and self.pixel_size_provenance != "unknown":
            raise ProtocolError(f"no pixel size comes from {self.pixel_size_provenance!r}: it is unknown")
        if self.pixel_size_nm is not None and not (math.isfinite(self.pixel_size_nm) and self.pixel_size_nm > 0):
            raise ProtocolError(f"a pixel size is positive, got {self.pixel_size_nm} nm")
        # Everything else that is a number is a finite one.
        numbers = {"camera_time_s": self.camera_time_s, "received_time_s": self.received_time_s}
        numbers |= {name: getattr(self, name) for name in QUANTITIES} | dict(self.stage)
        for name, number in numbers.items():
            if number is not None and not math.isfinite(number):
                raise ProtocolError(f"{name} must be a finite number, got {number!r}")
        if unknown := sorted(self.stage.keys() - set(STAGE)):
            raise ProtocolError(f"a stage has {', '.join(STAGE)}, got {', '.join(unknown)}")

    @property
    def shape_px(self) -> tuple[int, int]:
        """Rows, columns."""
        height_px, width_px = np.shape(self.pixels)
        return height_px, width_px
