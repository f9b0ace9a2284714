"""Pictures: what a sheet holds, that scale bars are true, that files are small and the same each time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from simulator.exit_waves.simulate import film_wave, particle_wave
from simulator.recipe import WaveRecipe, read_envelope, read_waves
from tests.simulator.tiny import write_tiny

pytest.importorskip("matplotlib", reason="needs the extra `train`")
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from simulator.figures import readme as show_pictures
from simulator.figures.contact_sheet import contact_sheet
from simulator.figures.style import picture, save, scale_bar, sheet, with_palette

CPU = torch.device("cpu")
SIMULATOR = Path(__file__).parents[2] / "simulator"
TASK = SIMULATOR / "recipes" / "task.toml"


@pytest.fixture
def recipe(tmp_path: Path) -> WaveRecipe:
    """Of 300 kV alone: half as many films."""
    return replace(read_waves(write_tiny(tmp_path)), energies_kev=(300.0,))


def test_a_sheet_has_a_row_a_shape_a_scale_bar_an_image_and_tells_the_conditions(recipe: WaveRecipe) -> None:
    figure = contact_sheet(recipe, read_envelope(TASK), samples=3, seed=2, device=CPU)
    assert len(figure.axes) == 2 * 3
    for axes in figure.axes:
        assert len(axes.get_images()) == 1
        assert any(isinstance(patch, Rectangle) for patch in axes.patches)
        words = " ".join(text.get_text() for text in axes.texts)
        for needed in ("C1 ", "e/Å²", "nm/px", "300 kV", "off a zone"):
            assert needed in words
    names = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert "cube" in names
    assert "icosahedron" in names


def test_a_sheet_of_nothing_is_refused(recipe: WaveRecipe) -> None:
    with pytest.raises(ValueError, match="1 sample of a class or more, got 0"):
        contact_sheet(recipe, read_envelope(TASK), samples=0, seed=1, device=CPU)


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


def test_the_pictures_of_the_readme_can_be_drawn(recipe: WaveRecipe, tmp_path: Path) -> None:
    shown = show_pictures.near_a_zone(recipe, CPU)
    assert [wave.shape for wave in shown] == list(recipe.shapes)
    film = film_wave(replace(recipe, film_width_px=shown[-1].wave.shape[0]), 0, CPU)
    drawn: list[Figure] = [
        show_pictures.exit_waves(shown, recipe.pixel_size_nm),
        show_pictures.focal_series(shown, film, recipe.pixel_size_nm),
        show_pictures.dose_series(shown[0], film, recipe.pixel_size_nm),
        show_pictures.films(replace(recipe, film_width_px=128), CPU),
    ]
    for number, figure in enumerate(drawn):
        save(figure, tmp_path / f"{number}.png")
        with Image.open(tmp_path / f"{number}.png") as image:
            assert image.mode == "P"
            assert np.asarray(image.convert("L")).std() > 10


def test_the_particles_nearest_to_a_zone_axis_are_shown(recipe: WaveRecipe) -> None:
    shown = show_pictures.near_a_zone(recipe, CPU)
    others = [particle_wave(recipe, n, CPU) for n in range(show_pictures.ROUNDS * len(recipe.shapes))]
    for wave in shown:
        assert wave.zone_angle_deg == min(w.zone_angle_deg for w in others if w.shape == wave.shape)


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


def test_the_shipped_pictures_are_there_and_small() -> None:
    pictures = sorted((SIMULATOR / "pictures").glob("*.png"))
    readme = (SIMULATOR / "README.md").read_text(encoding="utf-8")
    assert {p.name for p in pictures} == {
        f"{name}.png" for name in ("exit_waves", "focal_series", "dose_series", "film", "full_frame", "sheet")
    }
    assert all(f"pictures/{p.name}" in readme for p in pictures)
    assert sum(p.stat().st_size for p in pictures) < 2_000_000
