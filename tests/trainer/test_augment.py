"""Samples seen from other sides."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.data.augment import BEND, bent, refiltered, roughen, turn

NOISE = np.random.default_rng(1).standard_normal((64, 64)).astype(np.float32)


@given(seed=st.integers(0, 2**32))
def test_another_transfer_keeps_mean_spread_and_phases(seed: int) -> None:
    """A real positive gain: every Fourier coefficient keeps its phase, so nothing moves."""
    seen = refiltered(NOISE, np.random.default_rng(seed))
    assert seen.mean() == pytest.approx(NOISE.mean(), abs=1e-4)
    assert seen.std() == pytest.approx(NOISE.std(), rel=1e-4)
    gain = np.delete((np.fft.fft2(seen) / np.fft.fft2(NOISE)).ravel(), 0)
    assert np.abs(gain.imag).max() < 1e-2 * np.abs(gain.real).max()
    assert gain.real.min() > 0


@given(bend=st.floats(-BEND, BEND))
def test_another_contrast_keeps_the_order_of_grey_values(bend: float) -> None:
    inside = np.clip(NOISE, -2.6, 2.6)
    order = np.argsort(inside.ravel(), kind="stable")
    assert (np.diff(bent(inside, bend).ravel()[order]) >= -1e-5).all()


def test_no_bend_changes_nothing() -> None:
    np.testing.assert_allclose(bent(NOISE, 0.0), NOISE, atol=1e-5)


def test_roughening_is_the_same_for_the_same_chance() -> None:
    one, two = (roughen(NOISE, np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_the_eight_turns_differ_and_the_first_is_none() -> None:
    turned = {turn(NOISE, k).tobytes() for k in range(8)}
    assert len(turned) == 8
    np.testing.assert_array_equal(turn(NOISE, 0), NOISE)
