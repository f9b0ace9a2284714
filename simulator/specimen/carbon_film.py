"""Amorphous carbon films cut from quenched blocks.

The blocks (data/carbon_blocks.npz, periodic cubes) come from `simulator.specimen.carbon_quench`;
tests/simulator/specimen/test_carbon_film.py holds them against the tight-binding carbon of C. Ricolleau et al., J.
Appl. Phys. 114 (2013) 213504.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simulator.specimen.orientation import matrix, random_quaternion

BLOCKS = Path(__file__).parents[1] / "data" / "carbon_blocks.npz"
ROUGHNESS_NM = 0.1
"""Standard deviation of the height of either surface."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """A periodic cube of carbon."""

    positions_nm: NDArray[np.float32]
    """(n, 3), each coordinate from 0 to `side_nm`."""
    side_nm: float
    """Period."""


@lru_cache(maxsize=1)
def blocks() -> tuple[Block, ...]:
    """The shipped blocks, narrow ones first."""
    return read(BLOCKS)


def read(path: Path) -> tuple[Block, ...]:
    """Blocks of a file: int16 fractions of the side (`carbon_quench.pack`)."""
    with np.load(path) as file:
        return tuple(
            Block(
                positions_nm=(file[f"block_{n}"].astype(np.float32) + 32768) / 65536 * np.float32(side),
                side_nm=float(side),
            )
            for n, side in enumerate(file["side_nm"])
        )


def film(thickness_nm: float, width_nm: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Atoms (n, 3), x and y from 0 to `width_nm`, z from about 0 to `thickness_nm`, both surfaces a little rough.

    Cut from one of the widest blocks, periodically continued, in a random direction at a random place, so that neither
    two films nor two places of one film are alike
    (tests/simulator/specimen/test_carbon_film.py). The film does not close upon itself at its border.

    Raises:
        ValueError: thickness or width is not positive.
    """
    if not (thickness_nm > 0 and width_nm > 0):
        raise ValueError(f"a film needs a positive thickness and width, got {thickness_nm} and {width_nm} nm")
    # One of the widest blocks, turned or mirrored at random.
    widest_nm = max(b.side_nm for b in blocks())
    wide = [b for b in blocks() if b.side_nm == widest_nm]
    block = wide[int(rng.integers(len(wide)))]
    turn = matrix(random_quaternion(rng)) * rng.choice([-1, 1])
    # A box that holds the film and the hills of both surfaces, cut from the block at a random place.
    half_nm = np.array([width_nm / 2, width_nm / 2, thickness_nm / 2 + 4 * ROUGHNESS_NM])
    middle_nm = np.array([width_nm / 2, width_nm / 2, thickness_nm / 2])
    every = _cut(block, turn, rng.uniform(0, block.side_nm, 3), half_nm) + middle_nm
    every = every[(every[:, :2] >= 0).all(1) & (every[:, :2] < width_nm).all(1)]
    # What lies between two rough surfaces.
    lower, upper = _surface(every, width_nm, rng), thickness_nm + _surface(every, width_nm, rng)
    return np.asarray(every[(every[:, 2] >= lower) & (every[:, 2] < upper)], dtype=np.float32)


def _cut(
    block: Block, turn: NDArray[np.float64], origin_nm: NDArray[np.float64], half_nm: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Atoms (n, 3) of the endless block, turned about `origin_nm`, within a box of these half sides about zero."""
    # Copies of the block whose circumscribed sphere touches the box; of each the atoms inside it.
    side_nm = block.side_nm
    reach = int(np.ceil(np.linalg.norm(half_nm) / side_nm)) + 1
    cells = np.array(list(product(range(-reach, reach + 1), repeat=3))) * side_nm
    middles = (cells + side_nm / 2 - origin_nm) @ turn.T
    near = cells[(np.abs(middles) < half_nm + side_nm * 3**0.5 / 2).all(1)] @ turn.T
    cell = (block.positions_nm - origin_nm) @ turn.T
    parts = [part[(np.abs(part) <= half_nm).all(1)] for part in (cell + shift for shift in near)]
    return np.concatenate(parts)


def _surface(at_nm: NDArray[np.float64], width_nm: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Height of a periodic rough surface over each atom: six random waves of 2 to 10 nm."""
    height = np.zeros(len(at_nm))
    for _ in range(6):
        waves = rng.integers(-max(int(width_nm / 2), 1), max(int(width_nm / 2), 1) + 1, 2)
        phase = rng.uniform(0, 2 * np.pi)
        height += np.cos(2 * np.pi * (at_nm[:, 0] * waves[0] + at_nm[:, 1] * waves[1]) / width_nm + phase)
    return height * (ROUGHNESS_NM / np.sqrt(3.0))
