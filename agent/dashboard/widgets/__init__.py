"""Frozen state to pixels, in Qt."""
