"""Is there a driver, and does it work? Asked of a stand-in for its library."""

from __future__ import annotations

from typing import Any

import pytest

from agent.edge.inference.cuda_probe import Driver, Gpu, probe


class FakeLibrary:
    """The driver's library: two devices, unless told otherwise."""

    def __init__(self, *, init: int = 0, count: int = 2, nvml: int = 0) -> None:
        self._init, self._count, self._nvml = init, count, nvml

    def cuInit(self, flags: int) -> int:
        return self._init

    def cuDeviceGetCount(self, count: Any) -> int:
        count._obj.value = self._count
        return 0

    def cuDriverGetVersion(self, version: Any) -> int:
        version._obj.value = 13010
        return 0

    def cuDeviceGet(self, device: Any, number: int) -> int:
        device._obj.value = number
        return 0

    def cuDeviceGetName(self, text: Any, size: int, device: Any) -> int:
        text.value = f"NVIDIA Test {device.value}".encode()
        return 0

    def cuDeviceGetAttribute(self, value: Any, attribute: int, device: Any) -> int:
        value._obj.value = {75: 8, 76: 9}[attribute]
        return 0

    def nvmlInit_v2(self) -> int:
        return self._nvml

    def nvmlSystemGetDriverVersion(self, text: Any, size: int) -> int:
        text.value = b"580.95.05"
        return 0

    def nvmlShutdown(self) -> int:
        return 0


def test_the_driver_tells_its_version_and_its_gpus() -> None:
    found = probe(lambda name: FakeLibrary())
    assert found.gpus == tuple(Gpu(name=f"NVIDIA Test {n}", capability=(8, 9)) for n in (0, 1))
    assert (found.version, found.reason) == ("580.95.05", "")
    assert probe(lambda name: FakeLibrary(nvml=9)).version == "CUDA 13.1"


def test_a_driver_that_is_not_there_or_does_not_work_is_a_reason() -> None:
    def none(name: str) -> Any:
        raise OSError(name)

    assert probe(none) == Driver(reason="no NVIDIA driver")
    assert probe(lambda name: FakeLibrary(init=999)).reason == "the NVIDIA driver does not work (cuInit: 999)"
    assert probe(lambda name: FakeLibrary(count=0)).reason == "the NVIDIA driver sees no GPU"


def test_a_management_library_that_is_missing_costs_only_the_exact_version() -> None:
    def load(name: str) -> Any:
        if "nvml" in name or "nvidia-ml" in name:
            raise OSError(name)
        return FakeLibrary(count=1)

    found = probe(load)
    assert (len(found.gpus), found.version) == (1, "CUDA 13.1")


@pytest.mark.parametrize("function", ["cuDeviceGetCount", "cuDriverGetVersion", "cuDeviceGet", "cuDeviceGetAttribute"])
def test_whatever_call_the_driver_refuses_is_named_and_nothing_is_raised(
    function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeLibrary, function, lambda *arguments: 304)
    assert probe(lambda name: FakeLibrary()) == Driver(reason=f"the NVIDIA driver does not work ({function}: 304)")


def test_a_name_that_is_no_text_does_not_hide_the_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    def name(self: Any, text: Any, size: int, device: Any) -> int:
        text.value = b"NVIDIA \xff"
        return 0

    monkeypatch.setattr(FakeLibrary, "cuDeviceGetName", name)
    assert probe(lambda library: FakeLibrary(count=1)).gpus[0].name == "NVIDIA \ufffd"
