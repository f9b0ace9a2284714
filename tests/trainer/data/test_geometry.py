"""What is rendered now can be served by this version, and what old files are taken for never changes."""

from __future__ import annotations

import pytest

from agent.core.preprocessing.versions import PREPROCESSING
from protocol.errors import ProtocolError
from protocol.input_geometry import ROLES, InputGeometry, Role
from trainer.data.geometry import LEGACY_GEOMETRY, RENDER_GEOMETRY
from trainer.fit.model import Detector


@pytest.mark.parametrize("role", ROLES)
def test_what_is_rendered_now_is_cut_by_the_preprocessing_that_is_served(role: Role) -> None:
    assert RENDER_GEOMETRY.of(role).preprocessing == PREPROCESSING[role]


def test_the_maps_that_are_rendered_now_can_be_halved_as_often_as_the_detector_halves_them() -> None:
    assert RENDER_GEOMETRY.detector.patch_px % Detector.DIVISOR == 0


def test_old_files_are_taken_for_what_all_of_them_were() -> None:
    assert LEGACY_GEOMETRY.detector == InputGeometry(patch_px=8, pixel_size_nm=0.24, preprocessing="channels-v1")
    assert LEGACY_GEOMETRY.classifier == InputGeometry(patch_px=128, pixel_size_nm=0.075, preprocessing="patch-v1")


def test_there_is_no_geometry_of_what_is_no_role() -> None:
    with pytest.raises(ProtocolError, match="role must be detector or classifier, got 'oracle'"):
        RENDER_GEOMETRY.of("oracle")
