"""Weights to the files of a model folder."""
