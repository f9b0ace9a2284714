"""Samples seen from other sides."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.data.augment import BEND, curved_contrast, dihedral, perturb, random_transfer

NOISE = np.random.default_rng(1).standard_normal((64, 64)).astype(np.float32)


@given(seed=st.integers(0, 2**32))
def test_another_transfer_keeps_mean_spread_and_phases(seed: int) -> None:
    """A real positive gain: every Fourier coefficient keeps its phase, so nothing moves."""
    seen = random_transfer(NOISE, np.random.default_rng(seed))
    assert seen.mean() == pytest.approx(NOISE.mean(), abs=1e-4)
    assert seen.std() == pytest.approx(NOISE.std(), rel=1e-4)
    gain = np.delete((np.fft.fft2(seen) / np.fft.fft2(NOISE)).ravel(), 0)
    assert np.abs(gain.imag).max() < 1e-2 * np.abs(gain.real).max()
    assert gain.real.min() > 0


@given(bend=st.floats(-BEND, BEND))
def test_another_contrast_keeps_the_order_of_grey_values(bend: float) -> None:
    inside = np.clip(NOISE, -2.6, 2.6)
    order = np.argsort(inside.ravel(), kind="stable")
    assert (np.diff(curved_contrast(inside, bend).ravel()[order]) >= -1e-5).all()


def test_no_bend_changes_nothing() -> None:
    np.testing.assert_allclose(curved_contrast(NOISE, 0.0), NOISE, atol=1e-5)


def test_roughening_is_the_same_for_the_same_chance() -> None:
    one, two = (perturb(NOISE, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_the_eight_turns_differ_and_the_first_is_none() -> None:
    turned = {dihedral(NOISE, k).tobytes() for k in range(8)}
    assert len(turned) == 8
    np.testing.assert_array_equal(dihedral(NOISE, 0), NOISE)


@given(first=st.integers(0, 7), second=st.integers(0, 7))
def test_two_turns_one_after_the_other_are_one_of_the_eight(first: int, second: int) -> None:
    """The symmetries of a square are closed: whatever is done twice is done once."""
    twice = dihedral(dihedral(NOISE, first), second)
    assert sum(np.array_equal(twice, dihedral(NOISE, k)) for k in range(8)) == 1


def test_maps_are_turned_all_alike() -> None:
    maps = np.stack([NOISE, 2 * NOISE, NOISE > 0])
    for k in range(8):
        np.testing.assert_array_equal(dihedral(maps, k), np.stack([dihedral(one, k) for one in maps]))


@given(seed=st.integers(0, 2**32))
def test_a_perturbed_patch_stays_a_normalised_one(seed: int) -> None:
    """Mean 0 and spread 1 are what the agent's preprocessing promises; noise is added at the same spread."""
    seen = perturb(NOISE, np.random.default_rng(seed))
    assert seen.shape == NOISE.shape
    assert seen.dtype == np.float32
    assert np.isfinite(seen).all()
    assert seen.std() == pytest.approx(NOISE.std(), rel=0.05)
    assert seen.mean() == pytest.approx(NOISE.mean(), abs=0.05)


def test_a_patch_is_moved_by_two_pixels_at_most_and_by_every_step_to_there() -> None:
    """A bright pixel in the middle is found again; the median of the rest tells whether anything else was done."""
    patch = np.zeros((33, 33), dtype=np.float32)
    patch[16, 16] = 1000.0
    moves = set()
    for seed in range(400):
        at = np.unravel_index(int(perturb(patch, np.random.default_rng(seed)).argmax()), patch.shape)
        moves.add((int(at[0]) - 16, int(at[1]) - 16))
    assert moves == {(y, x) for y in range(-2, 3) for x in range(-2, 3)}


def test_a_flat_patch_stays_flat() -> None:
    """Nothing to divide by: a patch without contrast must not become NaN."""
    flat = np.zeros((16, 16), dtype=np.float32)
    assert np.isfinite(random_transfer(flat, np.random.default_rng(1))).all()
    np.testing.assert_allclose(curved_contrast(flat, BEND), 0)
