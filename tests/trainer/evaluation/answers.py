"""Strategies of hypothesis for answers of a classifier."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

Answers = tuple[NDArray[np.float64], NDArray[np.int64]]
"""(logits (n, k), labels (n,))."""


@st.composite
def answers(draw: st.DrawFn, *, least: int = 2, most: int = 60) -> Answers:
    """Some hundred patches at most, as good or as bad as chance will have it, and no two logits alike."""
    n, k = draw(st.integers(least, most)), draw(st.integers(2, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    logits = rng.normal(0, draw(st.floats(0.1, 5)), (n, k))
    labels = rng.integers(k, size=n)
    # Half of the patches are answered rightly more often than by chance.
    logits[np.arange(0, n, 2), labels[::2]] += draw(st.floats(0, 4))
    return logits, labels
