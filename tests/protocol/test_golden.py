"""Golden files survive their bytes, and what is no golden file is refused before it is unpacked."""

from __future__ import annotations

import contextlib
import io
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from protocol import golden
from protocol.errors import ProtocolError
from protocol.golden import Golden, golden_from_bytes, golden_to_bytes


def saved(**arrays: object) -> bytes:
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    return content.getvalue()


@given(
    inputs=hnp.arrays(np.float16, st.just((3, 1, 4, 4)), elements=st.floats(-1000, 1000, width=16)),
    outputs=hnp.arrays(np.float32, st.just((3, 5)), elements=st.floats(-1e6, 1e6, width=32)),
)
def test_a_golden_file_survives_its_bytes(inputs: np.ndarray, outputs: np.ndarray) -> None:
    back = golden_from_bytes(golden_to_bytes(Golden(inputs=inputs.astype(np.float32), outputs=outputs)))
    assert np.array_equal(back.inputs, inputs.astype(np.float32))
    assert np.array_equal(back.outputs, outputs)
    assert back.inputs.dtype == back.outputs.dtype == np.float32


def test_inputs_that_half_precision_would_change_are_refused() -> None:
    third = np.full((1, 1, 2, 2), 1 / 3, dtype=np.float32)
    with pytest.raises(ProtocolError, match="must be values of half precision"):
        golden_to_bytes(Golden(inputs=third, outputs=np.zeros((1, 5), dtype=np.float32)))


GOOD = np.zeros((2, 1, 4, 4), dtype=np.float16)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a zip",
        saved(inputs=GOOD, outputs=np.zeros((2, 5), dtype=np.float32))[:-40],
        saved(inputs=GOOD),
        saved(inputs=GOOD, outputs=np.zeros((3, 5), dtype=np.float32)),
        saved(inputs=GOOD[0], outputs=np.zeros((1, 5), dtype=np.float32)),
        saved(inputs=GOOD[:0], outputs=np.zeros((0, 5), dtype=np.float32)),
        saved(inputs=GOOD, outputs=np.full((2, 5), np.nan, dtype=np.float32)),
        saved(inputs=GOOD, outputs=np.array([["a"] * 5] * 2)),
        saved(inputs=GOOD.astype(np.int64), outputs=np.zeros((2, 5), dtype=np.float32)),
        saved(inputs=np.array([None, 1], dtype=object), outputs=np.zeros((2, 5), dtype=np.float32)),
    ],
)
def test_what_is_no_golden_file_is_a_protocol_error(content: bytes) -> None:
    with pytest.raises(ProtocolError):
        golden_from_bytes(content)


@pytest.mark.parametrize("seed", range(200))
def test_damage_anywhere_is_a_protocol_error_or_harmless(seed: int) -> None:
    """Bytes are changed at random: whatever zipfile, zlib and numpy make of them, nothing else is raised."""
    rng = np.random.default_rng(seed)
    content = bytearray(golden_to_bytes(Golden(inputs=GOOD.astype(np.float32), outputs=np.ones((2, 5), np.float32))))
    for at in rng.integers(0, len(content), 3):
        content[at] = rng.integers(256)
    with contextlib.suppress(ProtocolError):
        golden_from_bytes(bytes(content))


def test_an_array_that_claims_a_terabyte_is_refused_and_nothing_is_allocated() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in ("inputs", "outputs"):
            header = io.BytesIO()
            claim = {"descr": "<f4", "fortran_order": False, "shape": (2, 1, 400_000, 400_000)}
            np.lib.format.write_array_header_1_0(header, claim)
            archive.writestr(f"{name}.npy", header.getvalue() + b"0000")
    with pytest.raises(ProtocolError, match="is not what its 4 bytes are"):
        golden_from_bytes(content.getvalue())


def test_a_file_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golden, "MAX_BYTES", 1000)
    with pytest.raises(ProtocolError, match="at most 1000 bytes are allowed, it unpacks to"):
        golden_from_bytes(saved(inputs=np.zeros((2, 1, 32, 32), np.float16), outputs=np.zeros((2, 5), np.float32)))
