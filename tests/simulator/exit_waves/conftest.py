"""A tiny store made once for every module of this folder, in one thread."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from simulator.exit_waves.generate import begin, make_here
from simulator.exit_waves.store import (
    missing,
)
from simulator.recipe import WaveRecipe
from tests.simulator.tiny import write_tiny

CPU = torch.device("cpu")


def ignore(_: int) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[WaveRecipe, Path]:
    """A tiny store made in one go in this process."""
    folder = tmp_path_factory.mktemp("whole")
    recipe = begin(write_tiny(tmp_path_factory.mktemp("recipe")), folder)
    make_here(recipe, folder, missing(recipe, folder), CPU, ignore)
    return recipe, folder
