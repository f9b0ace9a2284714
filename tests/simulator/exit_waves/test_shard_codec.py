"""A wave as it is stored and read again: half precision of psi - 1, packed masks, a digest over everything."""

from __future__ import annotations

import numpy as np

from simulator.exit_waves.shard_codec import decoded_film, decoded_particle, encoded, sample_digest
from tests.simulator.discs import disc, texture


def test_a_particle_comes_back_with_its_mask_and_all_it_knew() -> None:
    wave = disc(index=7)
    again = decoded_particle(encoded(wave))
    assert (again.index, again.shape, again.element, again.diameter_nm) == (7, "cube", "Au", wave.diameter_nm)
    np.testing.assert_array_equal(again.mask, wave.mask)
    np.testing.assert_array_equal(again.quaternion, wave.quaternion)


def test_a_wave_comes_back_within_a_step_of_half_precision_of_what_was_scattered() -> None:
    for wave, again in ((w, d(encoded(w))) for w, d in ((disc(), decoded_particle), (texture(64), decoded_film))):
        off = np.abs(again.wave - wave.wave)
        assert (off <= 2**-10 * np.abs(wave.wave - 1) + 1e-7).all()


def test_the_digest_changes_with_every_array_and_every_number() -> None:
    _, arrays, metadata = encoded(disc())
    before = sample_digest(arrays, metadata)
    assert sample_digest(arrays, metadata) == before
    for key, values in arrays.items():
        other = values.copy()
        other.flat[0] += 1
        assert sample_digest({**arrays, key: other}, metadata) != before
    assert sample_digest(arrays, {**metadata, "diameter_nm": 3.1}) != before
