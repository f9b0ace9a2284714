"""Golden inputs of a network with the outputs that are expected of it, to bytes and back. Pure.

They lie beside the network (`protocol.model_folder.golden_name`), and the card holds their hash: what
computes a network elsewhere (another processor, a GPU, another runtime) is believed when it gives these outputs.
"""

from __future__ import annotations

import io
import math
import zipfile
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from protocol.errors import ProtocolError

MAX_BYTES = 64 * 1024 * 1024
"""Of both arrays together, unpacked; looked at before anything is."""
NAMES = ("inputs", "outputs")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Golden:
    """What a network was given, and what it answered where it was made."""

    inputs: NDArray[np.float32]
    """(n, c, h, w); every value is one that half precision has."""
    outputs: NDArray[np.float32]
    """(n, k) logits of a classifier, (n, k, h, w) probabilities of a detector."""

    def __post_init__(self) -> None:
        """Check shapes and numbers.

        Raises:
            ProtocolError: they are not those of a network's inputs and outputs.
        """
        if self.inputs.ndim != 4 or len(self.inputs) == 0 or len(self.outputs) != len(self.inputs):
            raise ProtocolError(
                f"golden inputs (n, c, h, w) and as many outputs were promised, "
                f"got {self.inputs.shape} and {self.outputs.shape}"
            )
        if not (np.isfinite(self.inputs).all() and np.isfinite(self.outputs).all()):
            raise ProtocolError("golden inputs and outputs are finite; these are not")


def golden_to_bytes(golden: Golden) -> bytes:
    """A compressed .npz; inputs are kept in half precision.

    Raises:
        ProtocolError: an input is not a value of half precision.
    """
    half = golden.inputs.astype(np.float16)
    if not np.array_equal(half.astype(np.float32), golden.inputs):
        raise ProtocolError("golden inputs must be values of half precision: round them before the network sees them")
    content = io.BytesIO()
    np.savez_compressed(content, inputs=half, outputs=golden.outputs.astype(np.float32))
    return content.getvalue()


def golden_from_bytes(content: bytes) -> Golden:
    """The golden inputs and outputs of a file's content.

    Raises:
        ProtocolError: it is no golden file, or too large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if (size := sum(member.file_size for member in archive.infolist())) > MAX_BYTES:
                raise ProtocolError(f"golden file: at most {MAX_BYTES} bytes are allowed, it unpacks to {size}")
            inputs, outputs = (_array(archive, name) for name in NAMES)
    except ProtocolError:
        raise
    except Exception as error:  # whatever zipfile, zlib and numpy's parser make of hostile bytes
        text = f"{type(error).__name__}: {error}"[:200]
        raise ProtocolError(f"golden file: an .npz with {' and '.join(NAMES)} was promised ({text})") from error
    if inputs.dtype.kind != "f" or outputs.dtype.kind != "f":
        raise ProtocolError(f"golden file: floating-point arrays were promised, got {inputs.dtype}, {outputs.dtype}")
    return Golden(inputs=inputs.astype(np.float32), outputs=outputs.astype(np.float32))


def _array(archive: zipfile.ZipFile, name: str) -> NDArray[np.generic]:
    """One array of an .npz, of the shape that its header claims and its bytes have.

    Raises:
        ProtocolError: it claims more than is there; nothing is allocated for a claim.
    """
    with archive.open(f"{name}.npy") as member:
        content = member.read(MAX_BYTES + 1)
    header = io.BytesIO(content)
    version = np.lib.format.read_magic(header)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, column_first, dtype = read(header)
    data = content[header.tell() :]
    if dtype.kind != "f" or column_first or math.prod(shape) * dtype.itemsize != len(data):
        raise ProtocolError(f"golden file: {name} of {dtype} {shape} is not what its {len(data)} bytes are")
    return np.frombuffer(data, dtype=dtype).reshape(shape)
