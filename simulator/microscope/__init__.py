"""A virtual microscope on a socket; needs no torch."""
