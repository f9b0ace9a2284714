"""The learning rate rises, stays and falls along straight lines."""

from __future__ import annotations

import pytest

from trainer.fit.schedule import Schedule


def test_the_rate_warms_up_stays_and_decays_to_zero() -> None:
    schedule = Schedule(steps=100, decay=20)
    rates = [schedule.rate(step, 10) for step in (0, 4, 9, 50, 80, 90, 99, 100)]
    assert rates == pytest.approx([0.1, 0.5, 1.0, 1.0, 1.0, 0.5, 0.05, 0.0])


def test_a_run_without_decay_ends_at_its_full_rate() -> None:
    assert Schedule(steps=10, decay=0).rate(9, 0) == 1.0
