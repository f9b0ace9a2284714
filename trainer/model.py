"""The two networks."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class Detector(nn.Module):
    """A small U-Net: channels (n, 2, h, w) to logits (n, 3, h, w) of particle, centre and border; sides divide by 8."""

    def __init__(self, widths: tuple[int, int, int, int] = (16, 24, 32, 48)) -> None:
        super().__init__()
        a, b, c, d = widths
        self.one = nn.Sequential(_conv(2, a), _conv(a, a))
        self.two = nn.Sequential(_conv(a, b, 2), _conv(b, b))
        self.three = nn.Sequential(_conv(b, c, 2), _conv(c, c))
        self.four = nn.Sequential(_conv(c, d, 2), _conv(d, d), _conv(d, d))
        self.up_three = _conv(d + c, c)
        self.up_two = _conv(c + b, b)
        self.up_one = _conv(b + a, a)
        self.head = nn.Conv2d(a, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits; `Exported` puts the sigmoid on."""
        one = self.one(x)
        two = self.two(one)
        three = self.three(two)
        low = self.up_three(torch.cat([_double(self.four(three)), three], 1))
        low = self.up_two(torch.cat([_double(low), two], 1))
        low = self.up_one(torch.cat([_double(low), one], 1))
        return self.head(low)


def _double(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


class Residual(nn.Module):
    """Two convolutions and a short cut (He et al. 2016), with squeeze and excitation (Hu et al. 2018)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _conv(inputs, outputs, stride), nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        )
        self.short = (
            nn.Identity()
            if inputs == outputs and stride == 1
            else nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        )
        self.squeeze = nn.Sequential(
            nn.Linear(outputs, outputs // 4), nn.ReLU(), nn.Linear(outputs // 4, outputs), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, h, w) to (n, outputs, h / stride, w / stride)."""
        y = self.body(x)
        y = y * self.squeeze(y.mean((2, 3)))[:, :, None, None]
        return functional.relu(y + self.short(x))


class Classifier(nn.Module):
    """Residual network: patches (n, 1, 128, 128) to logits (n, k). Lattice fringes live at full resolution, hence the
    wide first convolution before anything is thrown away."""

    def __init__(self, classes: int, widths: tuple[int, int, int, int] = (16, 32, 96, 192)) -> None:
        super().__init__()
        a, b, c, d = widths
        self.stem = nn.Sequential(nn.Conv2d(1, a, 7, 2, 3, bias=False), nn.BatchNorm2d(a), nn.ReLU(inplace=True))
        self.body = nn.Sequential(
            Residual(a, a, 1),
            Residual(a, b, 2),
            Residual(b, c, 2),
            Residual(c, c, 1),
            Residual(c, d, 2),
            Residual(d, d, 1),
        )
        self.head = nn.Sequential(nn.Dropout(0.1), nn.Linear(d, classes))

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        return self.head(self.body(self.stem(x)).mean((2, 3)))
