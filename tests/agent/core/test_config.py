"""Settings of the analysis are bounded, and segmentation gets its part of them."""

from __future__ import annotations

import pytest

from agent.core.config import LARGEST_NM, SMALLEST_NM, AnalysisConfig, SegmentationConfig


def test_the_microscope_and_the_measures_segment_with_the_same_defaults() -> None:
    assert AnalysisConfig().segmentation(0.4) == SegmentationConfig(threshold=0.4)
    assert (SMALLEST_NM, LARGEST_NM) == (1.5, 15.0)


def test_the_diameters_of_the_analysis_reach_the_segmentation() -> None:
    config = AnalysisConfig(smallest_nm=2.0, largest_nm=9.0).segmentation(0.5)
    assert config == SegmentationConfig(threshold=0.5, smallest_nm=2.0, largest_nm=9.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pixel_size_nm": 2.0}, "pixel_size_nm must be 0.001 to 1, got 2.0"),
        ({"pixel_size_nm": float("nan")}, "pixel_size_nm must be 0.001 to 1, got nan"),
        ({"threshold": 1.1}, "threshold must be 0 to 1, got 1.1"),
        ({"smallest_nm": 0.0}, "need 0 < smallest_nm < largest_nm, got 0.0 and 15.0"),
        ({"smallest_nm": 16.0}, "need 0 < smallest_nm < largest_nm, got 16.0 and 15.0"),
    ],
)
def test_an_analysis_out_of_bounds_is_refused(change: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AnalysisConfig(**change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"threshold": -0.1}, "threshold must be 0 to 1, got -0.1"),
        ({"threshold": 0.5, "smallest_nm": 3.0, "largest_nm": 3.0}, "got 3.0 and 3.0"),
    ],
)
def test_a_segmentation_out_of_bounds_is_refused(change: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SegmentationConfig(**change)
