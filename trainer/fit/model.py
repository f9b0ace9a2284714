"""The two networks."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from protocol.input_geometry import ROLES, InputGeometry
from protocol.model_folder import DETECTOR_CLASSES, SIGNATURES


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class Detector(nn.Module):
    """A small U-Net: channels (n, 2, h, w) to logits (n, 3, h, w) of particle, centre and border.

    The maps are halved three times, so both sides must be multiples of `DIVISOR`.
    """

    DIVISOR = 8

    def __init__(self, widths: tuple[int, int, int, int] = (16, 24, 32, 48)) -> None:
        super().__init__()
        a, b, c, d = widths
        self.one = nn.Sequential(_conv(SIGNATURES["detector"].channels, a), _conv(a, a))
        self.two = nn.Sequential(_conv(a, b, 2), _conv(b, b))
        self.three = nn.Sequential(_conv(b, c, 2), _conv(c, c))
        self.four = nn.Sequential(_conv(c, d, 2), _conv(d, d), _conv(d, d))
        self.up_three = _conv(d + c, c)
        self.up_two = _conv(c + b, b)
        self.up_one = _conv(b + a, a)
        self.head = nn.Conv2d(a, len(DETECTOR_CLASSES), 1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits; `trainer.export.onnx.Sigmoid` makes them probabilities."""
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


class Spectrum(nn.Module):
    """Patches (n, 1, p, p) to the logarithm of the modulus of their Fourier transforms, (n, 1, p, p / 2).

    Zero frequency is in the middle of the rows and at the first column. The transform is two products with matrices of
    cosines and sines, which every backend has; a Hann window keeps the patch's edges out.
    """

    window: Tensor
    rows: Tensor
    columns: Tensor

    def __init__(self, side: int) -> None:
        super().__init__()
        at = torch.arange(side, dtype=torch.float64)
        rows = 2 * torch.pi * torch.outer(at - side // 2, at) / side
        columns = 2 * torch.pi * torch.outer(at, at[: side // 2]) / side
        window = torch.hann_window(side, periodic=False, dtype=torch.float64)
        self.register_buffer("window", torch.outer(window, window).float(), persistent=False)
        self.register_buffer("rows", torch.cat([rows.cos(), rows.sin()]).float(), persistent=False)
        self.register_buffer("columns", torch.cat([columns.cos(), columns.sin()], 1).float(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Scaled so that white noise of unit variance has a mean near zero."""
        side = x.shape[-1]
        half = self.rows @ ((x * self.window) @ self.columns)
        cosines, sines = half[..., :side, :], half[..., side:, :]
        n = side // 2
        real = cosines[..., :n] - sines[..., n:]
        imaginary = cosines[..., n:] + sines[..., :n]
        return 0.5 * torch.log(real * real + imaginary * imaginary + 1.0) - 3.5


class Classifier(nn.Module):
    """Two residual networks side by side, one on the patch and one on its spectrum, to logits (n, k).

    The spectrum says which lattices there are and how they are turned, the patch where the facets lie.
    """

    def __init__(
        self,
        classes: int,
        patch_px: int,
        widths: tuple[int, int, int, int] = (32, 48, 96, 192),
        spectral: tuple[int, int, int, int] = (16, 32, 64, 96),
    ) -> None:
        super().__init__()
        a, b, c, d = widths
        self.body = nn.Sequential(
            nn.Conv2d(1, a, 7, 2, 3, bias=False),
            nn.BatchNorm2d(a),
            nn.ReLU(inplace=True),
            Residual(a, b, 2),
            Residual(b, c, 2),
            Residual(c, c, 1),
            Residual(c, d, 2),
            Residual(d, d, 1),
        )
        e, f, g, h = spectral
        self.spectrum = Spectrum(patch_px)
        self.spectral = nn.Sequential(
            nn.Conv2d(1, e, 5, 2, 2, bias=False),
            nn.BatchNorm2d(e),
            nn.ReLU(inplace=True),
            Residual(e, f, 2),
            Residual(f, g, 2),
            Residual(g, h, 2),
        )
        self.head = nn.Sequential(nn.Dropout(0.1), nn.Linear(d + h, classes))

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        with torch.autocast(x.device.type, enabled=False):
            spectrum = self.spectrum(x.float())
        features = torch.cat([self.body(x).mean((2, 3)), self.spectral(spectrum).mean((2, 3))], 1)
        return self.head(features)


def network(role: str, classes: int, geometry: InputGeometry) -> nn.Module:
    """A fresh network for inputs of a geometry; a detector always has its three classes.

    Raises:
        ValueError: it is no role, or the detector's maps would not divide.
    """
    if role not in ROLES:
        raise ValueError(f"a role is {' or '.join(ROLES)}, got {role!r}")
    if role == "classifier":
        return Classifier(classes, geometry.patch_px)
    if geometry.patch_px % Detector.DIVISOR:
        raise ValueError(
            f"the detector takes maps whose sides divide by {Detector.DIVISOR}, the dataset's divide by "
            f"{geometry.patch_px}"
        )
    return Detector()
