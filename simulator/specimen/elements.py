"""Metals with the fcc structure: lattice constants and thermal displacements at room temperature.

Lattice constants: Au 4.078, Pt 3.924, Pd 3.890, Ag 4.085 angstrom; the others from W. B. Pearson's handbook.
Displacements follow from the Debye-Waller factors of L.-M. Peng et al., Acta Cryst. A 52 (1996) 456 at 295 K:
u = sqrt(B / 8 pi^2) per axis.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One fcc metal."""

    symbol: str
    """As in the periodic table."""
    atomic_number: int
    """Z."""
    lattice_nm: float
    """Edge of the cubic cell."""
    displacement_nm: float
    """Root mean square thermal displacement along one axis."""

    @property
    def neighbour_nm(self) -> float:
        """Nearest-neighbour distance."""
        return self.lattice_nm / 2**0.5

    @property
    def atom_nm3(self) -> float:
        """Volume of one atom: a quarter of the cell."""
        return self.lattice_nm**3 / 4


FCC = {
    e.symbol: e
    for e in (
        Element(symbol="Au", atomic_number=79, lattice_nm=0.4078, displacement_nm=0.0088),
        Element(symbol="Pt", atomic_number=78, lattice_nm=0.3924, displacement_nm=0.0069),
        Element(symbol="Pd", atomic_number=46, lattice_nm=0.3890, displacement_nm=0.0076),
        Element(symbol="Ag", atomic_number=47, lattice_nm=0.4085, displacement_nm=0.0096),
        Element(symbol="Cu", atomic_number=29, lattice_nm=0.3615, displacement_nm=0.0084),
        Element(symbol="Ni", atomic_number=28, lattice_nm=0.3524, displacement_nm=0.0068),
        Element(symbol="Rh", atomic_number=45, lattice_nm=0.3803, displacement_nm=0.0062),
        Element(symbol="Ir", atomic_number=77, lattice_nm=0.3839, displacement_nm=0.0053),
        Element(symbol="Al", atomic_number=13, lattice_nm=0.4049, displacement_nm=0.0103),
        Element(symbol="Pb", atomic_number=82, lattice_nm=0.4951, displacement_nm=0.0169),
    )
}
