"""The file that the virtual microscope plays, written and read: clean images of fields with their truth. No torch.

An .npz: `fields` (m, n, n) uint8, an intensity of one is `LEVELS` grey levels; `pixel_size_nm`, `energy_kev`;
`defocus_nm` (m,); and one entry per particle of `truth_field`, `truth_y_px`, `truth_x_px`, `truth_diameter_nm`,
`truth_shape`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SESSION = Path(__file__).parents[1] / "data" / "session.npz"
"""The session that is shipped."""
LEVELS = 100
"""Grey levels of the file for an intensity of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionParticle:
    """One particle of a field, in pixels of the field's image."""

    field: int
    """Which image, from 0."""
    y_px: float
    """Row of the centre of its projection; (0, 0) is the centre of the first pixel."""
    x_px: float
    """Its column."""
    diameter_nm: float
    """Of the sphere of equal volume."""
    shape: str
    """Its class."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Session:
    """What a session file holds."""

    fields: NDArray[np.uint8]
    """(m, n, n) grey levels."""
    pixel_size_nm: float
    """Of the images."""
    energy_kev: float
    """Of the beam."""
    defocus_nm: NDArray[np.float64]
    """(m,): C1 of each image; overfocus is positive."""
    truth: dict[str, NDArray[Any]]
    """field, y_px, x_px, diameter_nm, shape: one entry per particle, as in `SessionParticle`."""


def grey_levels(intensity: NDArray[np.floating]) -> NDArray[np.uint8]:
    """A clean image (n, n) as the file keeps it; brighter than 2.55 times the vacuum is cut off."""
    return np.clip(np.rint(intensity * LEVELS), 0, 255).astype(np.uint8)


def write_session(
    path: Path,
    images: Sequence[NDArray[np.uint8]],
    particles: Sequence[SessionParticle],
    *,
    pixel_size_nm: float,
    energy_kev: float,
    defocus_nm: Sequence[float],
) -> None:
    """Write images (n, n) in grey levels and what is in them.

    Raises:
        OSError: the file cannot be written.
    """
    truth: dict[str, Any] = {
        f"truth_{f.name}": [getattr(p, f.name) for p in particles] for f in fields(SessionParticle)
    }
    np.savez_compressed(
        path,
        fields=np.stack(images),
        pixel_size_nm=pixel_size_nm,
        energy_kev=energy_kev,
        defocus_nm=np.array(defocus_nm),
        **truth,
    )


def load_session(path: Path) -> Session:
    """Read a session.

    Raises:
        FileNotFoundError: there is none; the text says how to make one.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there; `beamside-simulate session` makes it")
    with np.load(path) as file:
        return Session(
            fields=file["fields"],
            pixel_size_nm=float(file["pixel_size_nm"]),
            energy_kev=float(file["energy_kev"]),
            defocus_nm=file["defocus_nm"],
            truth={key.removeprefix("truth_"): file[key] for key in file.files if key.startswith("truth_")},
        )
