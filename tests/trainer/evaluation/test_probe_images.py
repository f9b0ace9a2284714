"""Images that the report rests on, rendered once and kept."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from simulator.recipe import Envelope
from simulator.recipe_file import read_envelope
from tests.trainer.evaluation.discs import TASK
from tests.trainer.known_report import material, patches
from trainer.data.dataset import Patches
from trainer.evaluation.out_of_distribution import SETS
from trainer.evaluation.probe_images import _kept, _out_of_distribution, _silver, noise_free, perfect


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


def base() -> Envelope:
    return read_envelope(TASK)


def test_a_perfect_view_is_noise_free_and_drawn_from_single_values() -> None:
    """Every range of it is a point, or it would still be drawn; and nothing else of the envelope is touched."""
    free, best = noise_free(base()), perfect(base())
    assert free.dose_e_per_a2[0] == free.dose_e_per_a2[1] >= 1e6
    for name in ("c1_nm", "c3_nm", "a1_nm", "b2_nm", "a2_nm", "focal_spread_nm", "camera_pixel_size_nm"):
        low, high = getattr(best, name)
        assert low == high
        assert getattr(free, name) == getattr(base(), name)
    assert (best.aperture_share, best.scintillator_share) == (0, 0)
    assert replace(best, **{f.name: getattr(base(), f.name) for f in fields(Envelope)}) == base()


def test_without_noise_no_camera_saturates() -> None:
    """A million electrons per Å² on the largest pixel, at the gain that goes with them, stay under 16 bits."""
    free = noise_free(base())
    largest_a2 = (10 * base().camera_pixel_size_nm[1]) ** 2
    assert free.dose_e_per_a2[1] * largest_a2 * free.gain_counts_per_e[1] < 2**16


@pytest.mark.parametrize("damage", [b"", b"PK half a file", b"no file of arrays" * 9])
def test_a_file_of_images_that_was_cut_short_is_not_rendered_over_in_silence(damage: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(damage)
    with pytest.raises(ValueError, match=r"x\.npz cannot be read: .*; delete it"):
        _kept(path, lambda: pytest.fail("rendered over"))
    assert path.read_bytes() == damage


def test_rendering_that_is_killed_leaves_no_file(tmp_path: Path) -> None:
    def killed() -> dict[str, Patches]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _kept(tmp_path / "x.npz", killed)
    assert not list(tmp_path.iterdir())


def test_silver_frames_are_kept_too(tmp_path: Path) -> None:
    counts = np.arange(40, dtype=np.uint16).reshape(1, 5, 2, 4)
    mask = counts[0, :1] > 3
    np.savez(tmp_path / "silver-1.npz", counts=counts, their_mask=mask, our_mask=~mask)
    kept = _silver(material(tmp_path), tmp_path / "silver-1.npz", 1)
    np.testing.assert_array_equal(kept.counts, counts)
    np.testing.assert_array_equal(kept.our_mask, ~kept.their_mask)
