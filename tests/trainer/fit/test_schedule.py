"""The learning rate rises, stays and falls along straight lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.fit.schedule import Schedule


def test_the_rate_warms_up_stays_and_decays_to_zero() -> None:
    schedule = Schedule(steps=100, decay=20)
    rates = [schedule.rate(step, 10) for step in (0, 4, 9, 50, 80, 90, 99, 100)]
    assert rates == pytest.approx([0.1, 0.5, 1.0, 1.0, 1.0, 0.5, 0.05, 0.0])


def test_a_run_without_decay_ends_at_its_full_rate() -> None:
    assert Schedule(steps=10, decay=0).rate(9, 0) == 1.0


@given(steps=st.integers(1, 500), decay=st.integers(0, 500), warm_up=st.integers(0, 500), step=st.integers(0, 499))
def test_the_rate_is_a_share_and_never_jumps_faster_than_its_two_lines(
    steps: int, decay: int, warm_up: int, step: int
) -> None:
    schedule = Schedule(steps=steps, decay=decay)
    now = schedule.rate(step, warm_up)
    assert now <= 1
    if step < steps:
        assert now > 0  # a step that learns nothing is no step
        fall = schedule.rate(step + 1, warm_up) - now
        assert -1 / max(1, decay) - 1e-12 <= fall <= 1 / max(1, warm_up) + 1e-12


def test_a_longer_run_that_is_taken_up_again_learns_as_fast_as_before_its_decay() -> None:
    """The schedule may change when a run is taken up: until the shorter one's decay both are the same."""
    shorter, longer = Schedule(steps=100, decay=20), Schedule(steps=200, decay=20)
    assert [shorter.rate(n, 10) for n in range(81)] == [longer.rate(n, 10) for n in range(81)]
    assert shorter.rate(90, 10) < longer.rate(90, 10)
