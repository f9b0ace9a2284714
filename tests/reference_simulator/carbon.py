"""Films cut from the tight-binding carbon of C. Ricolleau et al., J. Appl. Phys. 114 (2013) 213504. Lengths in nm."""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import permutations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

VARIABLE = "BEAMSIDE_SHARED"
BESIDE = Path(__file__).parents[2].parent / "shared"
FILE = Path("data") / "carbon" / "tight_binding_5nm_block.csv"
SIDE_NM = 5.0


def block_path(environment: Mapping[str, str] = os.environ, beside: Path = BESIDE) -> Path:
    """The published block, under the folder that the environment names, or beside the checkout.

    Raises:
        FileNotFoundError: it is not there.
    """
    path = Path(environment.get(VARIABLE, beside)) / FILE
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: the published carbon is not shipped; {VARIABLE} names its folder")
    return path


def read_block(path: Path) -> NDArray[np.float64]:
    """(n, 3), a periodic cube of side `SIDE_NM`."""
    return np.asarray(np.loadtxt(path, delimiter=",", usecols=(0, 1, 2)) / 10)


def film(
    block_nm: NDArray[np.float64], thickness_nm: float, width_nm: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Atoms (n, 3): x, y from 0 to `width_nm`, z from 0 to `thickness_nm`, one of the cube's 48 turns and flips at a
    random shift, tiled, turned about the beam by any angle, then cut. Not periodic."""
    turned = block_nm[:, list(permutations(range(3)))[int(rng.integers(6))]] * rng.choice((-1, 1), 3)
    cube = np.mod(turned + rng.uniform(0, SIDE_NM, 3), SIDE_NM)
    across = int(np.ceil(width_nm / SIDE_NM * 2**0.5 / 2)) + 1
    up = int(np.ceil(thickness_nm / SIDE_NM))
    tiles = np.stack(np.meshgrid(*(np.arange(-across, across),) * 2, np.arange(up), indexing="ij"), -1).reshape(-1, 3)
    at = (cube[None] + SIDE_NM * tiles[:, None]).reshape(-1, 3)
    c, s = np.cos(angle := rng.uniform(0, 2 * np.pi)), np.sin(angle)
    at[:, :2] = at[:, :2] @ np.array([[c, s], [-s, c]]) + width_nm / 2
    inside = (at[:, :2] >= 0).all(1) & (at[:, :2] < width_nm).all(1) & (at[:, 2] < thickness_nm)
    return np.asarray(at[inside])
