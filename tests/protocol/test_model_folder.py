"""The contract of a model folder: names, the cards that belong in it, and which network may stand in for another."""

from __future__ import annotations

from dataclasses import replace

import pytest

from protocol.errors import ProtocolError
from protocol.model_folder import (
    LARGEST_LOSS_POINTS,
    LOSS_MEASURE,
    SIGNATURES,
    card_name,
    check_card,
    golden_name,
    network_name,
    why_not_instead,
)
from tests.fakes import fake_networks

FULL = replace(fake_networks().classifier_card, model_sha256="f" * 64)
COMPRESSED = replace(
    FULL,
    precision="int8",
    model_sha256="c" * 64,
    made_of_sha256=FULL.model_sha256,
    measures={LOSS_MEASURE: LARGEST_LOSS_POINTS},
    golden_sha256="a" * 64,
    golden_tolerance=0.1,
)


def test_the_files_of_a_network_have_one_stem() -> None:
    assert [name("classifier") for name in (network_name, card_name, golden_name)] == [
        "classifier.onnx",
        "classifier.json",
        "classifier.golden.npz",
    ]
    assert [name("detector", "int8") for name in (network_name, card_name, golden_name)] == [
        "detector.int8.onnx",
        "detector.int8.json",
        "detector.int8.golden.npz",
    ]


def test_a_card_belongs_where_it_lies() -> None:
    check_card(FULL, "classifier", "fp32")
    check_card(fake_networks().detector_card, "detector", "fp32")


@pytest.mark.parametrize(
    ("card", "role", "precision", "message"),
    [
        (FULL, "detector", "fp32", "the card of a classifier, where a detector's belongs"),
        (FULL, "classifier", "int8", "the card of a network in fp32, where one in int8 belongs"),
        (replace(FULL, channels=3), "classifier", "fp32", "a classifier takes 1 channels, the card promises 3"),
        (
            replace(fake_networks().detector_card, classes=("particle", "border", "centre")),
            "detector",
            "fp32",
            r"a detector's classes are \('particle', 'centre', 'border'\), the card names",
        ),
    ],
)
def test_a_card_that_does_not_belong_is_refused(card: object, role: str, precision: str, message: str) -> None:
    with pytest.raises(ProtocolError, match=message):
        check_card(card, role, precision)  # type: ignore[arg-type]


def test_a_compressed_network_at_the_limit_may_serve() -> None:
    assert why_not_instead(COMPRESSED, FULL) == ""


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"made_of_sha256": "0" * 64}, "it was made of another network than the one beside it"),
        ({"made_of_sha256": ""}, "it was made of another network than the one beside it"),
        ({"measures": {}}, "its card has no accuracy_loss_points"),
        ({"measures": {LOSS_MEASURE: 0.51}}, "it loses 0.51 points of accuracy, more than 0.5"),
        ({"measures": {LOSS_MEASURE: float("nan")}}, "it loses nan points of accuracy, more than 0.5"),
        ({"golden_sha256": ""}, "its card has no golden outputs to check it by"),
    ],
)
def test_a_compressed_network_is_passed_over_with_the_reason(change: dict[str, object], reason: str) -> None:
    assert why_not_instead(replace(COMPRESSED, **change), FULL).startswith(reason)  # type: ignore[arg-type]


def test_every_signature_names_an_input_and_an_output() -> None:
    assert {role: (s.input_name, s.output_name) for role, s in SIGNATURES.items()} == {
        "detector": ("channels", "maps"),
        "classifier": ("patches", "logits"),
    }
