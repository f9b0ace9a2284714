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


@pytest.fixture(scope="module")
def networks() -> dict[str, torch.nn.Module]:
    torch.manual_seed(4)
    return {role: network(role, 3, LEGACY_GEOMETRY.of(role)).eval() for role in ("classifier", "detector")}


def test_a_patch_is_answered_alike_alone_and_among_others(networks: dict[str, torch.nn.Module]) -> None:
    """No answer may depend on which particles happen to be in the same frame."""
    patches = torch.randn(4, 1, 128, 128)
    with torch.inference_mode():
        together = networks["classifier"](patches)
        alone = torch.cat([networks["classifier"](one[None]) for one in patches])
        backwards = networks["classifier"](patches.flip(0)).flip(0)
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(together, backwards, atol=1e-4, rtol=1e-4)


def test_a_detector_s_answer_moves_with_its_input(networks: dict[str, torch.nn.Module]) -> None:
    """By whole multiples of the divisor, and away from the edges that the move brings in."""
    step = Detector.DIVISOR
    x = torch.randn(1, 2, 20 * step, 20 * step)
    with torch.inference_mode():
        here, there = (networks["detector"](torch.roll(x, (n, n), (2, 3))) for n in (0, step))
    inner = slice(7 * step, 13 * step)
    moved = torch.roll(here, (step, step), (2, 3))
    torch.testing.assert_close(moved[..., inner, inner], there[..., inner, inner], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("role", ["classifier", "detector"])
def test_every_weight_of_a_network_learns(role: str) -> None:
    """A branch that was cut off by mistake would keep its first weights for ever."""
    torch.manual_seed(5)
    made = network(role, 3, LEGACY_GEOMETRY.of(role)).train()
    shape = (2, 1, 128, 128) if role == "classifier" else (2, 2, 32, 32)
    (made(torch.randn(shape)) ** 2).mean().backward()
    idle = [name for name, weight in made.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert idle == []


def test_the_spectrum_of_a_turned_sign_is_the_same_and_of_a_stripe_lies_at_its_frequency() -> None:
    side = 32
    spectrum = Spectrum(side)
    stripes = torch.sin(2 * torch.pi * 5 * torch.arange(side) / side).repeat(side, 1)[None, None]
    seen = spectrum(stripes)[0, 0]
    torch.testing.assert_close(spectrum(-stripes)[0, 0], seen)
    assert divmod(int(seen.argmax()), side // 2) == (side // 2, 5)


def test_the_tables_of_the_spectrum_are_no_weights() -> None:
    """They follow from the patch size: a checkpoint holds none, and one of another size cannot load them."""
    assert not [key for key in Classifier(2, 64).state_dict() if key.startswith("spectrum")]
