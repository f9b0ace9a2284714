"""Rates and latencies, with times that a person can check."""

from __future__ import annotations

import math

import pytest

from agent.edge.session.meters import NEWEST, Meters


def test_before_the_first_frame_there_is_no_latency_and_no_rate() -> None:
    readings = Meters().read(0, 10.0)
    assert math.isnan(readings.latency_p50_ms)
    assert (readings.received_per_s, readings.analysed_per_s) == (0.0, 0.0)


def test_ten_frames_a_second_of_which_half_are_analysed() -> None:
    meters = Meters()
    for n in range(101):
        now_s = n / 10
        if n % 2 == 0:
            meters.analysed(now_s - 0.08, now_s)
        readings = meters.read(n, now_s)
    assert readings.received_per_s == pytest.approx(10)
    assert readings.analysed_per_s == pytest.approx(5)
    assert readings.latency_p50_ms == pytest.approx(80)


def test_a_rate_follows_when_the_camera_stops() -> None:
    meters = Meters()
    for n in range(20):
        meters.read(n, n / 10)
    assert meters.read(19, 6.0).received_per_s < 2
    assert meters.read(19, 20.0).received_per_s == 0


def test_the_slowest_of_a_hundred_is_the_99th_percentile() -> None:
    meters = Meters()
    for n in range(101):
        meters.analysed(0.0, n / 1000)
    assert meters.read(0, 0.0).latency_p99_ms == pytest.approx(99)


def test_old_frames_are_forgotten() -> None:
    meters = Meters()
    for _ in range(NEWEST):
        meters.analysed(0.0, 9.0)
    for _ in range(NEWEST):
        meters.analysed(10.0, 10.5)
    assert meters.read(0, 11.0).latency_p99_ms == pytest.approx(500)


def test_a_clock_that_is_set_back_costs_the_rates_no_more_than_a_moment() -> None:
    meters = Meters()
    for n in range(100):
        meters.analysed(5000.0 + n / 10, 5000.0 + n / 10)
        meters.read(n, 5000.0 + n / 10)
    for n in range(20):  # an hour earlier, by the clock
        meters.analysed(1400.0 + n / 10, 1400.0 + n / 10)
        readings = meters.read(100 + n, 1400.0 + n / 10)
    assert readings.received_per_s == pytest.approx(10)
    assert readings.analysed_per_s == pytest.approx(10)


def test_a_burst_in_one_moment_has_no_rate_and_is_no_division_by_zero() -> None:
    meters = Meters()
    for _ in range(3):
        meters.analysed(1.0, 1.0)
    readings = [meters.read(n, 1.0) for n in (0, 5)]
    assert [(r.received_per_s, r.analysed_per_s) for r in readings] == [(0.0, 0.0)] * 2


def test_a_sender_whose_clock_runs_ahead_has_a_negative_latency_that_is_shown_as_it_is() -> None:
    meters = Meters()
    meters.analysed(10.5, 10.0)
    assert meters.read(1, 10.0).latency_p50_ms == pytest.approx(-500)
