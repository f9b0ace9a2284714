"""Amorphous carbon films cut from quenched blocks.

The blocks (data/carbon_blocks.npz, periodic cubes) come from `simulator.carbon_quench`; tests/simulator/test_carbon.py
holds them against the tight-binding carbon of C. Ricolleau et al., J. Appl. Phys. 114 (2013) 213504.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations, product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BLOCKS = Path(__file__).parent / "data" / "carbon_blocks.npz"
ROUGHNESS_NM = 0.1
"""Standard deviation of the height of either surface."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """A periodic cube of carbon."""

    positions_nm: NDArray[np.float32]
    """(n, 3), each coordinate from 0 to `side_nm`."""
    side_nm: float


@lru_cache(maxsize=1)
def blocks() -> tuple[Block, ...]:
    """The shipped blocks: int16 fractions of the side in the file."""
    with np.load(BLOCKS) as file:
        sides = file["side_nm"]
        return tuple(
            Block(
                positions_nm=(file[f"block_{n}"].astype(np.float32) + 32768) / 65536 * np.float32(side),
                side_nm=float(side),
            )
            for n, side in enumerate(sides)
        )


def film(thickness_nm: float, width_nm: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Atoms (n, 3), x and y from 0 to `width_nm`, z from about 0 to `thickness_nm`, both surfaces a little rough.

    A random block in one of the 48 turns and flips of a cube, at a random periodic shift, tiled. Neighbouring tiles of
    one film repeat; two films do not.

    Raises:
        ValueError: thickness or width is not positive.
    """
    if not (thickness_nm > 0 and width_nm > 0):
        raise ValueError(f"a film needs a positive thickness and width, got {thickness_nm} and {width_nm} nm")
    block = blocks()[int(rng.integers(len(blocks())))]
    order = list(permutations(range(3)))[int(rng.integers(6))]
    signs = np.array(list(product((-1, 1), repeat=3))[int(rng.integers(8))], dtype=np.float32)
    at = np.mod(
        block.positions_nm[:, order] * signs + rng.uniform(0, block.side_nm, 3).astype(np.float32), block.side_nm
    )
    across = int(np.ceil(width_nm / block.side_nm))
    up = int(np.ceil((thickness_nm + 8 * ROUGHNESS_NM) / block.side_nm))
    tiles = np.array(list(product(range(across), range(across), range(up))), dtype=np.float32) * np.float32(
        block.side_nm
    )
    every = (at[None] + tiles[:, None]).reshape(-1, 3)
    every[:, 2] -= 4 * ROUGHNESS_NM
    lower, upper = _surface(every, width_nm, rng), thickness_nm + _surface(every, width_nm, rng)
    inside = (every[:, 0] < width_nm) & (every[:, 1] < width_nm) & (every[:, 2] >= lower) & (every[:, 2] < upper)
    return np.asarray(every[inside], dtype=np.float32)


def _surface(at_nm: NDArray[np.float32], width_nm: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Height of a periodic rough surface over each atom: six random waves of 2 to 10 nm."""
    height = np.zeros(len(at_nm))
    for _ in range(6):
        waves = rng.integers(-max(int(width_nm / 2), 1), max(int(width_nm / 2), 1) + 1, 2)
        phase = rng.uniform(0, 2 * np.pi)
        height += np.cos(2 * np.pi * (at_nm[:, 0] * waves[0] + at_nm[:, 1] * waves[1]) / width_nm + phase)
    return height * (ROUGHNESS_NM / np.sqrt(3.0))
