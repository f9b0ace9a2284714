"""The demo's frames to particles and statistics, by the shipped engine in full precision; and a short training."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from agent.commands.analyse import frame_record
from agent.core.config import AnalysisConfig
from agent.core.networks import Networks
from agent.core.pipeline import analyse
from agent.core.preprocessing.classifier_input import cut_patches
from agent.core.preprocessing.detector_input import detector_input
from agent.core.results import FrameResult
from agent.core.statistics.accumulate import empty, fold
from agent.core.statistics.summary import summarise
from agent.core.tracking import follow, no_tracks
from agent.edge.inference.backend import load_networks
from agent.edge.settings import MODELS
from protocol.frame import Frame
from simulator.microscope.server import RIM_PX, corner_px, frames
from simulator.microscope.session_file import SESSION, load_session
from tests.bench.processors.simulated import CPU, DOSE_E_PER_A2, Result
from tests.trainer.striped import DESCRIPTION, config, striped
from trainer.commands.fit import training_set
from trainer.data.dataset import write_shard
from trainer.fit.checkpoint import load
from trainer.fit.distributed import Process
from trainer.fit.schedule import Schedule
from trainer.fit.train import fit

FRAMES = 8
STEPS = 5


@cache
def demo_frames() -> list[Frame]:
    """As the virtual microscope plays them from the session in the repository."""
    stream = frames(load_session(SESSION), DOSE_E_PER_A2, seed=1)
    return [next(stream) for _ in range(FRAMES)]


@cache
def shipped_networks() -> Networks:
    """ONNX Runtime with as many threads as torch has here."""
    return load_networks(MODELS, prefer="onnxruntime-cpu", precision="fp32", threads=torch.get_num_threads())


@cache
def demo_detector_input() -> NDArray[np.float32]:
    """Of the first frame."""
    card = shipped_networks().detector_card
    return detector_input(
        demo_frames()[0].pixels,
        load_session(SESSION).pixel_size_nm,
        card.geometry.pixel_size_nm,
        card.geometry.patch_px,
    )[0]


@cache
def patches() -> NDArray[np.float32]:
    """About the true centres of the first frame: what the detector finds is not in them."""
    session, card, pixels = load_session(SESSION), shipped_networks().classifier_card, demo_frames()[0].pixels
    own = session.truth["field"] == 0
    centres_px = np.stack([session.truth["y_px"][own], session.truth["x_px"][own]], 1) - corner_px(0)
    inside = ((centres_px > RIM_PX) & (centres_px < min(pixels.shape) - RIM_PX)).all(1)
    return cut_patches(
        pixels, centres_px[inside], session.pixel_size_nm, card.geometry.patch_px, card.geometry.pixel_size_nm
    )


@cache
def results() -> list[FrameResult]:
    """Of every frame."""
    return [analyse(frame, shipped_networks(), AnalysisConfig()) for frame in demo_frames()]


def outlines() -> Result:
    """Position and diameter of every particle."""
    return [np.array([(p.y_px, p.x_px, p.diameter_nm / r.pixel_size_nm) for p in r.particles]) for r in results()]


def chances() -> Result:
    """Calibrated probabilities of every particle."""
    return [np.array([p.probabilities for p in r.particles]) for r in results()]


def json_lines() -> Result:
    """The particles of each line that `beamside analyse` writes; what it says of the machine is left out."""
    lines = [frame_record(Path("demo"), n, result, shipped_networks()) for n, result in enumerate(results())]
    return [np.array(json.dumps(one["particles"])) for one in lines]


def population() -> Result:
    """Fractions and their intervals, corrected as the shipped card says."""
    card = shipped_networks().classifier_card
    state, tracks = empty(card.classes), no_tracks()
    for result in results():
        tracks, numbers = follow(tracks, result)
        state = fold(state, replace(result, camera_time_s=0.0), numbers)
    shown = summarise(state, card.threshold, card.confusion).shapes
    return [np.array([(s.fraction, s.fraction_low, s.fraction_high) for s in shown])]


@cache
def training() -> tuple[Result, Result]:
    """(losses, averaged weights) of both networks after a few steps, on the stripes of tests/trainer."""
    losses: Result = []
    weights: Result = []
    with tempfile.TemporaryDirectory() as name:
        bank = Path(name) / "bank"
        write_shard(bank / "shard-00000.npz", striped(24, np.random.default_rng(1)), DESCRIPTION)
        for role in ("classifier", "detector"):
            out = Path(name) / f"{role}.pt"
            short = config(role, shards=1, window=1)
            data = training_set(bank, None, 1)
            fit(short, Schedule(steps=STEPS, decay=2), data, out, Process(rank=0, processes=1, device=CPU))
            lines = out.with_suffix(".jsonl").read_text("utf-8").splitlines()
            losses.append(np.array([json.loads(one)["loss"] for one in lines]))
            weights += [w.float().numpy() for w in load(out)["average"].values() if w.dtype.is_floating_point]
    return losses, weights
