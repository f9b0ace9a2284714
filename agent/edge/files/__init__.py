"""Frames in files: recordings and the formats of laboratories."""
