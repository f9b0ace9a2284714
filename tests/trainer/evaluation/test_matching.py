"""Which found particle is which true one."""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trainer.evaluation.matching import matched

Centre = tuple[float, float]


def nearest_first(found_px: list[Centre], true_px: list[Centre], reach_px: list[float]) -> dict[int, int]:
    """The rule of reports made before the optimal pairing: the nearest pair is taken, then the nearest of the rest."""
    pairs = sorted(
        (float(np.hypot(*np.subtract(there, here))), f, t)
        for f, here in enumerate(found_px)
        for t, there in enumerate(true_px)
    )
    match: dict[int, int] = {}
    for distance, f, t in pairs:
        if distance < reach_px[t] and f not in match and t not in match.values():
            match[f] = t
    return match


def test_the_order_in_which_particles_were_found_decides_nothing() -> None:
    true_px, reach_px = [(0.0, 0.0), (0.0, 6.0)], [5.0, 5.0]
    # The one at 2.5 is in reach of both, the one at 0.5 of the first only.
    assert matched([(0.0, 2.5), (0.0, 0.5)], true_px, reach_px) == {1: 0, 0: 1}
    assert matched([(0.0, 0.5), (0.0, 2.5)], true_px, reach_px) == {0: 0, 1: 1}


def test_the_reach_is_the_true_one_s_and_its_edge_is_outside() -> None:
    assert matched([(3.0, 4.0)], [(0.0, 0.0)], [5.0]) == {}
    assert matched([(3.0, 4.0)], [(0.0, 0.0)], [5.001]) == {0: 0}
    # Nearer to the small one, but in reach of the large one only.
    assert matched([(0.0, 3.0)], [(0.0, 0.0), (0.0, 8.0)], [2.0, 6.0]) == {0: 1}


def test_nothing_found_and_nothing_true_match_nothing() -> None:
    assert matched([], [(0.0, 0.0)], [5.0]) == matched([(0.0, 0.0)], [], []) == {}


def test_the_most_pairs_are_made_where_the_nearest_first_loses_one() -> None:
    """Between two overlapping particles: taking the nearest pair (distance 1) leaves the other two out of reach."""
    found_px, true_px, reach_px = [(0.0, 1.0), (0.0, -3.5)], [(0.0, 0.0), (0.0, 4.0)], [4.0, 4.0]
    assert nearest_first(found_px, true_px, reach_px) == {0: 0}
    assert matched(found_px, true_px, reach_px) == {0: 1, 1: 0}


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), unique=True, min_size=1, max_size=12),
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), unique=True, max_size=12),
    st.integers(0, 2**31),
)
def test_of_particles_that_do_not_overlap_it_is_the_pairing_of_nearest_first(
    true_cells: list[tuple[int, int]], found_cells: list[tuple[int, int]], seed: int
) -> None:
    """True particles of radius 5 on a grid of 10 pixels: no point is in reach of two. So counts of old reports stay."""
    rng = np.random.default_rng(seed)
    true_px = [(10.0 * y, 10.0 * x) for y, x in true_cells]
    found_px = [tuple(10.0 * np.array(cell) + rng.uniform(-4, 4, 2)) for cell in found_cells]
    reach_px = [5.0] * len(true_px)
    assert matched(found_px, true_px, reach_px) == nearest_first(found_px, true_px, reach_px)


CENTRES = st.lists(st.tuples(st.floats(0, 30), st.floats(0, 30)), max_size=8)


@given(CENTRES, CENTRES, st.floats(0.5, 15), st.randoms(use_true_random=False))
def test_a_match_is_one_to_one_within_reach_and_knows_no_order(
    found_px: list[Centre], true_px: list[Centre], reach_px: float, chance: Random
) -> None:
    match = matched(found_px, true_px, [reach_px] * len(true_px))
    assert len(set(match.values())) == len(match)
    for f, t in match.items():
        assert np.hypot(*np.subtract(found_px[f], true_px[t])) < reach_px
    order = list(range(len(found_px)))
    chance.shuffle(order)
    assert len(matched([found_px[n] for n in order], true_px, [reach_px] * len(true_px))) == len(match)
    # No pair in reach is left where both are free.
    for f in set(range(len(found_px))) - set(match):
        for t in set(range(len(true_px))) - set(match.values()):
            assert np.hypot(*np.subtract(found_px[f], true_px[t])) >= reach_px


@given(CENTRES, CENTRES, st.floats(0.5, 10))
def test_a_longer_reach_and_more_found_particles_make_no_fewer_pairs(
    found_px: list[Centre], true_px: list[Centre], reach_px: float
) -> None:
    near, far = (len(matched(found_px, true_px, [r] * len(true_px))) for r in (reach_px, 2 * reach_px))
    assert near <= far
    assert len(matched(found_px[:-1], true_px, [reach_px] * len(true_px))) <= near


@given(CENTRES)
def test_particles_found_where_they_are_are_all_matched_to_themselves(true_px: list[Centre]) -> None:
    distinct = list(dict.fromkeys(true_px))
    match = matched(distinct, distinct, [1.0] * len(distinct))
    assert len(match) == len(distinct)
    assert sum(np.hypot(*np.subtract(distinct[f], distinct[t])) for f, t in match.items()) == 0
