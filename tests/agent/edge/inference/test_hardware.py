"""What a machine offers, found without opening it."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from agent.edge.errors import EdgeError
from agent.edge.inference.hardware import MODULES, inspect_hardware


def test_this_machine_offers_what_is_installed_and_a_reason_or_a_gpu() -> None:
    found = inspect_hardware()
    assert found.modules <= set(MODULES)
    assert ("CPUExecutionProvider" in found.providers) == ("onnxruntime" in found.modules)
    assert bool(found.driver.gpus) != bool(found.driver.reason)
    assert found.processor.instruction_set


def test_nothing_of_a_gpu_is_imported_to_find_out() -> None:
    before = {name for name in MODULES if name != "onnxruntime" and name in sys.modules}
    inspect_hardware()
    assert {name for name in MODULES if name != "onnxruntime" and name in sys.modules} == before


def test_an_onnxruntime_of_which_only_a_shell_is_left_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = ModuleType("onnxruntime")
    shell.__spec__ = sys.modules["onnxruntime"].__spec__ if "onnxruntime" in sys.modules else None
    if shell.__spec__ is None:
        pytest.skip("onnxruntime is not installed")
    monkeypatch.setitem(sys.modules, "onnxruntime", shell)
    with pytest.raises(EdgeError, match="onnxruntime is damaged; uninstall onnxruntime and onnxruntime-gpu"):
        inspect_hardware()
