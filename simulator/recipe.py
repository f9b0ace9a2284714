"""What varies, over what range: frozen recipes read from TOML that refuse what they do not know."""

from __future__ import annotations

import dataclasses
import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

import numpy as np

from simulator.specimen.elements import FCC
from simulator.specimen.shapes import SHAPES

Range = tuple[float, float]
Counts = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Within:
    """Bounds, both allowed, of a number or of every number of a tuple."""

    low: float
    high: float


Share = Annotated[float, Within(0, 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveRecipe:
    """A stock of exit waves: what is simulated once and imaged many times."""

    seed: Annotated[int, Within(0, 2**63)]
    particles: Annotated[int, Within(0, 10**7)]
    """Number of particle waves."""
    films: Annotated[int, Within(0, 10**6)]
    """Number of film waves."""
    shapes: tuple[str, ...]
    elements: tuple[str, ...]
    element_weights: Annotated[tuple[float, ...], Within(0, 1e6)]
    energies_kev: Annotated[tuple[float, ...], Within(20, 1250)]
    diameter_nm: Annotated[Range, Within(1, 20)]
    film_nm: Annotated[Range, Within(0.3, 50)]
    absorption: Annotated[Range, Within(0, 1)]
    """Ratio of the absorptive to the elastic potential of the particle."""
    film_absorption: Annotated[float, Within(0, 1)]
    slice_nm: Annotated[float, Within(0.01, 1)]
    pixel_size_nm: Annotated[float, Within(0.005, 0.1)]
    """Of the stored waves; the multislice runs at 6/7 of it."""
    film_width_px: Annotated[int, Within(32, 8192)]
    particles_a_shard: Annotated[int, Within(1, 10**4)] = 50
    films_a_shard: Annotated[int, Within(1, 10**4)] = 10

    def __post_init__(self) -> None:
        _check_bounds(self)
        _check_names("shapes", self.shapes, SHAPES)
        _check_names("elements", self.elements, tuple(FCC))
        if len(self.elements) != len(self.element_weights) or not sum(self.element_weights) > 0:
            raise ValueError(
                f"element_weights must be {len(self.elements)} numbers, one an element, of a positive sum, "
                f"got {list(self.element_weights)}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The imaging conditions: ranges from which every exposure is drawn. Conventions: simulator/imaging/optics.py."""

    camera_pixel_size_nm: Annotated[Range, Within(0.005, 0.5)]
    c1_nm: Annotated[Range, Within(-1e4, 1e4)]
    c3_nm: Annotated[Range, Within(-1e8, 1e8)]
    a1_nm: Annotated[Range, Within(0, 1e3)]
    b2_nm: Annotated[Range, Within(0, 1e5)]
    a2_nm: Annotated[Range, Within(0, 1e5)]
    focal_spread_nm: Annotated[Range, Within(0, 100)]
    convergence_mrad: Annotated[Range, Within(0, 10)]
    blur_nm: Annotated[Range, Within(0, 1)]
    dose_e_per_a2: Annotated[Range, Within(0.01, 1e7)]
    """Drawn log-uniformly."""
    gain_counts_per_e: Annotated[Range, Within(1e-3, 1e5)]
    readout_counts: Annotated[Range, Within(0, 1e4)]
    aperture_share: Share
    """Share of exposures through an objective aperture."""
    aperture_per_nm: Annotated[Range, Within(0.5, 100)]
    """Its radius."""
    uncorrected_share: Share
    """Share of exposures by a microscope without a corrector, with the next two ranges instead of C1 and C3 above."""
    uncorrected_c1_nm: Annotated[Range, Within(-1e4, 1e4)]
    uncorrected_c3_nm: Annotated[Range, Within(-1e8, 1e8)]
    illumination_slope: Annotated[Range, Within(0, 1)]
    """Relative change of the brightness from the middle of the field to its edge, in a random direction."""
    scintillator_share: Share
    """Share of exposures with a scintillator's MTF, 1 / (1 + (q / q0)^p); the others have a direct detector's."""
    scintillator_q0_per_px: Annotated[Range, Within(0.01, 10)]
    scintillator_power: Annotated[Range, Within(0.1, 10)]
    touching_share: Share
    """Share of particles placed so that they touch a neighbour."""
    bare_share: Share
    """Share of fields without a film under part of them (vacuum)."""
    particles_a_field: Annotated[Counts, Within(0, 1000)] = (0, 8)
    """In a field of the film's width; a frame of 2048 pixels at 0.04 nm has the area of sixteen fields of 20.5 nm."""
    offset_counts: Annotated[Range, Within(0, 1e4)] = (0.0, 200.0)
    hot_share: Annotated[Range, Within(0, 0.1)] = (0.0, 3e-5)
    """Of the camera's pixels."""
    dead_share: Annotated[Range, Within(0, 0.1)] = (0.0, 3e-5)

    def __post_init__(self) -> None:
        _check_bounds(self)


def _check_bounds(recipe: Any) -> None:
    """Every number within its field's `Within`, every range rising. Raises ValueError naming the field."""
    for name, hint in get_type_hints(type(recipe), include_extras=True).items():
        value, (kind, *bounds) = getattr(recipe, name), get_args(hint) or (hint,)
        if kind in (Range, Counts) and not (len(value) == 2 and value[0] <= value[1]):
            raise ValueError(f"{name} must be [low, high] with low <= high, got {list(value)}")
        for within in bounds:
            if isinstance(within, Within):
                numbers = value if isinstance(value, tuple) else (value,)
                if not numbers or not all(within.low <= number <= within.high for number in numbers):
                    shown = list(value) if isinstance(value, tuple) else value
                    raise ValueError(f"{name} must be {within.low:g} to {within.high:g}, got {shown}")


def _check_names(name: str, given: tuple[str, ...], known: tuple[str, ...]) -> None:
    strange = [item for item in given if item not in known]
    if strange or not given or len(set(given)) < len(given):
        raise ValueError(f"{name} must be one or more of {', '.join(known)}, each once, got {list(given)}")


def _build(kind: type[Any], table: dict[str, Any], origin: str) -> Any:
    fields = {field.name: field for field in dataclasses.fields(kind)}
    strange = sorted(table.keys() - fields.keys())
    if strange:
        raise ValueError(f"{origin}: unknown keys {', '.join(strange)}; known are {', '.join(fields)}")
    absent = sorted(n for n, f in fields.items() if f.default is dataclasses.MISSING and n not in table)
    if absent:
        raise ValueError(f"{origin}: missing keys {', '.join(absent)}")
    hints = get_type_hints(kind)
    try:
        return kind(**{name: _typed(hints[name], name, value) for name, value in table.items()})
    except ValueError as error:
        raise ValueError(f"{origin}: {error}") from error


def _typed(hint: Any, name: str, value: Any) -> Any:
    """A value of TOML as a field takes it: whole numbers may stand for others, nothing else is bent."""
    if hint is int and type(value) is int:
        return value
    if hint is float and type(value) in (int, float) and math.isfinite(value):
        return float(value)
    if hint is str and type(value) is str:
        return value
    if hint in (int, float, str):
        raise ValueError(f"{name} must be {KINDS[hint]}, got {value!r}")
    if type(value) is not list:
        raise ValueError(f"{name} must be a list, got {value!r}")
    return tuple(_typed(get_args(hint)[0], f"each of {name}", item) for item in value)


KINDS = {int: "a whole number", float: "a number", str: "a text"}


def read_waves(path: Path) -> WaveRecipe:
    """The [waves] table of a recipe. Raises ValueError naming the file, the table, the key and what is wrong."""
    return _build(WaveRecipe, _table(path, "waves"), f"{path}: [waves]")


def read_envelope(path: Path) -> Envelope:
    """The [envelope] table of a recipe. Raises ValueError naming the file, the table, the key and what is wrong."""
    return _build(Envelope, _table(path, "envelope"), f"{path}: [envelope]")


def _table(path: Path, name: str) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not TOML: {error}") from error
    strange = sorted(content.keys() - {"waves", "envelope"})
    if strange:
        raise ValueError(f"{path}: unknown {', '.join(strange)}; a recipe has the tables [waves] and [envelope]")
    table = content.get(name)
    if not isinstance(table, dict):
        raise ValueError(f"{path}: needs a table [{name}], has {', '.join(sorted(content)) or 'none'}")
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
