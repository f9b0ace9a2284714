"""What training makes small: cross-entropy of shape classes, or of the detector's three maps."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

MAP_WEIGHTS = (1.0, 1.0, 2.0)
"""Of the particle, centre and border map."""
BORDER_WEIGHT = 3.0
"""A pixel of a border counts so many times more: there are few of them, and they part touching particles."""


def training_loss(outputs: Tensor, targets: Tensor, label_smoothing: float) -> Tensor:
    """The mean loss of a batch, (), of a classifier or of a detector.

    Args:
        outputs: logits, (n, k) of a classifier or (n, 3, h, w) of a detector.
        targets: labels (n,), below 0 where no class is right; or (n, 4, h, w), three maps from 0 to 1 and then one that
            is 1 where the sample is real and 0 where it is padding.
        label_smoothing: of a classifier.
    """
    if outputs.ndim == 2:
        # What has no class is compared with equal chances (outlier exposure: Hendrycks et al., ICLR 2019).
        classes = outputs.shape[1]
        one_hot = functional.one_hot(targets.clamp_min(0), classes).float()
        chances = torch.where(targets[:, None] < 0, 1 / classes, one_hot)
        return functional.cross_entropy(outputs, chances, label_smoothing=label_smoothing)
    maps, border, real = targets[:, :3], targets[:, 2:3], targets[:, 3:]
    every = functional.binary_cross_entropy_with_logits(outputs, maps, reduction="none")
    of_maps = torch.tensor(MAP_WEIGHTS, device=outputs.device)[:, None, None]
    weight = real * of_maps * (1 + BORDER_WEIGHT * border)
    return (every * weight).sum() / weight.sum()
