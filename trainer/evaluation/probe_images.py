"""All images that the report rests on besides the bank; rendered once into a folder, for they ask no network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.recipe import Envelope
from trainer.data.dataset import Patches
from trainer.evaluation import controlled as studies
from trainer.evaluation.controlled import Material
from trainer.evaluation.out_of_distribution import SETS, strange_sets
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
class Sights:
    """Patches by study and by the value that was set."""

    dose: dict[float, Patches]
    focus: dict[float, Patches]
    """Of C1, without C3 and with no more than 1 nm of A1."""
    pixel: dict[float, Patches]
    aperture: dict[float, Patches]
    film: dict[str, Patches]
    ladder: dict[str, Patches]
    """From the envelope to a perfect view, step by step."""
    refocused: Patches
    """Five images of every particle, each in a lens state of its own."""
    repeated: Patches
    """Five images of every particle in one lens state."""
    strange: dict[str, NDArray[np.float32]]
    silver: SilverFrames


def sights(of: Material, folder: Path, *, strange: int, silver: int) -> Sights:
    """Render what is not yet in `folder`: `strange` odd patches a set, `silver` frames of the published table."""
    made = studies.scenes(of, SEED)
    base = replace(of.envelope, dose_e_per_a2=STATED_DOSE)
    key = f"{len(of.waves)}-{of.waves[-1].index}"

    def sweep(name: str, envelopes: dict[Any, Envelope]) -> dict[Any, Patches]:
        values = list(envelopes)

        def render() -> dict[str, Patches]:
            found = studies.sweep(of, made, list(envelopes.values()), SEED)
            return {str(value): patches for value, patches in zip(values, found, strict=True)}

        kept = _kept(folder / f"{name}-{key}.npz", render)
        if set(kept) != {str(value) for value in values}:
            raise ValueError(f"{folder}/{name}-{key}.npz was rendered for {', '.join(kept)}; delete it")
        return {value: kept[str(value)] for value in values}

    return Sights(
        dose=sweep("dose", {d: replace(of.envelope, dose_e_per_a2=(d, d)) for d in DOSES}),
        focus=sweep("focus", {c: replace(base, c1_nm=(c, c), c3_nm=(0.0, 0.0), a1_nm=(0.0, 1.0)) for c in FOCI_NM}),
        pixel=sweep("pixel", {p: replace(base, camera_pixel_size_nm=(p, p)) for p in PIXELS_NM}),
        aperture=sweep(
            "aperture", {a: replace(base, aperture_share=1.0, aperture_per_nm=(a, a)) for a in APERTURES_PER_NM}
        ),
        film=_kept(folder / f"film-{key}.npz", lambda: studies.films_compared(of, made, SEED)),
        ladder=sweep("ladder", _steps(base))
        | {
            "and no film": _kept(
                folder / f"ladder-bare-{key}.npz", lambda: {"bare": studies.bare(of, made, perfect(base), SEED)}
            )["bare"]
        },
        refocused=_kept(
            folder / f"refocused-{key}.npz", lambda: {"all": studies.frames(of, made, SEED, FRAMES, refocused=True)}
        )["all"],
        repeated=_kept(
            folder / f"repeated-{key}.npz", lambda: {"all": studies.frames(of, made, SEED, FRAMES, refocused=False)}
        )["all"],
        strange=_strange(of, folder / f"strange-{key}-{strange}.npz", strange),
        silver=_silver(of, folder / f"silver-{silver}.npz", silver),
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
        made = make()
        arrays = {f"{n}/{key}": column for n, p in enumerate(made.values()) for key, column in p.rows.items()}
        arrays |= {f"{n}/patches": p.patches for n, p in enumerate(made.values())}
        _put(path, {"names": np.array(list(made)), **arrays})
    found = {}
    with np.load(path) as file:
        for n, name in enumerate(file["names"]):
            own = [k.split("/")[1] for k in file.files if k.startswith(f"{n}/")]
            rows = {key: file[f"{n}/{key}"] for key in own if key != "patches"}
            found[str(name)] = Patches(patches=file[f"{n}/patches"], rows=rows)
    return found


def _strange(of: Material, path: Path, count: int) -> dict[str, NDArray[np.float32]]:
    if not path.exists():
        made = strange_sets(of, count, SEED)
        _put(path, {"names": np.array(list(made))} | {str(n): p for n, p in enumerate(made.values())})
    with np.load(path) as file:
        kept = {str(name): file[str(n)] for n, name in enumerate(file["names"])}
    # The names say what training has seen: those of a former network's report would be wrong for this one.
    if tuple(kept) != SETS:
        raise ValueError(f"{path} was rendered for {', '.join(kept)}; delete it")
    return kept


def _silver(of: Material, path: Path, count: int) -> SilverFrames:
    if not path.exists():
        made = silver_frames(of.recipe, count, SEED)
        _put(path, {"counts": made.counts, "their_mask": made.their_mask, "our_mask": made.our_mask})
    with np.load(path) as file:
        return SilverFrames(counts=file["counts"], their_mask=file["their_mask"], our_mask=file["our_mask"])


def _put(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part.npz")
    np.savez(unfinished, **arrays)  # type: ignore[arg-type]
    unfinished.replace(path)
