"""What a user is shown of the networks: the released version, and hashes that tell two files apart."""

from __future__ import annotations

from dataclasses import replace

from tests.fakes import fake_networks

FAKE = fake_networks()
DETECTOR = replace(FAKE.detector_card, version="4", model_sha256="d" * 64)
CLASSIFIER = replace(FAKE.classifier_card, version="4", model_sha256="c" * 64)


def test_networks_of_one_release_are_shown_as_one_model() -> None:
    shown = replace(FAKE, detector_card=DETECTOR, classifier_card=CLASSIFIER).model
    assert shown == "model 4 (dddddddd, cccccccc)"


def test_networks_of_two_releases_are_shown_apart() -> None:
    shown = replace(FAKE, detector_card=replace(DETECTOR, version="3"), classifier_card=CLASSIFIER).model
    assert shown == "detector model 3 (dddddddd), classifier model 4 (cccccccc)"


def test_what_was_never_released_is_shown_by_its_name() -> None:
    assert FAKE.model == "fake (00000000, 00000000)"
