"""Images that the report rests on, rendered once and kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.trainer.known_report import material, patches
from trainer.evaluation.out_of_distribution import SETS
from trainer.evaluation.probe_images import _kept, _out_of_distribution


def test_rendered_images_are_kept_and_read_back(tmp_path: Path) -> None:
    made = {"a": patches([0, 1]), "b": patches([1])}
    first = _kept(tmp_path / "x.npz", lambda: made)
    again = _kept(tmp_path / "x.npz", lambda: pytest.fail("rendered twice"))
    for kept in (first, again):
        assert list(kept) == ["a", "b"]
        np.testing.assert_array_equal(kept["a"].patches, made["a"].patches)
        np.testing.assert_array_equal(kept["b"].metadata["element"], ["Au"])


def test_out_of_distribution_inputs_kept_for_another_training_are_refused(tmp_path: Path) -> None:
    """Their names say what the network was taught: a new network's report would repeat what held for the old one."""
    path = tmp_path / "strange.npz"
    np.savez(
        path, names=np.array([*SETS[:-1], "cuboctahedron (never heard of)"]), **{str(n): [n] for n in range(len(SETS))}
    )
    with pytest.raises(ValueError, match=r"strange\.npz was rendered for .*never heard of\); delete it"):
        _out_of_distribution(material(tmp_path), path, 1)
