"""Which exit waves are held out: by structure, never by image.

A split follows from a wave's index alone, so it holds for whoever reads the store and whatever was drawn since.
"""

from __future__ import annotations

from typing import Literal

Split = Literal["train", "test"]

HELD_OUT_EVERY = 10
"""A round is one particle of every class. Every tenth one is held out: rounds 9, 19, …"""


def wave_split(index: int, classes: int) -> Split:
    """``test`` for every tenth round of the classes, ``train`` else."""
    return "test" if index // classes % HELD_OUT_EVERY == HELD_OUT_EVERY - 1 else "train"


def film_split(index: int, films: int) -> Split:
    """``test`` for the last seventh of the films."""
    return "test" if index >= films * 6 // 7 else "train"
