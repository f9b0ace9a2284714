"""The shipped carbon is amorphous carbon: against the literature and the published tight-binding block."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from skimage.feature import match_template

from simulator.specimen.carbon_film import Block, blocks, film
from tests.bench.film import (
    PUBLISHED_SIDE_NM,
    image_spectrum,
    measure,
    random_fill,
    read_published,
    spectrum_error,
)
from tests.simulator.structure import coordination_shares

PUBLISHED = Path(__file__).parents[3].parent / "shared" / "data" / "carbon" / "tight_binding_5nm_block.csv"


PUBLISHED_SHARES = np.array([0, 0, 0.072, 0.907, 0.021, 0, 0])
"""Of atoms with 0 to 6 bonds within 1.85 angstrom in the block of Ricolleau et al. 2013; 2.196 g/cm3."""


PUBLISHED_SPECTRUM = 1e-6 * np.array([2.16, 4.34, 11.16, 27.45, 52.38, 77.64, 80.19, 65.17, 55.29, 40.68, 28.30, 19.21])
"""`tests.bench.film.image_spectrum` of that block."""


SPECTRUM_BOUND = 0.15


needs_published = pytest.mark.skipif(not PUBLISHED.exists(), reason="the published block is not in the repository")


@pytest.mark.parametrize("block", blocks(), ids=lambda b: f"{len(b.positions_nm)} atoms")
def test_density_bonds_and_distances_are_those_of_amorphous_carbon(block: Block) -> None:
    found = measure(block.positions_nm, block.side_nm)
    assert 2.0 <= found.density_g_per_cm3 <= 2.3
    assert found.three_fold >= 0.88
    assert found.first_nm == pytest.approx(0.142, abs=0.003)
    assert found.second_nm == pytest.approx(0.250, abs=0.006)
    assert found.angle_deg == pytest.approx(118.8, abs=1.5)
    assert found.angle_spread_deg < 12
    assert np.abs(coordination_shares(block.positions_nm, block.side_nm) - PUBLISHED_SHARES).max() < 0.05


def test_a_random_fill_is_not_amorphous_carbon() -> None:
    """The common substitute has the density and none of the rest."""
    found = measure(random_fill(3.0, np.random.default_rng(1)), 3.0)
    assert found.density_g_per_cm3 == pytest.approx(2.2, abs=0.02)
    assert found.three_fold < 0.3
    assert abs(found.angle_deg - 118.8) > 10


def test_images_of_the_film_have_the_spectrum_of_published_carbon() -> None:
    """Under the same lens; a random fill is three times as far off as the bound."""
    for block in (blocks()[0], blocks()[-1]):
        assert spectrum_error(image_spectrum(block.positions_nm, block.side_nm), PUBLISHED_SPECTRUM) < SPECTRUM_BOUND
    substitute = image_spectrum(random_fill(4.0, np.random.default_rng(1)), 4.0)
    assert spectrum_error(substitute, PUBLISHED_SPECTRUM) > 2 * SPECTRUM_BOUND


@needs_published
def test_the_published_numbers_are_those_of_the_published_block() -> None:
    at_nm = read_published(PUBLISHED)
    assert np.abs(coordination_shares(at_nm, PUBLISHED_SIDE_NM) - PUBLISHED_SHARES).max() < 0.001
    assert spectrum_error(image_spectrum(at_nm, PUBLISHED_SIDE_NM), PUBLISHED_SPECTRUM) < 0.01
    theirs = measure(at_nm, PUBLISHED_SIDE_NM)
    assert (theirs.density_g_per_cm3, theirs.angle_deg) == pytest.approx((2.196, 118.8), abs=0.05)
    ours = [measure(b.positions_nm, b.side_nm) for b in blocks()]
    assert max(abs(m.first_nm - theirs.first_nm) for m in ours) < 0.002
    assert max(abs(m.second_nm - theirs.second_nm) for m in ours) < 0.004


def test_a_film_has_its_thickness_and_density() -> None:
    atoms = film(3.0, 8.0, np.random.default_rng(4))
    assert atoms[:, :2].min() >= 0
    assert atoms[:, :2].max() < 8.0
    assert np.quantile(atoms[:, 2], 0.99) - np.quantile(atoms[:, 2], 0.01) == pytest.approx(3.0, abs=0.3)
    carbon_g = 12.011 / 6.02214076e23
    assert len(atoms) * carbon_g / (64 * 3 * 1e-21) == pytest.approx(2.2, abs=0.12)


def projected(atoms: NDArray[np.floating], width_nm: float) -> NDArray[np.float64]:
    """Atoms a pixel of 0.05 nm, seen with a resolution of 0.2 nm."""
    bins = round(width_nm / 0.05)
    limits = [[0, width_nm], [0, width_nm]]
    return np.asarray(gaussian_filter(np.histogram2d(atoms[:, 1], atoms[:, 0], bins=bins, range=limits)[0], 1.6))


def likeness(one: NDArray[np.float64], two: NDArray[np.float64], *, farther_nm: float = 0.0) -> float:
    """Largest correlation of the middle 4 nm of one film with any place of the other that is at least so far away."""
    middle = one.shape[0] // 2
    found = match_template(two, one[middle - 40 : middle + 40, middle - 40 : middle + 40])
    y, x = np.indices(found.shape) - (middle - 40)
    return float(found[np.hypot(y, x) * 0.05 >= farther_nm].max())


def test_no_two_patches_of_film_are_the_same() -> None:
    """Films of one block, turned at random, are as unlike as films of two blocks; a film hardly repeats itself."""
    films = [projected(film(3.0, 16.0, np.random.default_rng(seed)), 16.0) for seed in range(5)]
    others = [likeness(a, b) for n, a in enumerate(films) for b in films[:n]]
    assert max(others) < 0.35
    assert np.mean([likeness(one, one, farther_nm=1.0) for one in films]) < 0.85
    cube = blocks()[0].positions_nm
    tiled = projected(
        np.vstack([cube + np.array([x, y, 0]) * blocks()[0].side_nm for x in range(5) for y in range(5)]), 16
    )
    assert likeness(tiled, tiled, farther_nm=1.0) > 0.95, "side by side, one block repeats: the test can see it"


def test_the_same_chance_makes_the_same_film() -> None:
    one, two, other = (film(2.0, 4.0, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, two)
    assert one.shape != other.shape or not np.array_equal(one, other)


def test_a_film_of_no_thickness_is_refused() -> None:
    with pytest.raises(ValueError, match="positive thickness"):
        film(0.0, 4.0, np.random.default_rng(1))
