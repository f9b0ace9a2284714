"""The geometry that new datasets are cut with, and the one of those that do not say theirs.

Only `beamside-train render` chooses. Everything after it reads the geometry from the dataset or from the checkpoint.
"""

from __future__ import annotations

from agent.core.preprocessing.versions import PREPROCESSING
from protocol.input_geometry import DatasetGeometry, InputGeometry

RENDER_GEOMETRY = DatasetGeometry(
    detector=InputGeometry(patch_px=8, pixel_size_nm=0.24, preprocessing=PREPROCESSING["detector"]),
    classifier=InputGeometry(patch_px=128, pixel_size_nm=0.075, preprocessing=PREPROCESSING["classifier"]),
)
"""Of datasets that are made from now on. A patch of 9.6 nm holds the largest particle with its surroundings."""

LEGACY_GEOMETRY = DatasetGeometry(
    detector=InputGeometry(patch_px=8, pixel_size_nm=0.24, preprocessing="channels-v1"),
    classifier=InputGeometry(patch_px=128, pixel_size_nm=0.075, preprocessing="patch-v1"),
)
"""Of shards and checkpoints made before they said it themselves (November 2026): all of them were cut so. It is a fact
about old files and never changes, whatever is rendered now."""
