"""Recipes: the shipped ones are read and cover the task; what is not known, or not possible, is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.exit_waves.store import recipe_digest
from simulator.recipe import Envelope, WaveRecipe
from simulator.recipe_file import read_envelope, read_waves
from tests.simulator.tiny import TINY, write_tiny

RECIPES = Path(__file__).parents[2] / "simulator" / "recipes"
TASK = RECIPES / "task.toml"


def test_every_shipped_recipe_is_read() -> None:
    shipped = sorted(RECIPES.glob("*.toml"))
    assert len(shipped) >= 3
    for path in shipped:
        assert isinstance(read_waves(path), WaveRecipe)
        assert isinstance(read_envelope(path), Envelope)


def test_the_task_recipe_has_the_classes_metals_and_energies_of_the_task() -> None:
    recipe = read_waves(TASK)
    assert recipe.shapes == ("cube", "octahedron", "truncated_octahedron", "decahedron", "icosahedron")
    assert set(recipe.elements) == {"Au", "Pt", "Pd", "Ag"}
    assert dict(zip(recipe.elements, recipe.element_weights, strict=True))["Au"] == max(recipe.element_weights)
    assert set(recipe.energies_kev) >= {200.0, 300.0}


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("diameter_nm", 4, 8),
        ("film_nm", 1, 6),
        ("camera_pixel_size_nm", 0.020, 0.060),
        ("c1_nm", -20, 20),
        ("c3_nm", -15_000, 15_000),
        ("uncorrected_c3_nm", 0.5e6, 1.2e6),
        ("uncorrected_c1_nm", -80, -30),
        ("a1_nm", 0, 3),
        ("b2_nm", 0, 100),
        ("a2_nm", 0, 100),
        ("focal_spread_nm", 1, 5),
        ("convergence_mrad", 0.05, 0.5),
        ("blur_nm", 0.010, 0.050),
        ("dose_e_per_a2", 100, 10_000),
        ("gain_counts_per_e", 1, 20),
        ("readout_counts", 0.2, 3),
        ("scintillator_q0_per_px", 0.3, 0.3),
        ("scintillator_power", 1.6, 1.6),
    ],
)
def test_the_task_recipe_covers_every_range_of_the_task(name: str, low: float, high: float) -> None:
    waves = read_waves(TASK)
    own_low, own_high = getattr(waves if hasattr(waves, name) else read_envelope(TASK), name)
    assert own_low <= low
    assert own_high >= high


def test_the_task_recipe_is_as_crowded_as_sixty_particles_in_a_small_frame() -> None:
    """60 in 1024 pixels of 0.06 nm, the sparsest frame of that number that a 1k camera takes, and none at all."""
    waves, envelope = read_waves(TASK), read_envelope(TASK)
    field_nm2 = (waves.film_width_px * waves.pixel_size_nm) ** 2
    fewest, most = envelope.particles_a_field
    assert fewest == 0
    assert most / field_nm2 >= 60 / (1024 * 0.06) ** 2
    assert 0 < envelope.touching_share < 1
    assert 0 < envelope.scintillator_share < 1


def test_the_digest_of_the_task_recipe_is_that_of_the_stores_made_with_it() -> None:
    """New optional fields and longer stores keep it; whoever changes this number disowns every store."""
    assert recipe_digest(read_waves(TASK)) == "9ba33edb31517fc8"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("seed = 5", "seed = 5\nvoltage = 3", r"\[waves\]: unknown keys voltage"),
        ("seed = 5\n", "", r"\[waves\]: missing keys seed"),
        ("seed = 5", "seed = 5.5", "seed: int was promised, got 5.5"),
        ("seed = 5", "seed = true", "seed: int was promised, got True"),
        ("slice_nm = 0.4", 'slice_nm = "thin"', "slice_nm: float was promised, got 'thin'"),
        ("slice_nm = 0.4", "slice_nm = nan", "slice_nm: 0.01 to 1 was promised, got nan"),
        ("slice_nm = 0.4", "slice_nm = 0.0", "slice_nm: 0.01 to 1 was promised, got 0.0"),
        ("[1.5, 2.0]", "[2.0, 1.5]", r"diameter_nm: \[low, high\] with low <= high was promised, got \[2.0, 1.5\]"),
        ("[1.5, 2.0]", "[1.5]", r"diameter_nm: 2 items were promised, got 1"),
        ("[1.5, 2.0]", "1.5", "diameter_nm: a list was promised, got float"),
        ("[1.5, 2.0]", '[1.5, "big"]', r"diameter_nm\[1\]: float was promised, got 'big'"),
        ("[1.5, 2.0]", "[0.5, 2.0]", "diameter_nm: each number from 1 to 20 was promised"),
        ('["cube", "icosahedron"]', "[]", "shapes: one or more were promised, got none"),
        ('["cube", "icosahedron"]', '["cube", "cube"]', "each once"),
        ('["cube", "icosahedron"]', '["cube", "star"]', r"shapes must be .*got \['cube', 'star'\]"),
        ('["Au", "Ag"]', '["Au", "Fe"]', r"elements must be .*got \['Au', 'Fe'\]"),
        ("element_weights = [0.5, 0.5]", "element_weights = [0.5]", "element_weights must be 2 numbers"),
        ("element_weights = [0.5, 0.5]", "element_weights = [0.0, 0.0]", "of a positive sum"),
        ("[200.0, 300.0]", "[]", "energies_kev: one or more were promised, got none"),
        ("[200.0, 300.0]", "[200000.0]", "energies_kev: each number from 20 to 1250 was promised"),
        ("[waves]", "[wave]", "unknown wave; a recipe has the tables"),
        ("[waves]", "[envelope]", r"needs a table \[waves\], has envelope"),
        ("[waves]", "[waves", "is not TOML"),
    ],
)
def test_a_recipe_that_cannot_be_is_refused_by_file_table_and_key(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    assert TINY.count(old) >= 1
    with pytest.raises(ValueError, match=told) as raised:
        read_waves(write_tiny(tmp_path, TINY.replace(old, new)))
    assert "tiny.toml" in str(raised.value)


def test_an_envelope_that_cannot_be_is_refused_by_file_table_and_key(tmp_path: Path) -> None:
    text = TASK.read_text(encoding="utf-8").replace("bare_share = 0.08", "bare_share = 1.08")
    with pytest.raises(ValueError, match=r"tiny.toml: \[envelope\].bare_share: 0 to 1 was promised, got 1.08"):
        read_envelope(write_tiny(tmp_path, text))


def test_whole_numbers_may_stand_for_others_and_leave_the_digest_alone(tmp_path: Path) -> None:
    plain = read_waves(write_tiny(tmp_path))
    whole = read_waves(write_tiny(tmp_path, TINY.replace("[200.0, 300.0]", "[200, 300]")))
    assert recipe_digest(plain) == recipe_digest(whole)
