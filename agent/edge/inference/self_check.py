"""Does a network give here what it gave where it was made? Asked once, when it is loaded, before it is believed.

What differs between machines is found by this, whatever its cause: integer products that saturate, a GPU that rounds
to ten bits (TF32), a half-precision plan, another version of a runtime.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from agent.edge.errors import EdgeError
from agent.edge.inference.model_folder import ModelFile
from protocol.errors import ProtocolError
from protocol.golden import MAX_BYTES, Golden, golden_from_bytes
from protocol.model_card import ModelCard
from protocol.model_folder import golden_name

Network = Callable[[NDArray[np.float32]], NDArray[np.float32]]


class SelfCheckError(EdgeError):
    """A network's outputs here are not those that its card promises."""


def read_golden(file: ModelFile) -> Golden | None:
    """The golden file beside a network; None where the card knows of none.

    Raises:
        EdgeError: it is missing, is not the one that the card names, or is no golden file.
    """
    card = file.card
    if not card.golden_sha256:
        return None
    # Length, then hash, then content: what is not the card's own is never unpacked.
    path = file.path.with_name(golden_name(card.role, card.precision))
    try:
        if not path.is_file():
            raise EdgeError(f"{path}: No such file; the card beside it promises golden outputs")
        if (size := path.stat().st_size) > MAX_BYTES:
            raise EdgeError(f"{path}: at most {MAX_BYTES} bytes are read, it has {size}")
        content = path.read_bytes()
        if (digest := hashlib.sha256(content).hexdigest()) != card.golden_sha256:
            raise EdgeError(f"{path}: the card names {card.golden_sha256[:12]}…, this file is {digest[:12]}…")
        return golden_from_bytes(content)
    except OSError as error:
        raise EdgeError(f"{path}: {error.strerror}; the card beside it promises golden outputs") from error
    except ProtocolError as error:
        raise EdgeError(f"{path}: {error}") from error


def check(network: Network, golden: Golden, card: ModelCard, name: str) -> float:
    """The largest difference from the golden outputs; `name` is the file's, for the error.

    Raises:
        SelfCheckError: it is more than the card allows, or the outputs have another shape.
        EdgeError: the backend does not compute.
    """
    try:
        # A detector takes one map at a time; maps of different sizes never share a golden file.
        outputs = np.concatenate([network(one[None]) for one in golden.inputs])
    except EdgeError:
        raise
    except Exception as error:  # whatever a runtime raises: it does not compute this network here
        text = " ".join(str(error).split())[:300]  # runtimes write paragraphs; a warning is a line
        raise EdgeError(f"{name} does not run: {type(error).__name__}: {text}") from error
    if outputs.shape != golden.outputs.shape:
        raise SelfCheckError(f"{name} gives outputs of {outputs.shape}, its card promises {golden.outputs.shape}")
    difference = float(np.abs(outputs - golden.outputs).max())
    if not difference <= card.golden_tolerance:  # a NaN is refused too
        raise SelfCheckError(
            f"{name} computes wrongly here: off by {difference:.2g}, its card allows {card.golden_tolerance:g}"
        )
    return difference
