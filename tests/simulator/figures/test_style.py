"""How pictures look: scale bars, palettes, the same bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulator.figures.style import picture, save, scale_bar, sheet, with_palette


@pytest.mark.parametrize(
    ("pixels", "pixel_size_nm", "bar_nm"), [(300, 0.04, 2.0), (1024, 0.04, 10.0), (100, 0.02, 0.5)]
)
def test_a_scale_bar_is_as_long_as_it_says(pixels: int, pixel_size_nm: float, bar_nm: float) -> None:
    _, axes = sheet(1, 1, 2.0, below_inch=0.1, left_inch=0.1)
    picture(axes[0, 0], np.zeros((pixels, pixels)), pixel_size_nm, limits=(0, 1))
    scale_bar(axes[0, 0])
    (bar,) = axes[0, 0].patches
    low, high = axes[0, 0].get_xlim()
    assert high - low == pytest.approx(pixels * pixel_size_nm)
    assert bar.get_width() == bar_nm
    assert [t.get_text() for t in axes[0, 0].texts] == [f"{bar_nm:g} nm"]


def test_a_saved_picture_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    for name in ("one.png", "two.png"):
        figure, axes = sheet(1, 1, 1.0, below_inch=0.1, left_inch=0.1)
        picture(axes[0, 0], np.random.default_rng(1).normal(size=(50, 50)), 0.1)
        save(figure, tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_greys_stay_grey_beside_colours_and_colours_stay_theirs() -> None:
    rgb = np.random.default_rng(3).integers(0, 256, (60, 60, 1), dtype=np.uint8).repeat(3, axis=2)
    rgb[:4] = (228, 87, 46)
    rgb[4:8] = (76, 155, 232)
    back = np.asarray(with_palette(rgb).convert("RGB"))
    assert np.ptp(back[8:], axis=-1).max() == 0
    assert np.abs(back.astype(int) - rgb).max() <= 4
