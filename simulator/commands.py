"""The commands of beamside-simulate: parsed options to an exit code and what is to be said at the end."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from simulator.exit_waves.generate import begin, make_here, make_in_processes, make_sample, part_of
from simulator.exit_waves.provenance import made_by
from simulator.exit_waves.shard_codec import encoded, sample_digest
from simulator.exit_waves.store import Shard, missing, remove_leftovers, shards, stored_recipe
from simulator.exit_waves.verify import compare_with_simulation, draw_samples, health
from simulator.microscope.session import make_session
from simulator.recipe import WaveRecipe
from simulator.recipe_file import read_envelope, read_waves
from simulator.scenes.exposure import Exposure
from simulator.scenes.frame import save_frame
from simulator.scenes.movie import MovieRecipe
from simulator.scenes.on_demand import FrameRequest, make_frame, make_movie

Outcome = tuple[int, str]
"""Exit code, and what is said at the end."""


def make(options: argparse.Namespace) -> Outcome:
    """Whatever of an exit-wave store is missing."""
    if options.slurm is not None and options.script:
        return 0, str(_cluster().job_script(_slurm_jobs(options)))
    recipe = begin(options.recipe, options.out)
    work = part_of(missing(recipe, options.out), options.part)
    with tqdm(total=sum(len(s.indices(recipe)) for s in work), unit="wave", smoothing=0.05) as bar:
        _make_somewhere(recipe, work, options, bar.update)
    remove_leftovers(options.out, [s for s in shards(recipe) if s.path(options.out).exists()])
    left = len(missing(recipe, options.out))
    return 0, f"{options.out}: {len(work)} shards made, {left} left to other parts"


def _make_somewhere(
    recipe: WaveRecipe, work: Sequence[Shard], options: argparse.Namespace, tick: Callable[[int], object]
) -> None:
    if options.slurm is not None or options.scheduler:
        # What is here says nothing of the workers: theirs is the GPU only when it is asked for.
        theirs = torch.device("cuda" if options.device == "cuda" else "cpu")
        if options.scheduler:
            _cluster().make_with_scheduler(recipe, options.out, work, theirs, options.scheduler, tick)
        else:
            _cluster().make_with_slurm(recipe, options.out, work, theirs, _slurm_jobs(options), tick)
        return
    device = _device(options)
    if options.workers > 1:
        make_in_processes(recipe, options.out, work, device, options.workers, tick)
    else:
        torch.set_num_threads(options.threads)
        make_here(recipe, options.out, work, device, tick)


def verify(options: argparse.Namespace) -> Outcome:
    """Whether an exit-wave store is whole, and whether samples at random come out the same again."""
    recipe = read_waves(stored_recipe(options.store))
    torch.set_num_threads(1)
    every = shards(recipe)
    with tqdm(total=len(every), unit="shard") as bar:
        found = health(recipe, options.store, every, bar.update)
    lines = [f"{len(found.whole)} shards whole, {len(found.absent)} not made, {len(found.damaged)} damaged"]
    lines += found.damaged
    drawn = draw_samples(recipe, found.whole, options.samples, np.random.default_rng(options.seed))
    wrong = 0
    for shard, index in tqdm(drawn, unit="sample"):
        again = compare_with_simulation(recipe, options.store, shard, index, _device(options))
        wrong += bool(again.wrong)
        lines.append(f"{shard.kind} {index}: {again}")
    return int(bool(found.damaged or wrong)), "\n".join(lines)


def sample(options: argparse.Namespace) -> Outcome:
    """One sample from its recipe and index.

    Raises:
        ValueError: the index is negative, or the recipe is not valid.
    """
    recipe = read_waves(options.recipe)
    torch.set_num_threads(1)
    if options.index < 0:
        raise ValueError(f"an index is 0 or more, got {options.index}")
    _, arrays, truth = encoded(make_sample(recipe, options.kind, options.index, _device(options)))
    if options.out is not None:
        content: dict[str, Any] = {**arrays, **truth}
        np.savez_compressed(options.out, **content)
    facts = {"kind": options.kind, "index": options.index, **truth, "sha256": sample_digest(arrays, truth)}
    # The digest is that of the stored sample only where the shard's own `made_by` is the same.
    facts["made_by"] = made_by(_device(options))
    return 0, "\n".join(f"{key:16s} {value}" for key, value in facts.items())


def show(options: argparse.Namespace) -> Outcome:
    """A contact sheet."""
    sheet = _drawing("figures.contact_sheet").contact_sheet(
        read_waves(options.recipe),
        read_envelope(options.recipe),
        samples=options.samples,
        seed=options.seed,
        device=_device(options),
    )
    _drawing("figures.style").save(sheet, options.out)
    return 0, str(options.out)


def pictures(options: argparse.Namespace) -> Outcome:
    """The pictures of the README."""
    return 0, "\n".join(str(path) for path in _drawing("figures.readme").make_all(options.out, _device(options)))


def frame(options: argparse.Namespace) -> Outcome:
    """One whole frame."""
    torch.set_num_threads(1)
    exposure = make_frame(read_waves(options.recipe), read_envelope(options.recipe), _request(options))
    save_frame(exposure, options.out)
    return 0, f"{options.out}: {_about(exposure)}"


def movie(options: argparse.Namespace) -> Outcome:
    """A movie, one file a frame."""
    torch.set_num_threads(1)
    movie_recipe = MovieRecipe(
        frames=options.frames,
        drift_nm=(options.drift_nm[0], options.drift_nm[1]),
        jitter_nm=options.jitter_nm,
        focus_step_nm=options.focus_step_nm,
        spin_share=options.spin_share,
        tumble_share=options.tumble_share,
        tumble_deg=options.tumble_deg,
        vanish_share=options.vanish_share,
    )
    frames = make_movie(read_waves(options.recipe), read_envelope(options.recipe), _request(options), movie_recipe)
    lines = []
    for number, exposure in enumerate(tqdm(frames, total=options.frames, unit="frame")):
        path = options.out / f"frame-{number:05d}.npz"
        save_frame(exposure, path)
        lines.append(f"{path}: {_about(exposure)}")
    return 0, "\n".join(lines)


def _request(options: argparse.Namespace) -> FrameRequest:
    return FrameRequest(
        seed=options.seed,
        width_px=options.width_px,
        pixel_size_nm=options.pixel_size_nm,
        energy_kev=options.energy_kev,
        particles=options.particles,
        film_nm=options.film_nm,
        dose_e_per_a2=options.dose,
        c1_nm=options.c1_nm,
    )


def _about(exposure: Exposure) -> str:
    return (
        f"{len(exposure.truth.particles)} particles, C1 {exposure.optics.c1_nm:+.1f} nm, "
        f"{exposure.dose_e_per_a2:.0f} e/A^2, "
        f"{exposure.film_nm:.1f} nm of film, {1e3 * exposure.pixel_size_nm:.3f} pm per pixel"
    )


def session(options: argparse.Namespace) -> Outcome:
    """What the virtual microscope plays."""
    truth = make_session(read_waves(options.recipe), options.store, options.out, options.seed)
    return 0, f"{len(truth)} particles in {options.out}"


COMMANDS: dict[str, Callable[[argparse.Namespace], Outcome]] = {
    "make": make,
    "verify": verify,
    "sample": sample,
    "show": show,
    "pictures": pictures,
    "frame": frame,
    "movie": movie,
    "session": session,
}


def _device(options: argparse.Namespace) -> torch.device:
    if options.device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if options.device == "cuda" and not torch.cuda.is_available():
        raise ValueError("--device cuda: torch sees no GPU here")
    if options.device not in ("cpu", "cuda"):
        raise ValueError(f"--device is auto, cpu or cuda, got {options.device!r}")
    return torch.device(options.device)


def _slurm_jobs(options: argparse.Namespace) -> Any:
    return _cluster().SlurmJobs(
        jobs=options.slurm,
        processes_per_job=options.processes_per_job,
        memory_gb_per_process=options.memory_gb_per_process,
        walltime=options.walltime,
        queue=options.queue,
        account=options.account,
        gpus_per_job=int(options.device == "cuda"),
    )


def _cluster() -> ModuleType:
    return _needing("exit_waves.cluster", "scale", "--scheduler and --slurm")


def _drawing(name: str) -> ModuleType:
    return _needing(name, "train", "pictures")


def _needing(module: str, extra: str, what: str) -> ModuleType:
    """A module of ours that needs an extra.

    Raises:
        ValueError: the extra is not installed; says which.
    """
    try:
        return import_module(f"simulator.{module}")
    except ModuleNotFoundError as error:
        lacking = (error.name or str(error)).split(".")[0]
        raise ValueError(f"{what} need {lacking}: pip install 'beamside[{extra}]' brings it") from error
