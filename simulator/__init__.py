"""Atoms to images: particles, film, multislice, optics, camera."""
