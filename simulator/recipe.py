"""What varies, over what range: frozen values that refuse numbers out of bounds. Their file is `recipe_file`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, get_type_hints

from protocol.wire.typed import Within, check_bounds
from simulator.random_draws import Range
from simulator.specimen.elements import FCC
from simulator.specimen.shapes import SHAPES

Counts = tuple[int, int]
"""(low, high), both allowed."""


Share = Annotated[float, Within(0, 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveRecipe:
    """A store of exit waves: what is simulated once and imaged many times."""

    seed: Annotated[int, Within(0, 2**63)]
    """Of everything that is drawn, with a sample's kind and index."""
    particles: Annotated[int, Within(0, 10**7)]
    """Number of particle waves."""
    films: Annotated[int, Within(0, 10**6)]
    """Number of film waves."""
    shapes: tuple[str, ...]
    """Drawn in turn, so that classes are of equal size."""
    elements: tuple[str, ...]
    """Symbols of fcc metals."""
    element_weights: Annotated[tuple[float, ...], Within(0, 1e6)]
    """Relative frequency of each element."""
    energies_kev: Annotated[tuple[float, ...], Within(20, 1250)]
    """Of the beam; drawn for particles, in turn for films."""
    diameter_nm: Annotated[Range, Within(1, 20)]
    """Of the sphere of equal volume."""
    film_nm: Annotated[Range, Within(0.3, 50)]
    """Thickness of the films."""
    absorption: Annotated[Range, Within(0, 1)]
    """Ratio of the absorptive to the elastic potential of the particle."""
    film_absorption: Annotated[float, Within(0, 1)]
    """The same of the film."""
    slice_nm: Annotated[float, Within(0.01, 1)]
    """Thickness of a slice of the multislice."""
    pixel_size_nm: Annotated[float, Within(0.005, 0.1)]
    """Of the stored waves; the multislice runs at 6/7 of it."""
    film_width_px: Annotated[int, Within(32, 8192)]
    """Of the stored film waves, and so of every field of view in training."""
    particles_a_shard: Annotated[int, Within(1, 10**4)] = 50
    """Particles per shard. The key is older than its grammar: stores name their recipe by a digest over it."""
    films_a_shard: Annotated[int, Within(1, 10**4)] = 10
    """Films per shard."""

    def __post_init__(self) -> None:
        _check_ranges(self)
        _check_names("shapes", self.shapes, SHAPES)
        _check_names("elements", self.elements, tuple(FCC))
        if len(self.elements) != len(self.element_weights) or not sum(self.element_weights) > 0:
            raise ValueError(
                f"element_weights must be {len(self.elements)} numbers, one per element, of a positive sum, "
                f"got {list(self.element_weights)}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Imaging conditions: ranges from which every exposure is drawn. Conventions: simulator/imaging/aberrations.py."""

    camera_pixel_size_nm: Annotated[Range, Within(0.005, 0.5)]
    """At the specimen."""
    c1_nm: Annotated[Range, Within(-1e4, 1e4)]
    """Defocus; overfocus is positive."""
    c3_nm: Annotated[Range, Within(-1e8, 1e8)]
    """Spherical aberration."""
    a1_nm: Annotated[Range, Within(0, 1e3)]
    """Magnitude of the twofold astigmatism; its azimuth is drawn, as those of the next two."""
    b2_nm: Annotated[Range, Within(0, 1e5)]
    """Magnitude of the coma."""
    a2_nm: Annotated[Range, Within(0, 1e5)]
    """Magnitude of the threefold astigmatism."""
    focal_spread_nm: Annotated[Range, Within(0, 100)]
    """1/e half width."""
    convergence_mrad: Annotated[Range, Within(0, 10)]
    """1/e half width of the source's semi-angle."""
    blur_nm: Annotated[Range, Within(0, 1)]
    """Sigma of the image's vibration."""
    dose_e_per_a2: Annotated[Range, Within(0.01, 1e7)]
    """Drawn log-uniformly."""
    gain_counts_per_e: Annotated[Range, Within(1e-3, 1e5)]
    """Drawn log-uniformly."""
    readout_counts: Annotated[Range, Within(0, 1e4)]
    """Standard deviation of the read-out noise."""
    aperture_share: Share
    """Share of exposures through an objective aperture."""
    aperture_per_nm: Annotated[Range, Within(0.5, 100)]
    """Its radius."""
    uncorrected_share: Share
    """Share of exposures by a microscope without a corrector, with the next two ranges instead of C1 and C3 above."""
    uncorrected_c1_nm: Annotated[Range, Within(-1e4, 1e4)]
    """Defocus of such a microscope."""
    uncorrected_c3_nm: Annotated[Range, Within(-1e8, 1e8)]
    """Spherical aberration of such a microscope."""
    illumination_slope: Annotated[Range, Within(0, 1)]
    """Relative change of the brightness from the middle of the field to its edge, in a random direction."""
    scintillator_share: Share
    """Share of exposures with a scintillator's MTF, 1 / (1 + (q / q0)^p); the others have a direct detector's."""
    scintillator_q0_per_px: Annotated[Range, Within(0.01, 10)]
    """q0, cycles per pixel."""
    scintillator_power: Annotated[Range, Within(0.1, 10)]
    """p."""
    touching_share: Share
    """Share of particles placed so that they touch a neighbour."""
    bare_share: Share
    """Share of fields without a film under part of them (vacuum)."""
    particles_a_field: Annotated[Counts, Within(0, 1000)] = (0, 8)
    """In a field of the film's width; a frame of 2048 pixels at 0.04 nm has the area of sixteen fields of 20.5 nm."""
    offset_counts: Annotated[Range, Within(0, 1e4)] = (0.0, 200.0)
    """Counts without a beam."""
    hot_share: Annotated[Range, Within(0, 0.1)] = (0.0, 3e-5)
    """Of the camera's pixels."""
    dead_share: Annotated[Range, Within(0, 0.1)] = (0.0, 3e-5)
    """Of the camera's pixels."""

    def __post_init__(self) -> None:
        _check_ranges(self)


def _check_ranges(recipe: Any) -> None:
    """Every number within its field's `Within`, every range rising, no list empty.

    Raises:
        ValueError: naming the field and what came.
    """
    check_bounds(recipe)
    for name, hint in get_type_hints(type(recipe)).items():
        value = getattr(recipe, name)
        if hint in (Range, Counts) and not value[0] <= value[1]:
            raise ValueError(f"{name}: [low, high] with low <= high was promised, got {list(value)}")
        if value == ():
            raise ValueError(f"{name}: one or more were promised, got none")


def _check_names(name: str, given: tuple[str, ...], known: tuple[str, ...]) -> None:
    unknown = [item for item in given if item not in known]
    if unknown or not given or len(set(given)) < len(given):
        raise ValueError(f"{name} must be one or more of {', '.join(known)}, each once, got {list(given)}")
