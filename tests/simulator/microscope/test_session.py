"""A session is made of held-out waves alone, and its truth lies in its pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from simulator.exit_waves.generate import begin, make_here
from simulator.exit_waves.store import missing
from simulator.microscope import session
from simulator.microscope.session_file import load_session
from tests.simulator.tiny import TINY, write_tiny


def test_a_session_holds_one_held_out_particle_in_every_field(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of ten cubes at 300 keV the tenth is held out."""
    text = TINY.replace('["cube", "icosahedron"]', '["cube"]').replace("[200.0, 300.0]", "[300.0]")
    store = tmp_path / "store"
    recipe = begin(write_tiny(tmp_path, text), store)
    make_here(recipe, store, missing(recipe, store), torch.device("cpu"), lambda _: None)
    monkeypatch.setattr(session, "FIELD_PX", 320)
    particles = session.make_session(recipe, store, tmp_path / "session.npz", 1)
    made = load_session(tmp_path / "session.npz")
    assert made.fields.shape[1:] == (256, 256)
    assert [p.field for p in particles] == list(range(len(session.DEFOCI_NM)))
    assert made.truth["shape"].tolist() == ["cube"] * len(particles)
    assert made.defocus_nm.tolist() == list(session.DEFOCI_NM)
    # A particle's lattice and rim make its surroundings rougher than the film is.
    for particle, image in zip(particles, made.fields, strict=True):
        y_px, x_px = round(particle.y_px), round(particle.x_px)
        near = image[max(y_px - 8, 0) : y_px + 9, max(x_px - 8, 0) : x_px + 9].astype(float)
        assert near.std() > np.median([tile.std() for row in np.split(image, 8) for tile in np.split(row, 8, axis=1)])


def test_a_store_without_a_wave_to_show_is_refused_at_once(tmp_path: Path) -> None:
    recipe = begin(write_tiny(tmp_path, TINY), tmp_path / "store")
    with pytest.raises(ValueError, match="holds no finished particle of 300 keV that is held out"):
        session.make_session(recipe, tmp_path / "store", tmp_path / "session.npz", 1)
    assert not (tmp_path / "session.npz").exists()
