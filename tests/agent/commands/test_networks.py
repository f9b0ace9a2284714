"""The networks of the settings, and that both of them are warm."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.commands import networks as command
from agent.edge.errors import EdgeError
from agent.edge.settings import Settings
from tests.fakes import fake_networks


@pytest.mark.parametrize("settings", [Settings(), Settings(pixel_size_nm=0.02), Settings(threshold=0.99)])
def test_both_networks_have_computed_before_the_first_frame(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []
    fake = fake_networks()

    def detect(channels: NDArray[np.float32]) -> NDArray[np.float32]:
        called.append("detector")
        return fake.detect(channels)

    def classify(patches: NDArray[np.float32]) -> NDArray[np.float32]:
        called.append("classifier")
        return fake.classify(patches)

    monkeypatch.setattr(command, "open_networks", lambda settings: replace(fake, detect=detect, classify=classify))
    command.warm_networks(settings)
    assert set(called) == {"detector", "classifier"}


def test_the_settings_choose_folder_backend_and_precision(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match=r"detector\.json: No such file"):
        command.open_networks(Settings(models=str(tmp_path), backend="onnxruntime-cpu"))
    with pytest.raises(EdgeError, match="backend must be one of auto, tensorrt,"):
        command.open_networks(Settings(backend="abacus"))
    with pytest.raises(EdgeError, match="precision must be one of auto, fp32, fp16, int8, got 'int4'"):
        command.open_networks(Settings(precision="int4", backend="onnxruntime-cpu"))
    found = command.open_networks(Settings(precision="fp32", backend="onnxruntime-cpu", threads=1))
    assert found.backend.startswith("onnxruntime-cpu fp32 on ")
