"""Logits to answers."""

from __future__ import annotations

import numpy as np
import pytest

from agent.core.calibration import decide, probabilities


def test_probabilities_are_a_softmax_and_doubt_is_unknown() -> None:
    p = probabilities(np.array([[0.0, np.log(3.0)]]), 1.0)
    assert p[0] == pytest.approx([0.25, 0.75])
    assert decide(p[0], ("a", "b"), 0.7) == ("b", pytest.approx(0.75))
    assert decide(p[0], ("a", "b"), 0.8)[0] == "unknown"
    assert probabilities(np.array([[1e4, -1e4]]), 1.0)[0] == pytest.approx([1, 0])
