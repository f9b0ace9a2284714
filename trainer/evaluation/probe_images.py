"""All images that the report rests on besides the dataset; rendered once into a folder, for they ask no network."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.recipe import Envelope
from trainer.data.dataset import Patches
from trainer.evaluation import controlled
from trainer.evaluation.controlled import HeldOut
from trainer.evaluation.out_of_distribution import SETS, out_of_distribution_sets
from trainer.evaluation.published_unets import SilverFrames, silver_frames

STATED_DOSE = (300.0, 12000.0)
"""The doses for which the aims are stated; those of a study whose dose is not set are drawn from it."""
NOISE_FREE_E_PER_A2 = 1e6
DOSES = (30.0, 100.0, 300.0, 1000.0, 3000.0, 10000.0)
FOCI_NM = (-20.0, -12.0, -8.0, -4.0, 0.0, 4.0, 8.0, 12.0, 20.0)
PIXELS_NM = (0.02, 0.03, 0.04, 0.05, 0.06)
APERTURES_PER_NM = (3.0, 4.0, 5.0, 7.0, 11.0)
FRAMES = 5
SEED = 20261125


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProbeImages:
    """Patches by study and by the value that was set."""

    dose: dict[float, Patches]
    """By dose in e/Å²."""
    focus: dict[float, Patches]
    """Of C1, without C3 and with no more than 1 nm of A1."""
    pixel: dict[float, Patches]
    """By pixel size in nm."""
    aperture: dict[float, Patches]
    """By radius of the objective aperture in 1/nm."""
    film: dict[str, Patches]
    """By the model of the film."""
    ladder: dict[str, Patches]
    """From the envelope to a perfect view, step by step."""
    refocused: Patches
    """Five images of every particle, each in a lens state of its own."""
    repeated: Patches
    """Five images of every particle in one lens state."""
    out_of_distribution: dict[str, NDArray[np.float32]]
    """Patches (n, p, p) by the name of their set."""
    silver: SilverFrames
    """Frames of the published table."""


def probe_images(held_out: HeldOut, folder: Path, *, out_of_distribution: int, silver: int) -> ProbeImages:
    """Render what is not yet in `folder`.

    Args:
        held_out: particles and films that are imaged.
        folder: of the files; one that is there is read and not made again.
        out_of_distribution: patches in a set of such inputs.
        silver: frames of the published table.

    Raises:
        ValueError: a file of the folder was cut short or holds other conditions than are asked for.
        OSError: a file cannot be read or written.
    """
    scenes = controlled.scenes(held_out, SEED)
    base = replace(held_out.envelope, dose_e_per_a2=STATED_DOSE)
    key = f"{len(held_out.waves)}-{held_out.waves[-1].index}"

    def swept(name: str, change: Callable[[Any], dict[str, Any]], values: Sequence[Any]) -> dict[Any, Patches]:
        """The same scenes under the envelope with one condition changed to each of the values."""
        return by_envelope(name, {value: replace(base, **change(value)) for value in values})

    def by_envelope(name: str, envelopes: dict[Any, Envelope]) -> dict[Any, Patches]:
        path = folder / f"{name}-{key}.npz"

        def render() -> dict[str, Patches]:
            found = controlled.one_condition(held_out, scenes, list(envelopes.values()), SEED)
            return {str(value): patches for value, patches in zip(envelopes, found, strict=True)}

        kept = _kept(path, render)
        if set(kept) != {str(value) for value in envelopes}:
            raise ValueError(f"{path} was rendered for {', '.join(kept)}; delete it")
        return {value: kept[str(value)] for value in envelopes}

    def several(name: str, *, refocused: bool) -> Patches:
        def render() -> dict[str, Patches]:
            return {"all": controlled.repeated_images(held_out, scenes, SEED, FRAMES, refocused=refocused)}

        return _kept(folder / f"{name}-{key}.npz", render)["all"]

    def bare() -> dict[str, Patches]:
        return {"bare": controlled.without_film(held_out, scenes, perfect(base), SEED)}

    return ProbeImages(
        dose=swept("dose", lambda dose: {"dose_e_per_a2": (dose, dose)}, DOSES),
        focus=swept("focus", lambda c1: {"c1_nm": (c1, c1), "c3_nm": (0.0, 0.0), "a1_nm": (0.0, 1.0)}, FOCI_NM),
        pixel=swept("pixel", lambda size: {"camera_pixel_size_nm": (size, size)}, PIXELS_NM),
        aperture=swept(
            "aperture",
            lambda radius: {"aperture_share": 1.0, "aperture_per_nm": (radius, radius)},
            APERTURES_PER_NM,
        ),
        film=_kept(folder / f"film-{key}.npz", lambda: controlled.films_compared(held_out, scenes, SEED)),
        ladder=by_envelope("ladder", _steps(base))
        | {"and no film": _kept(folder / f"ladder-bare-{key}.npz", bare)["bare"]},
        refocused=several("refocused", refocused=True),
        repeated=several("repeated", refocused=False),
        # The file's name is older than the word.
        out_of_distribution=_out_of_distribution(
            held_out, folder / f"strange-{key}-{out_of_distribution}.npz", out_of_distribution
        ),
        silver=_silver(held_out, folder / f"silver-{silver}.npz", silver),
    )


def perfect(base: Envelope) -> Envelope:
    """An image without noise by a good lens at a good focus."""
    return replace(
        noise_free(base),
        c1_nm=(-5.0, -5.0),
        c3_nm=(0.0, 0.0),
        a1_nm=(0.0, 0.0),
        b2_nm=(0.0, 0.0),
        a2_nm=(0.0, 0.0),
        focal_spread_nm=(1.0, 1.0),
        convergence_mrad=(0.05, 0.05),
        blur_nm=(0.01, 0.01),
        aperture_share=0.0,
        scintillator_share=0.0,
        camera_pixel_size_nm=(0.025, 0.025),
        illumination_slope=(0.0, 0.0),
    )


def noise_free(base: Envelope) -> Envelope:
    """So many electrons that their noise is under a hundredth; the gain keeps the camera from saturating."""
    return replace(
        base,
        dose_e_per_a2=(NOISE_FREE_E_PER_A2, NOISE_FREE_E_PER_A2),
        gain_counts_per_e=(0.05, 0.05),
        readout_counts=(0.0, 0.0),
    )


def _steps(base: Envelope) -> dict[str, Envelope]:
    return {
        "as drawn, 300 to 12,000 e/Å²": base,
        "without noise": noise_free(base),
        "and at a good focus of a good lens": perfect(base),
    }


def _kept(path: Path, make: Callable[[], dict[str, Patches]]) -> dict[str, Patches]:
    """Patches by name, from a file or made and put there."""
    if not path.exists():
        rendered = make()
        arrays = {f"{n}/{key}": column for n, p in enumerate(rendered.values()) for key, column in p.metadata.items()}
        arrays |= {f"{n}/patches": p.patches for n, p in enumerate(rendered.values())}
        _put(path, {"names": np.array(list(rendered)), **arrays})
    found = {}
    with _opened(path) as file:
        for n, name in enumerate(file["names"]):
            columns = [key.split("/")[1] for key in file if key.startswith(f"{n}/")]
            metadata = {key: file[f"{n}/{key}"] for key in columns if key != "patches"}
            found[str(name)] = Patches(patches=file[f"{n}/patches"], metadata=metadata)
    return found


def _out_of_distribution(held_out: HeldOut, path: Path, count: int) -> dict[str, NDArray[np.float32]]:
    if not path.exists():
        sets = out_of_distribution_sets(held_out, count, SEED)
        _put(path, {"names": np.array(list(sets))} | {str(n): p for n, p in enumerate(sets.values())})
    with _opened(path) as file:
        kept = {str(name): file[str(n)] for n, name in enumerate(file["names"])}
    # The names say what training has seen: those of a former network's report would be wrong for this one.
    if tuple(kept) != SETS:
        raise ValueError(f"{path} was rendered for {', '.join(kept)}; delete it")
    return kept


def _silver(held_out: HeldOut, path: Path, count: int) -> SilverFrames:
    if not path.exists():
        frames = silver_frames(held_out.recipe, count, SEED)
        _put(path, {"counts": frames.counts, "their_mask": frames.their_mask, "our_mask": frames.our_mask})
    with _opened(path) as file:
        return SilverFrames(counts=file["counts"], their_mask=file["their_mask"], our_mask=file["our_mask"])


@contextmanager
def _opened(path: Path) -> Iterator[Mapping[str, NDArray[Any]]]:
    """A file of images that was rendered earlier.

    Raises:
        ValueError: it is none, or was cut short.
    """
    try:
        with path.open("rb") as raw, np.load(raw) as file:
            yield file
    except (zipfile.BadZipFile, EOFError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} cannot be read: {error}; delete it") from error


def _put(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part.npz")
    np.savez(unfinished, **arrays)  # type: ignore[arg-type]
    unfinished.replace(path)
