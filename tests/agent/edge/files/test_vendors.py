"""The microscopes' own formats, with rosettasciio (GPL-3, not shipped) as the oracle of what is in them."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from agent.edge.errors import EdgeError
from agent.edge.files import vendors
from agent.edge.files.pixel_size import in_nm, square
from agent.edge.files.readers import READERS, read_images

FORMATS = Path(__file__).parents[4].parent / "shared" / "data" / "formats"
samples = pytest.mark.skipif(not FORMATS.exists(), reason="the sample files are not part of the repository")

SQUARE = (
    "16_STOimage_1.ser",
    "64x64x5_TEM_preview_1.ser",
    "Camera Ceta Imaging Micro.emd",
    "fei_example_tem_stack.emd",
    "multi_signal.dm3",
)
OBLONG = (
    "dmTest_3D_int16_64,65,66.dm4",
    "dmTest_float32_nonSquare_diffPixelSize.dm3",
    "dmTest_float32_nonSquare_diffPixelSize.dm4",
)


def oracle(path: Path) -> tuple[np.ndarray, float | None, str]:
    """(stack, pixel size in nm, why there is none) by rosettasciio; the largest signal of the file."""
    rsciio = pytest.importorskip("rsciio")
    assert rsciio
    from rsciio import digitalmicrograph, emd, tia

    readers = {".dm3": digitalmicrograph, ".dm4": digitalmicrograph, ".emd": emd}
    signals: list[dict[str, Any]] = readers.get(path.suffix, tia).file_reader(str(path))
    largest = max((s for s in signals if np.ndim(s["data"]) >= 2), key=lambda s: np.size(s["data"]))
    y_nm, x_nm = (in_nm(float(axis["scale"]), axis["units"]) for axis in largest["axes"][-2:])
    size = square(y_nm, x_nm)
    stack = np.asarray(largest["data"])
    return stack.reshape(-1, *stack.shape[-2:]), size.nm, size.fault


@samples
@pytest.mark.filterwarnings("ignore")  # the oracle warns of what it does not know in a file
@pytest.mark.parametrize("name", SQUARE)
def test_pixels_and_their_size_are_the_oracles(name: str) -> None:
    stack, size_nm, _ = oracle(FORMATS / name)
    read = READERS[(FORMATS / name).suffix](FORMATS / name)
    assert np.array_equal(np.stack(read.images), stack)
    assert read.pixel_size.nm == pytest.approx(size_nm, rel=1e-6)


@samples
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", OBLONG)
def test_pixels_that_are_not_square_are_refused_as_the_oracle_says(name: str) -> None:
    stack, _, fault = oracle(FORMATS / name)
    read = READERS[(FORMATS / name).suffix](FORMATS / name)
    assert np.array_equal(np.stack(read.images), stack)
    assert read.pixel_size.fault == fault != ""
    with pytest.raises(EdgeError, match=r"the pixels are not square: .* give the size with --pixel-size-nm"):
        list(read_images(FORMATS / name))
    assert next(read_images(FORMATS / name, 0.05)).pixel_size_nm == 0.05


@samples
@pytest.mark.parametrize(("name", "size_nm"), [("16_STOimage_1.ser", 0.010013), ("multi_signal.dm3", 0.0177516)])
def test_the_size_is_what_a_person_reads_in_the_file(name: str, size_nm: float) -> None:
    assert next(read_images(FORMATS / name)).pixel_size_nm == pytest.approx(size_nm, rel=1e-3)


def test_an_emd_of_berkeley_is_read_with_its_axes(tmp_path: Path) -> None:
    """Two images of 3 x 4 pixels of 0.5 angstrom, written here by its published layout."""
    pytest.importorskip("ncempy")
    stack = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    with h5py.File(tmp_path / "a.emd", "w") as file:
        file.attrs["version_major"], file.attrs["version_minor"] = 0, 2
        group = file.create_group("data/stack")
        group.attrs["emd_group_type"] = 1
        group["data"] = stack
        for number, (length, unit) in enumerate(((2, "[s]"), (3, "[A]"), (4, "[A]")), start=1):
            axis = group.create_dataset(f"dim{number}", data=0.5 * np.arange(length))
            axis.attrs["name"], axis.attrs["units"] = f"axis {number}", unit
    frames = list(read_images(tmp_path / "a.emd"))
    assert np.array_equal(np.stack([f.pixels for f in frames]), stack)
    assert frames[0].pixel_size_nm == pytest.approx(0.05)


LOADS = """
import sys
from agent.edge.files import vendors
for name in ("dm", "ser", "emd", "emdVelox"):
    vendors._ncempy(name)
sys.exit(str([name for name in sys.modules if name.split(".")[0] in ("ncempy", "matplotlib")] or ""))
"""


def test_only_the_part_under_the_mit_licence_is_loaded() -> None:
    """In a process of its own: the oracle may load what it likes in this one."""
    pytest.importorskip("ncempy")
    done = subprocess.run([sys.executable, "-c", LOADS], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (1, "")


def test_without_the_extra_the_way_to_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.dm4").write_bytes(b"x")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    vendors._ncempy.cache_clear()
    with pytest.raises(EdgeError, match=r"a\.dm4: needs the extra: pip install 'beamside\[formats\]'"):
        list(read_images(tmp_path / "a.dm4"))
    vendors._ncempy.cache_clear()
