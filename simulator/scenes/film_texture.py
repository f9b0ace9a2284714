"""A film's wave as a texture: turned, flipped, or stitched to a film of any width.

The logarithm of a film's wave, without its mean, is a random texture. Textures whose windows have squares that add up
to one are again a texture of the same strength, so a wide film is stitched from turns and shifts of one film.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simulator.exit_waves.simulate import FilmWave

SEAM_PX = 128
"""Width of the strip in which two pieces of film pass into each other."""


def turned_film(film: FilmWave, rng: np.random.Generator) -> FilmWave:
    """One of the eight turns and flips of a film. It is not rolled: its borders do not fit together."""
    wave = np.rot90(film.wave, int(rng.integers(4)))
    wave = wave[::-1] if rng.random() < 0.5 else wave
    return replace(film, wave=np.ascontiguousarray(wave))


def wide_film(film: FilmWave, size_px: int, rng: np.random.Generator) -> FilmWave:
    """A film (size_px, size_px) from pieces of one: as thick, as grainy, and nowhere the same.

    Raises:
        ValueError: the film is too narrow to be cut into pieces.
    """
    film_px = film.wave.shape[0]
    piece_px = film_px - SEAM_PX
    if piece_px < 2 * SEAM_PX:
        raise ValueError(f"a film of {3 * SEAM_PX} px or more is needed to make a wide one, got {film_px}")
    texture = np.log(film.wave)
    mean = texture.mean()
    # A window that falls off over a seam at both ends; the squares of two neighbours' add up to one.
    ramp = np.sin(np.pi / 2 * (np.arange(SEAM_PX) + 0.5) / SEAM_PX)
    window = np.concatenate([ramp, np.ones(film_px - 2 * SEAM_PX), ramp[::-1]]).astype(np.float32)
    # Pieces of the texture in random turns, flips and shifts, each a seam over the next.
    count = -(-size_px // piece_px)
    stitched = np.zeros((count * piece_px + SEAM_PX,) * 2, dtype=np.complex64)
    for top in range(0, count * piece_px, piece_px):
        for left in range(0, count * piece_px, piece_px):
            piece = np.rot90(texture - mean, int(rng.integers(4)))
            piece = piece[::-1] if rng.random() < 0.5 else piece
            piece = np.roll(piece, tuple(int(n) for n in rng.integers(0, piece.shape[0], 2)), (0, 1))
            stitched[top : top + film_px, left : left + film_px] += piece * window[:, None] * window[None, :]
    # The outermost half seams have no neighbour and are cut off.
    edge = SEAM_PX // 2
    wave = np.exp(stitched[edge : edge + size_px, edge : edge + size_px] + mean)
    return replace(film, wave=np.asarray(wave, dtype=np.complex64))
