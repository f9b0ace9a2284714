"""A test set by another simulator: ASE's particles, published carbon, abTEM's multislice, another lens and camera."""
