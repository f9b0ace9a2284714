"""A card survives JSON, refuses what no network has, and is read as it was written before."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from protocol.errors import ProtocolError
from protocol.input_geometry import InputGeometry
from protocol.model_card import ModelCard, Provenance
from protocol.model_card_json import card_from_json, card_to_json

CARD = ModelCard(
    name="c",
    role="classifier",
    classes=("cube", "octahedron"),
    geometry=InputGeometry(patch_px=128, pixel_size_nm=0.075, preprocessing="patch-v1"),
    channels=1,
    model_sha256="0" * 64,
    provenance=Provenance(run="a test"),
    confusion=((9.0, 1.0, 0.0), (1, 8, 1)),
)


def test_a_card_survives_json() -> None:
    assert card_from_json(card_to_json(CARD)) == CARD


BAD_CARDS = [
    ({"provenance": {}}, "provenance is empty"),
    ({"provenance": {"run": "x", "steps": "many"}}, "provenance.steps: a number was promised, got 'many'"),
    ({"provenance": {"run": "x", "steps": 1.5}}, "provenance.steps"),
    ({"role": "oracle"}, "role"),
    ({"temperature": 0.0}, "positive"),
    ({"threshold": 1.5}, "threshold must be 0 to 1, got 1.5"),
    ({"golden_sha256": "0" * 64}, "golden outputs need a golden_tolerance above zero"),
    ({"precision": "int4"}, "precision"),
    ({"geometry": {"patch_px": 0, "pixel_size_nm": 0.1, "preprocessing": "patch-v1"}}, "patch_px must be 1 to 4096"),
    ({"geometry": {"patch_px": 128, "pixel_size_nm": -1.0, "preprocessing": "patch-v1"}}, "pixel_size_nm must be"),
    ({"geometry": {"patch_px": 128, "pixel_size_nm": 0.1, "preprocessing": ""}}, "preprocessing must be the name"),
    ({"geometry": {"patch_px": 128, "pixel_size_nm": 0.1}}, "missing keys preprocessing"),
    ({"extras": {"colour": 1}}, "extras: unknown keys colour"),
    ({"colour": 1}, "unknown keys colour"),
]


@pytest.mark.parametrize(("change", "message"), BAD_CARDS)
def test_a_card_that_promises_nothing_is_refused(change: dict[str, object], message: str) -> None:
    text = json.dumps({**json.loads(card_to_json(CARD)), **change})
    with pytest.raises(ProtocolError, match=f"^model card: .*{message}"):
        card_from_json(text)


@pytest.mark.parametrize("text", ["{", "[]", "null", "[" * 100_000])
def test_text_that_is_no_card_is_a_protocol_error(text: str) -> None:
    with pytest.raises(ProtocolError, match="model card: "):
        card_from_json(text)


def test_a_card_of_before_november_2026_is_read_under_its_older_keys() -> None:
    plain = json.loads(card_to_json(replace(CARD, name="fourth")))
    for key in ("geometry", "version", "precision", "made_of_sha256"):
        del plain[key]
    old = {
        **plain,
        "pixel_size_nm": 0.075,
        "patch_px": 128,
        "normalisation": "patch-v1",
        "provenance": {"run": "r.sh", "exit_waves": "36630", "steps": "3000", "error_level": "0.02", "host": "a"},
        "extras": {"precision": "int8", "made_of_sha256": "1" * 64},
    }
    card = card_from_json(json.dumps(old))
    assert card == replace(
        CARD,
        name="fourth",
        version="4",
        precision="int8",
        made_of_sha256="1" * 64,
        provenance=Provenance(run="r.sh", exit_waves=36630, steps=3000, error_level=0.02, notes={"host": "a"}),
    )
    assert card.label == "model 4"
    assert CARD.label == "c"


@pytest.mark.parametrize(
    "change",
    [
        {"classes": ("cube", "cube")},
        {"classes": ("cube", "unknown")},
        {"classes": ("cube", "octa\nhedron")},
        {"classes": ("cube", "x" * 41)},
        {"classes": ()},
        {"confusion": ((1.0,),)},
        {"confusion": ((9.0, 1.0, 0.0),)},
        {"confusion": ((9.0, 1.0, 0.0), (0.0, 0.0, 0.0))},
        {"confusion": ((9.0, -1.0, 0.0), (1.0, 8.0, 1.0))},
        {"confusion": ((9.0, float("nan"), 0.0), (1.0, 8.0, 1.0))},
        {"golden_sha256": "0" * 64, "golden_tolerance": 1e9},
        {"golden_sha256": "0" * 64, "golden_tolerance": float("inf")},
    ],
)
def test_a_card_that_would_mislead_cannot_be_built(change: dict[str, object]) -> None:
    with pytest.raises(ProtocolError, match=r"classes are|confusion is|golden outputs need"):
        replace(CARD, **change)  # type: ignore[arg-type]


def test_a_number_beyond_all_floating_point_numbers_is_refused_in_words() -> None:
    text = card_to_json(CARD).replace('"temperature": 1.0', '"temperature": 1' + "0" * 400)
    with pytest.raises(ProtocolError, match="beyond all floating-point numbers"):
        card_from_json(text)
