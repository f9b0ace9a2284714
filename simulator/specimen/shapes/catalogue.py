"""The name of a shape to its sites."""

from __future__ import annotations

import numpy as np

from simulator.specimen.elements import Element
from simulator.specimen.shapes.decahedron import decahedron
from simulator.specimen.shapes.disordered import amorphous
from simulator.specimen.shapes.icosahedron import icosahedron
from simulator.specimen.shapes.single_crystal import SINGLE_CRYSTALS, single_crystal
from simulator.specimen.shapes.sites import Sites

SHAPES = (*SINGLE_CRYSTALS, "decahedron", "icosahedron", "amorphous")


def sites(shape: str, element: Element, atoms: int, rng: np.random.Generator) -> Sites:
    """Sites for at least `atoms` atoms of a shape, in its own frame.

    Raises:
        ValueError: the shape is not one of `SHAPES`.
    """
    if shape in SINGLE_CRYSTALS:
        return single_crystal(shape, element, atoms, rng)
    if shape == "decahedron":
        return decahedron(element, atoms, rng)
    if shape == "icosahedron":
        return icosahedron(element, atoms, rng)
    if shape == "amorphous":
        return amorphous(element, atoms, rng)
    raise ValueError(f"no shape {shape!r}; there are {', '.join(SHAPES)}")
