"""Files of images to frames: pixels and pixel size as the file has them, and one line for what is none."""

from __future__ import annotations

from pathlib import Path

import h5py
import mrcfile
import numpy as np
import pytest
import tifffile
from PIL import Image

from agent.edge.errors import EdgeError
from agent.edge.files.playback import read_frames

SHARED = Path(__file__).parents[4].parent / "shared" / "data"


IMAGE = np.random.default_rng(1).integers(0, 4000, (80, 90)).astype(np.uint16)


def test_tiff_mrc_png_and_hdf5_keep_pixels_and_pixel_size(tmp_path: Path) -> None:
    tifffile.imwrite(
        tmp_path / "a.tif", np.stack([IMAGE, IMAGE]), imagej=True, resolution=(20.0, 20.0), metadata={"unit": "nm"}
    )
    with mrcfile.new(tmp_path / "a.mrc") as file:
        file.set_data(IMAGE)
        file.voxel_size = 0.5
    Image.fromarray(IMAGE).save(tmp_path / "a.png")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["images"] = IMAGE[None]
        file["images"].attrs["pixel_size_nm"] = 0.05
    for name, count, size_nm in (("a.tif", 2, 0.05), ("a.mrc", 1, 0.05), ("a.png", 1, None), ("a.h5", 1, 0.05)):
        frames = list(read_frames(tmp_path / name))
        assert len(frames) == count
        assert np.array_equal(frames[-1].pixels, IMAGE)
        assert frames[-1].pixel_size_nm == (None if size_nm is None else pytest.approx(size_nm))
        assert next(read_frames(tmp_path / name, 0.03)).pixel_size_nm == 0.03


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tif", b"II*\x00garbage", "cannot be read as .tif"),
        ("a.png", b"not a png", "cannot be read as .png"),
        ("a.mrc", b"short", "cannot be read as .mrc"),
        ("a.h5", b"\x89HDF nope", "cannot be read as .h5"),
        ("a.xyz", b"", "unknown kind of file"),
        ("a.beamside", b"junk", "no beamside recording"),
        ("a.dm4", b"junk", "a.dm4"),
    ],
)
def test_a_bad_file_is_one_line(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(EdgeError, match=message):
        list(read_frames(tmp_path / name))


def test_a_truncated_stack_is_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.stack([IMAGE] * 4), photometric="minisblack")
    content = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(content[: len(content) // 2])
    with pytest.raises(EdgeError, match=r"a\.tif"):
        list(read_frames(tmp_path / "a.tif"))


@pytest.mark.skipif(not SHARED.exists(), reason="the sample files are not part of the repository")
def test_a_negative_pixel_size_in_a_real_file_is_refused() -> None:
    with pytest.raises(EdgeError, match=r"pixel size is -1\.0 nm, which is not positive; give it with --pixel-size-nm"):
        list(read_frames(SHARED / "formats" / "Custom_movie.mrc"))
