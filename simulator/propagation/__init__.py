"""Atoms to an exit wave: scattering, projected potential, multislice."""
