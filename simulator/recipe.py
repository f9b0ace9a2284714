"""What varies, over what range: frozen recipes read from TOML that refuse what they do not know."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Range = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveRecipe:
    """A stock of exit waves: what is simulated once and imaged many times."""

    seed: int
    particles: int
    """Number of particle waves."""
    films: int
    """Number of film waves."""
    shapes: tuple[str, ...]
    elements: tuple[str, ...]
    element_weights: tuple[float, ...]
    energies_kev: tuple[float, ...]
    diameter_nm: Range
    film_nm: Range
    absorption: Range
    """Ratio of the absorptive to the elastic potential of the particle."""
    film_absorption: float
    slice_nm: float
    pixel_size_nm: float
    """Of the stored waves; the multislice runs at 6/7 of it."""
    film_width_px: int

    def __post_init__(self) -> None:
        if len(self.elements) != len(self.element_weights):
            raise ValueError(f"{len(self.elements)} elements need as many weights, got {len(self.element_weights)}")
        for name in ("diameter_nm", "film_nm", "absorption"):
            _check_range(name, getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The imaging conditions: ranges from which every exposure is drawn. Conventions: simulator/optics.py."""

    camera_pixel_size_nm: Range
    c1_nm: Range
    c3_nm: Range
    a1_nm: Range
    b2_nm: Range
    a2_nm: Range
    focal_spread_nm: Range
    convergence_mrad: Range
    blur_nm: Range
    dose_e_per_a2: Range
    """Drawn log-uniformly."""
    gain_counts_per_e: Range
    readout_counts: Range
    scintillator_share: float
    """Share of exposures with a scintillator's MTF; the others have a direct detector's."""
    touching_share: float
    """Share of particles placed so that they touch a neighbour."""
    bare_share: float
    """Share of fields without a film under part of them (vacuum)."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, tuple):
                _check_range(field.name, value)
            elif not 0 <= value <= 1:
                raise ValueError(f"{field.name} must be 0 to 1, got {value}")


def _check_range(name: str, value: Range) -> None:
    if len(value) != 2 or not value[0] <= value[1]:
        raise ValueError(f"{name} must be [low, high] with low <= high, got {value}")


def _build(kind: type[Any], table: dict[str, Any], origin: str) -> Any:
    known = {field.name for field in dataclasses.fields(kind)}
    strange, missing = sorted(table.keys() - known), sorted(known - table.keys())
    if strange or missing:
        raise ValueError(f"{origin}: unknown keys {strange}, missing keys {missing}")
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in table.items()})


def read_waves(path: Path) -> WaveRecipe:
    """The [waves] table of a recipe. Raises ValueError naming the file and what is wrong."""
    return _build(WaveRecipe, _table(path, "waves"), str(path))


def read_envelope(path: Path) -> Envelope:
    """The [envelope] table of a recipe. Raises ValueError naming the file and what is wrong."""
    return _build(Envelope, _table(path, "envelope"), str(path))


def _table(path: Path, name: str) -> dict[str, Any]:
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    strange = sorted(content.keys() - {"waves", "envelope"})
    if strange or name not in content:
        raise ValueError(
            f"{path}: a recipe has the tables [waves] and [envelope], wanted [{name}], got {sorted(content)}"
        )
    table = content[name]
    if not isinstance(table, dict):
        raise ValueError(f"{path}: [{name}] must be a table")
    return table


def draw(value: Range, rng: np.random.Generator) -> float:
    """Uniform in a range."""
    return float(rng.uniform(*value))


def draw_log(value: Range, rng: np.random.Generator) -> float:
    """Log-uniform in a range of positive numbers."""
    return float(np.exp(rng.uniform(np.log(value[0]), np.log(value[1]))))


def draw_complex(value: Range, rng: np.random.Generator) -> complex:
    """Magnitude uniform in a range, azimuth uniform."""
    return complex(draw(value, rng) * np.exp(1j * rng.uniform(0, 2 * np.pi)))
