"""Every stage by name; `python -m tests.bench.processors.stages OUT.npz THREADS` computes all in one process."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import structlog
import torch

from tests.bench.processors import analysed, simulated
from tests.bench.processors.simulated import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One row of the table."""

    make: Callable[[], Result]
    unit: str
    """Of a difference, and what it is relative to; empty where it is only counted how many differ."""


WAVE = "of the vacuum wave"
STAGES: dict[str, Stage] = {
    "atoms of 60 particles": Stage(make=simulated.particle_atoms, unit="nm"),
    "atoms of 6 films": Stage(make=simulated.film_atoms, unit="nm"),
    "sizes, angles, quaternions": Stage(make=simulated.truth_numbers, unit="nm or deg"),
    "projected masks": Stage(make=lambda: [w.mask for w in simulated.particles()], unit=""),
    "exit waves of particles": Stage(make=simulated.particle_waves, unit=WAVE),
    "exit waves of films": Stage(make=lambda: [w.wave for w in simulated.films()], unit=WAVE),
    "waves in half precision": Stage(make=simulated.stored_waves, unit=WAVE),
    "a store's sha256": Stage(make=lambda: simulated.store()[0], unit=""),
    "a store's bytes (HDF5)": Stage(make=lambda: simulated.store()[1], unit=""),
    "a composed field": Stage(make=lambda: [simulated.composed().wave.numpy()], unit=WAVE),
    "its image": Stage(make=lambda: [simulated.field_image()], unit="of the vacuum intensity"),
    "its counts, 8 an electron": Stage(make=simulated.camera_counts, unit="counts"),
    "counts of a drawn frame": Stage(make=simulated.whole_frame, unit="counts"),
    "frames of the demo": Stage(make=lambda: [f.pixels for f in analysed.demo_frames()], unit="counts"),
    "the detector's channels": Stage(make=lambda: [analysed.demo_detector_input()], unit="of their spread"),
    "patches": Stage(make=lambda: [analysed.patches()], unit="of their spread"),
    "detector maps, fp32": Stage(
        make=lambda: [analysed.shipped_networks().detect(analysed.demo_detector_input())], unit="of probability"
    ),
    "classifier logits, fp32": Stage(
        make=lambda: [analysed.shipped_networks().classify(analysed.patches())], unit="of a logit"
    ),
    "positions and diameters": Stage(make=analysed.outlines, unit="camera pixels"),
    "probabilities": Stage(make=analysed.chances, unit="of probability"),
    "lines of JSON": Stage(make=analysed.json_lines, unit=""),
    "fractions, intervals": Stage(make=analysed.population, unit="of all"),
    "losses of 5 training steps": Stage(make=lambda: analysed.training()[0], unit="nats"),
    "weights after them": Stage(make=lambda: analysed.training()[1], unit="of weights up to 2"),
}
"""What is computed -> how. Each starts from recipe or session file, so that differences of earlier stages go on."""


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    torch.set_num_threads(int(sys.argv[2]))
    made = {f"{n}/{part}": a for n, s in enumerate(STAGES.values()) for part, a in enumerate(s.make())}
    np.savez(sys.argv[1], **made)  # type: ignore[arg-type]
