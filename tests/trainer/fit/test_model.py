"""The networks take what their geometry says, and the spectrum is the Fourier transform's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from trainer.data.geometry import LEGACY_GEOMETRY
from trainer.fit.model import Classifier, Detector, Spectrum, network


@pytest.mark.parametrize("side_px", [64, 128])
def test_a_classifier_takes_the_patches_that_its_training_set_holds(side_px: int) -> None:
    made = network("classifier", 2, replace(LEGACY_GEOMETRY.classifier, patch_px=side_px))
    assert isinstance(made, Classifier)
    assert made.eval()(torch.zeros(1, 1, side_px, side_px)).shape == (1, 2)


def test_a_detector_answers_three_maps_on_any_sides_that_divide() -> None:
    made = network("detector", 3, LEGACY_GEOMETRY.detector)
    assert isinstance(made, Detector)
    assert made.eval()(torch.zeros(1, 2, 24, 40)).shape == (1, 3, 24, 40)


def test_a_detector_for_maps_that_do_not_divide_is_refused() -> None:
    with pytest.raises(ValueError, match="maps whose sides divide by 8, the dataset's divide by 4"):
        network("detector", 3, replace(LEGACY_GEOMETRY.detector, patch_px=4))


def test_a_network_of_no_role_is_refused() -> None:
    with pytest.raises(ValueError, match="a role is detector or classifier, got 'oracle'"):
        network("oracle", 3, LEGACY_GEOMETRY.detector)


def test_the_spectrum_is_that_of_numpy() -> None:
    side = 16
    patch = np.random.default_rng(1).standard_normal((side, side))
    spectrum = np.fft.fft2(patch * np.outer(np.hanning(side), np.hanning(side)))
    wanted = 0.5 * np.log(np.abs(np.fft.fftshift(spectrum, 0)[:, : side // 2]) ** 2 + 1) - 3.5
    got = Spectrum(side)(torch.from_numpy(patch.astype(np.float32))[None, None])[0, 0].numpy()
    assert got == pytest.approx(wanted, abs=1e-4)
