"""The verb `compress`: half-precision and 8-bit networks beside exported ones, where they keep their accuracy."""

from __future__ import annotations

from pathlib import Path

from trainer.data.dataset import shards_of
from trainer.export.compress import compress_folder


def compress(models: Path, dataset: Path, check: Path) -> list[str]:
    """Write every compressed network that holds; a line about each, what it costs or why it was refused.

    Args:
        models: folder that `export` wrote.
        dataset: the training dataset, to calibrate on.
        check: the held-out dataset, to accept by.

    Raises:
        ValueError: a dataset is empty, or was cut with another geometry than a network's card says.
        OSError: `models` holds no exported network, or cannot be written.
    """
    return compress_folder(models, shards_of(dataset), shards_of(check))
