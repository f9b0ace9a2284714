"""The networks of the settings, opened and ready."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from agent.core.networks import Networks
from agent.core.pipeline import analyse
from agent.edge.inference.backend import load_networks
from agent.edge.settings import Settings
from protocol.frame import Frame

WARM_UP_SIDE_PX, WARM_UP_PIXEL_NM = 512, 0.05


def open_networks(settings: Settings) -> Networks:
    """Detector and classifier on the backend of the settings. Raises EdgeError."""
    return load_networks(
        Path(settings.models), prefer=settings.backend, precision=settings.precision, threads=settings.threads
    )


def warm_networks(settings: Settings) -> Networks:
    """The same after one made-up frame, so that the first real one is not slow. Raises EdgeError."""
    networks = open_networks(settings)
    noise = np.random.default_rng(0).integers(90, 110, (WARM_UP_SIDE_PX, WARM_UP_SIDE_PX)).astype(np.uint16)
    frame = Frame(pixels=noise, source="warm-up", sequence=0, camera_time_s=0.0)
    analyse(frame, networks, replace(settings.analysis(), pixel_size_nm=WARM_UP_PIXEL_NM))
    # Noise shows no particle: the classifier is warmed with an empty patch.
    side_px = networks.classifier_card.geometry.patch_px
    networks.classify(np.zeros((1, 1, side_px, side_px), dtype=np.float32))
    return networks
