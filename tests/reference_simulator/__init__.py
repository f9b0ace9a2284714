"""A test set by another simulator: ASE's particles, published carbon, abTEM's multislice, another lens and camera.

One particle in an image of 11 nm, corrected lenses, no absorption and no aperture: where the envelope of the trained
simulator is wider (neighbours, darker particles, uneven light), this set does not reach.
"""
