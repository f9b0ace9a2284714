"""Recipes as values: numbers out of bounds and names that are not known are refused wherever they are built."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from simulator.recipe import WaveRecipe
from simulator.recipe_file import read_waves
from tests.simulator.tiny import write_tiny


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"seed": -1}, "seed: 0 to"),
        ({"diameter_nm": (3.0, 2.0)}, r"diameter_nm: \[low, high\] with low <= high was promised"),
        ({"diameter_nm": (0.5, 2.0)}, "diameter_nm: each number from 1 to 20 was promised"),
        ({"shapes": ("cube", "cube")}, "shapes must be one or more of .* each once"),
        ({"elements": ("Xx", "Ag")}, "elements must be one or more of"),
        ({"element_weights": (1.0,)}, "element_weights must be 2 numbers"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_its_name(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    recipe: WaveRecipe = read_waves(write_tiny(tmp_path))
    with pytest.raises(ValueError, match=told):
        replace(recipe, **change)
