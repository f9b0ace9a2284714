"""Small real things that stand in for big ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from agent.core.config import AnalysisConfig
from agent.core.networks import Networks
from agent.core.preprocessing.versions import PREPROCESSING
from agent.edge.session.session import Session
from protocol.frame import Frame
from protocol.input_geometry import InputGeometry
from protocol.model_card import ModelCard, Provenance
from protocol.model_folder import DETECTOR_CLASSES
from protocol.snapshot import Snapshot
from protocol.wire.karabo import encode_frame
from tests.examples import CLASSES


def fake_networks(classes: tuple[str, ...] = CLASSES) -> Networks:
    """Finds dark blobs (channel 0 under -1.5) and names them by the patch's skewness: deterministic, no network."""

    def detect(channels: NDArray[np.float32]) -> NDArray[np.float32]:
        dark = (channels[0] < -1.5).astype(np.float32)
        return np.stack([dark, dark, np.zeros_like(dark)])

    def classify(patches: NDArray[np.float32]) -> NDArray[np.float32]:
        skew = (patches**3).mean((1, 2, 3))
        return -((skew[:, None] - np.linspace(-1, 1, len(classes))) ** 2).astype(np.float32) * 4

    common = {"name": "fake", "model_sha256": "0" * 64, "provenance": Provenance(run="a fake")}
    return Networks(
        detect=detect,
        classify=classify,
        backend="fake",
        detector_card=ModelCard(
            role="detector",
            classes=DETECTOR_CLASSES,
            geometry=InputGeometry(patch_px=8, pixel_size_nm=0.24, preprocessing=PREPROCESSING["detector"]),
            channels=2,
            **common,
        ),
        classifier_card=ModelCard(
            role="classifier",
            classes=classes,
            geometry=InputGeometry(patch_px=128, pixel_size_nm=0.075, preprocessing=PREPROCESSING["classifier"]),
            channels=1,
            threshold=0.5,
            **common,
        ),
    )  # type: ignore[arg-type]


def field(number: int = 0, *, pixel_size_nm: float | None = 0.05, shape: tuple[int, int] = (400, 480)) -> Frame:
    """A frame with three dark discs of 4 to 6 nm that drift by two pixels a frame."""
    rng = np.random.default_rng([5, number])
    y, x = np.mgrid[: shape[0], : shape[1]]
    clean = np.full(shape, 100.0)
    for row, column, radius in ((100, 110, 45), (280, 200, 55), (150, 350, 60)):
        clean[np.hypot(y - row - 2 * number, x - column) < radius] = 60
    return Frame(
        pixels=rng.poisson(clean).astype(np.uint16),
        source="fake camera",
        sequence=number,
        camera_time_s=100.0 + number,
        pixel_size_nm=pixel_size_nm,
        pixel_size_provenance="unknown" if pixel_size_nm is None else "metadata",
    )


def parts(frame: Frame) -> list[bytes]:
    """A frame as it comes from a socket."""
    return [bytes(part) for part in encode_frame(frame)]


def session(
    networks: Networks | None = None,
    config: AnalysisConfig | None = None,
    publish: Callable[[Snapshot], None] = lambda snapshot: None,
) -> Session:
    """A run that nobody listens to."""
    return Session(networks=networks or fake_networks(), config=config or AnalysisConfig(), publish=publish, run="test")


class ListSource:
    """Gives its messages one by one, then nothing."""

    def __init__(self, messages: Sequence[list[bytes]]) -> None:
        self._messages = list(messages)

    def receive(self, timeout_s: float) -> list[bytes] | None:
        """The next message or None."""
        return self._messages.pop(0) if self._messages else None
