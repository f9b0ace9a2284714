"""A stack of any depth to its images, in order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.edge.errors import EdgeError
from agent.edge.files.images import stack_of


@given(st.lists(st.integers(1, 3), min_size=2, max_size=5))
def test_every_pixel_is_in_exactly_one_image_and_in_its_place(shape: list[int]) -> None:
    stack = np.arange(np.prod(shape)).reshape(shape)
    images = stack_of(stack)
    assert all(image.shape == tuple(shape[-2:]) for image in images)
    assert np.array_equal(np.concatenate([image.ravel() for image in images]), stack.ravel())


@pytest.mark.parametrize("shape", [(), (7,)])
def test_what_has_no_rows_and_columns_is_no_image(shape: tuple[int, ...]) -> None:
    with pytest.raises(EdgeError, match="an image has two dimensions, got shape"):
        stack_of(np.zeros(shape))
