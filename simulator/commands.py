"""The commands of beamside-simulate: parsed options to an exit code and what is to be said at the end."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from simulator.exit_waves.generate import RECIPE, begin, make_here, make_in_processes, part_of
from simulator.exit_waves.store import Shard, encoded, made_by, make_sample, missing, sample_digest, shards, sweep
from simulator.exit_waves.verify import draw_samples, health, made_again
from simulator.microscope.session import make_session
from simulator.recipe import WaveRecipe, read_envelope, read_waves
from simulator.scenes.frame import WholeFrame
from simulator.scenes.movie import MovieRecipe
from simulator.scenes.on_demand import Wish, make_frame, make_movie, save

Said = tuple[int, str]


def make(options: argparse.Namespace) -> Said:
    """Whatever of a stock is missing."""
    if options.slurm is not None and options.script:
        return 0, str(_cluster().job_script(_slurm_jobs(options)))
    recipe = begin(options.recipe, options.out)
    work = part_of(missing(recipe, options.out), options.part)
    with tqdm(total=sum(len(s.indices(recipe)) for s in work), unit="wave", smoothing=0.05) as bar:
        _make_somewhere(recipe, work, options, bar.update)
    sweep(options.out, [s for s in shards(recipe) if s.path(options.out).exists()])
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


def verify(options: argparse.Namespace) -> Said:
    """Whether a stock is whole, and whether samples at random come out the same again."""
    recipe = _recipe_of(options.stock)
    torch.set_num_threads(1)
    every = shards(recipe)
    with tqdm(total=len(every), unit="shard") as bar:
        found = health(recipe, options.stock, every, bar.update)
    lines = [f"{len(found.whole)} shards whole, {len(found.absent)} not made, {len(found.damaged)} damaged"]
    lines += found.damaged
    drawn = draw_samples(recipe, found.whole, options.samples, np.random.default_rng(options.seed))
    wrong = 0
    for shard, index in tqdm(drawn, unit="sample"):
        again = made_again(recipe, options.stock, shard, index, _device(options))
        wrong += bool(again.wrong)
        lines.append(f"{shard.kind} {index}: {again}")
    return int(bool(found.damaged or wrong)), "\n".join(lines)


def sample(options: argparse.Namespace) -> Said:
    """One sample from its recipe and index."""
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


def show(options: argparse.Namespace) -> Said:
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


def pictures(options: argparse.Namespace) -> Said:
    """The pictures of the README."""
    return 0, "\n".join(str(path) for path in _drawing("figures.readme").make_all(options.out, _device(options)))


def frame(options: argparse.Namespace) -> Said:
    """One whole frame."""
    torch.set_num_threads(1)
    made = make_frame(read_waves(options.recipe), read_envelope(options.recipe), _wish(options))
    save(made, options.out)
    return 0, f"{options.out}: {_about(made)}"


def movie(options: argparse.Namespace) -> Said:
    """A movie, one file a frame."""
    torch.set_num_threads(1)
    happening = MovieRecipe(
        frames=options.frames,
        drift_nm=(options.drift_nm[0], options.drift_nm[1]),
        jitter_nm=options.jitter_nm,
        focus_step_nm=options.focus_step_nm,
        spin_share=options.spin_share,
        tumble_share=options.tumble_share,
        tumble_deg=options.tumble_deg,
        vanish_share=options.vanish_share,
    )
    frames = make_movie(read_waves(options.recipe), read_envelope(options.recipe), _wish(options), happening)
    lines = []
    for number, made in enumerate(tqdm(frames, total=options.frames, unit="frame")):
        path = options.out / f"frame-{number:05d}.npz"
        save(made, path)
        lines.append(f"{path}: {_about(made)}")
    return 0, "\n".join(lines)


def _wish(options: argparse.Namespace) -> Wish:
    return Wish(
        seed=options.seed,
        width_px=options.width_px,
        pixel_size_nm=options.pixel_size_nm,
        energy_kev=options.energy_kev,
        particles=options.particles,
        film_nm=options.film_nm,
        dose_e_per_a2=options.dose,
        c1_nm=options.c1_nm,
    )


def _about(made: WholeFrame) -> str:
    return (
        f"{len(made.particles)} particles, C1 {made.optics.c1_nm:+.1f} nm, {made.dose_e_per_a2:.0f} e/A^2, "
        f"{made.film_nm:.1f} nm of film, {1e3 * made.pixel_size_nm:.3f} pm a pixel"
    )


def session(options: argparse.Namespace) -> Said:
    """What the virtual microscope plays."""
    truth = make_session(read_waves(options.recipe), options.stock, options.out, options.seed)
    return 0, f"{len(truth)} particles in {options.out}"


COMMANDS: dict[str, Callable[[argparse.Namespace], Said]] = {
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


def _recipe_of(stock: Path) -> WaveRecipe:
    if not (stock / RECIPE).exists():
        raise ValueError(f"{stock} holds no {RECIPE}: it is not a stock of beamside-simulate make")
    return read_waves(stock / RECIPE)


def _slurm_jobs(options: argparse.Namespace) -> Any:
    return _cluster().SlurmJobs(
        jobs=options.slurm,
        processes_a_job=options.processes_a_job,
        memory_gb_a_process=options.memory_gb_a_process,
        walltime=options.walltime,
        queue=options.queue,
        account=options.account,
        gpus_a_job=int(options.device == "cuda"),
    )


def _cluster() -> ModuleType:
    return _needing("exit_waves.cluster", "scale", "--scheduler and --slurm")


def _drawing(name: str) -> ModuleType:
    return _needing(name, "train", "pictures")


def _needing(module: str, extra: str, what: str) -> ModuleType:
    """A module of ours that needs an extra. Raises ValueError saying which when it is not installed."""
    try:
        return import_module(f"simulator.{module}")
    except ModuleNotFoundError as error:
        lacking = (error.name or str(error)).split(".")[0]
        raise ValueError(f"{what} need {lacking}: pip install 'beamside[{extra}]' brings it") from error
