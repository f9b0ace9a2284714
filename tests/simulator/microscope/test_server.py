"""The virtual microscope: every frame follows from seed and number, wanders within its field, and is sent at a rate."""

from __future__ import annotations

import threading
from itertools import islice

import numpy as np

from simulator.microscope.server import DRIFT_PX, FRAMES_PER_FIELD, RIM_PX, corner_px, frames, serve
from simulator.microscope.session_file import SESSION, load_session


def test_a_frame_follows_from_the_seed_and_its_number_alone() -> None:
    session = load_session(SESSION)
    one, again, other = (list(islice(frames(session, 800.0, seed), 2)) for seed in (1, 1, 2))
    for a, b, c in zip(one, again, other, strict=True):
        np.testing.assert_array_equal(a.pixels, b.pixels)
        assert not np.array_equal(a.pixels, c.pixels)
    assert not np.array_equal(one[0].pixels, one[1].pixels)


def test_the_view_never_shows_the_rim_of_a_field() -> None:
    corners = np.array([corner_px(number) for number in range(20 * FRAMES_PER_FIELD)])
    assert corners.min() >= RIM_PX
    assert corners.max() <= RIM_PX + 2 * DRIFT_PX
    assert np.abs(np.diff(corners, axis=0)).max() <= 2


def test_frames_carry_the_field_s_focus_and_pixel_size() -> None:
    session = load_session(SESSION)
    first = next(frames(session, 800.0, 1))
    assert (first.pixel_size_nm, first.energy_kev) == (session.pixel_size_nm, session.energy_kev)
    assert first.defocus_nm == session.defocus_nm[0]
    assert first.dose_e_per_a2 == 800.0


def test_a_server_that_is_asked_to_stop_sends_nothing_more() -> None:
    stop = threading.Event()
    stop.set()
    assert serve(iter(()), "tcp://127.0.0.1:*", 100.0, stop) == 0
