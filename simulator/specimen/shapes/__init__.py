"""Perfect particles as sites and their growth distances: a particle of n atoms is the n sites that are reached first.

So the size is continuous and has nothing to do with the shape, and the last layer is as incomplete as it happens to be.
Facet distances scatter, each by itself. Shapes: L. D. Marks and L. Peng, J. Phys. Condens. Matter 28 (2016) 053001.
"""

from simulator.specimen.shapes.catalogue import SHAPES, sites
from simulator.specimen.shapes.sites import Sites

__all__ = ["SHAPES", "Sites", "sites"]
