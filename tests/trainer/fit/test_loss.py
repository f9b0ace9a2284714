"""The loss of a batch by numbers that one can check."""

from __future__ import annotations

import math

import pytest
import torch

from trainer.fit.loss import training_loss


def test_a_class_costs_the_logarithm_of_its_probability() -> None:
    logits = torch.tensor([[math.log(3.0), 0.0]])  # probabilities 3/4 and 1/4
    assert float(training_loss(logits, torch.tensor([0]), 0.0)) == pytest.approx(math.log(4 / 3))
    assert float(training_loss(logits, torch.tensor([1]), 0.0)) == pytest.approx(math.log(4))


def test_what_has_no_class_costs_least_at_equal_chances() -> None:
    none = torch.tensor([-1])
    even, sure = torch.zeros(1, 4), torch.tensor([[3.0, 0.0, 0.0, 0.0]])
    assert float(training_loss(even, none, 0.0)) == pytest.approx(math.log(4))
    assert float(training_loss(sure, none, 0.0)) > math.log(4)


def test_padding_costs_nothing() -> None:
    targets = torch.zeros(1, 4, 1, 2)
    targets[:, 3, :, 0] = 1  # the left pixel is real
    outputs = torch.zeros(1, 3, 1, 2)
    outputs[..., 1] = 50.0  # the right one is wrong as can be
    assert float(training_loss(outputs, targets, 0.0)) == pytest.approx(math.log(2))


def test_a_border_pixel_counts_four_times_and_the_border_map_twice() -> None:
    targets = torch.zeros(1, 4, 1, 2)
    targets[:, 3] = 1
    targets[:, 2, :, 1] = 1  # the right pixel is a border
    outputs = torch.zeros(1, 3, 1, 2)
    outputs[:, 2, :, 1] = 50.0  # and is found: it costs nothing, everything else log 2
    weights = (1 + 1 + 2) * (1 + 4)
    assert float(training_loss(outputs, targets, 0.0)) == pytest.approx(math.log(2) * (1 - 2 * 4 / weights))
