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


def test_the_loss_of_a_batch_is_the_mean_of_its_samples() -> None:
    torch.manual_seed(1)
    logits, labels = torch.randn(6, 3), torch.tensor([0, 2, -1, 1, -1, 0])
    each = [float(training_loss(logits[n : n + 1], labels[n : n + 1], 0.1)) for n in range(6)]
    assert float(training_loss(logits, labels, 0.1)) == pytest.approx(sum(each) / 6, rel=1e-5)


def test_the_order_of_the_classes_does_not_matter() -> None:
    torch.manual_seed(2)
    logits, labels = torch.randn(5, 4), torch.tensor([0, 1, 2, 3, -1])
    order = torch.tensor([2, 0, 3, 1])
    where = torch.argsort(order)
    renamed = torch.where(labels < 0, labels, where[labels.clamp_min(0)])
    assert float(training_loss(logits[:, order], renamed, 0.05)) == pytest.approx(
        float(training_loss(logits, labels, 0.05)), rel=1e-6
    )


def test_smoothing_a_label_by_a_share_mixes_it_with_equal_chances_by_that_share() -> None:
    logits = torch.tensor([[2.0, 0.0, -1.0]])
    sharp, none = (float(training_loss(logits, torch.tensor([label]), 0.0)) for label in (0, -1))
    assert float(training_loss(logits, torch.tensor([0]), 0.3)) == pytest.approx(0.7 * sharp + 0.3 * none)


def test_more_padding_does_not_change_what_a_frame_costs() -> None:
    """However large the largest frame of the batch: a sample costs what its real pixels cost."""
    torch.manual_seed(3)
    outputs, maps = torch.randn(1, 3, 4, 5), torch.rand(1, 3, 4, 5)
    alone = training_loss(outputs, torch.cat([maps, torch.ones(1, 1, 4, 5)], 1), 0.0)
    wide = torch.nn.functional.pad(torch.cat([maps, torch.ones(1, 1, 4, 5)], 1), (0, 3, 0, 4))
    noise = torch.randn(1, 3, 8, 8)
    noise[..., :4, :5] = outputs
    assert float(training_loss(noise, wide, 0.0)) == pytest.approx(float(alone), rel=1e-6)


def test_no_gradient_comes_from_padding() -> None:
    outputs = torch.zeros(1, 3, 1, 2, requires_grad=True)
    targets = torch.ones(1, 4, 1, 2)
    targets[:, 3, :, 1] = 0
    training_loss(outputs, targets, 0.0).backward()
    assert outputs.grad is not None
    assert outputs.grad[..., 1].abs().max() == 0
    assert outputs.grad[..., 0].abs().min() > 0


def test_a_map_that_is_right_costs_next_to_nothing_and_one_that_is_wrong_what_it_is_sure_of() -> None:
    targets = torch.ones(1, 4, 2, 2)
    assert float(training_loss(torch.full((1, 3, 2, 2), 30.0), targets, 0.0)) < 1e-6
    assert float(training_loss(torch.full((1, 3, 2, 2), -30.0), targets, 0.0)) == pytest.approx(30, rel=1e-6)
