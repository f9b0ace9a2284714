"""Settings of the analysis; every field has a unit and a bound."""

from __future__ import annotations

from dataclasses import dataclass

SMALLEST_PIXEL_NM, LARGEST_PIXEL_NM = 0.001, 1.0
"""No lattice of atoms is seen with other pixels."""
SMALLEST_NM, LARGEST_NM = 1.5, 15.0
"""Diameters of the particles that are looked for, unless configured otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentationConfig:
    """How score maps become particles; the microscope and the trainer's measures use the same."""

    threshold: float
    """Of the particle map, 0 to 1; the detector's card says it."""
    smallest_nm: float = SMALLEST_NM
    """Detections of a smaller diameter are left out; what a border cuts is judged by its longer side."""
    largest_nm: float = LARGEST_NM
    """Detections of a larger diameter are left out, in the same way."""

    def __post_init__(self) -> None:
        """Check the bounds.

        Raises:
            ValueError: naming the field at fault.
        """
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold must be 0 to 1, got {self.threshold}")
        if not 0 < self.smallest_nm < self.largest_nm:
            raise ValueError(f"need 0 < smallest_nm < largest_nm, got {self.smallest_nm} and {self.largest_nm}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisConfig:
    """How a frame is analysed. ``None`` means: as the model card says, or as the frame says."""

    pixel_size_nm: float | None = None
    """Overrides the frame's own, 0.001 to 1."""
    threshold: float | None = None
    """Confidence below which the answer is ``unknown``, 0 to 1."""
    smallest_nm: float = SMALLEST_NM
    """Detections of a smaller diameter are left out; what a border cuts is judged by its longer side."""
    largest_nm: float = LARGEST_NM
    """Detections of a larger diameter are left out, in the same way."""

    def __post_init__(self) -> None:
        """Check the bounds.

        Raises:
            ValueError: naming the field at fault.
        """
        if self.pixel_size_nm is not None and not SMALLEST_PIXEL_NM <= self.pixel_size_nm <= LARGEST_PIXEL_NM:
            raise ValueError(f"pixel_size_nm must be 0.001 to 1, got {self.pixel_size_nm}")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold must be 0 to 1, got {self.threshold}")
        self.segmentation(0.5)  # which checks the two diameters

    def segmentation(self, threshold: float) -> SegmentationConfig:
        """The part that segmentation needs, with the threshold of the detector's card."""
        return SegmentationConfig(threshold=threshold, smallest_nm=self.smallest_nm, largest_nm=self.largest_nm)
