"""Pictures: what a sheet holds, that scale bars are true, that files are small and the same each time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from matplotlib.patches import Rectangle

from simulator.figures.contact_sheet import contact_sheet
from simulator.recipe import WaveRecipe
from simulator.recipe_file import read_envelope, read_waves
from tests.simulator.tiny import write_tiny

CPU = torch.device("cpu")


SIMULATOR = Path(__file__).parents[3] / "simulator"


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
