"""What a reader of one file format returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.edge.errors import EdgeError
from agent.edge.files.pixel_size import PixelSize


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Images:
    """The images of a file, and the size of their pixels as far as the file says it."""

    images: list[NDArray[Any]]
    """(h, w) each, as stored; they need not be alike."""
    pixel_size: PixelSize
    """As the file states it, or why that is none."""


def stack_of(array: NDArray[Any]) -> list[NDArray[Any]]:
    """Images (h, w) of a stack (..., h, w) of any depth.

    Raises:
        EdgeError: it has fewer than two dimensions.
    """
    if array.ndim < 2:
        raise EdgeError(f"an image has two dimensions, got shape {array.shape}")
    return list(np.asarray(array).reshape(-1, *array.shape[-2:]))
