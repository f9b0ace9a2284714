"""Rotations: uniform on SO(3), lengths and hands, the angle to a zone axis."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import kstest

from simulator.specimen.orientation import angle_to_axes_deg, cubic_axes, matrix, product, random_quaternion
from simulator.specimen.particle import build


def chance_of_uniform(quaternions: NDArray[np.float64]) -> float:
    """Smallest p-value of six marginals: a uniform rotation carries any axis to a uniform point of the sphere (each of
    its coordinates is uniform: Archimedes), and turns by an angle a of distribution (a - sin a) / pi."""
    turned = np.array([matrix(q) for q in quaternions])
    angles = 2 * np.arccos(np.clip(np.abs(quaternions[:, 0]), 0, 1))
    chances = [kstest(angles, lambda a: (a - np.sin(a)) / np.pi).pvalue]
    for row, column in ((0, 2), (1, 2), (2, 2), (2, 0), (2, 1)):
        chances.append(kstest(turned[:, row, column], "uniform", args=(-1, 2)).pvalue)
    return float(min(chances))


def tilted(theta: float, phi: float, psi: float) -> NDArray[np.float64]:
    """Quaternion of Rz(phi) Ry(theta) Rz(psi)."""
    c, s = np.cos(theta / 2), np.sin(theta / 2)
    plus, minus = (phi + psi) / 2, (phi - psi) / 2
    return np.array([c * np.cos(plus), -s * np.sin(minus), s * np.cos(minus), c * np.sin(plus)])


def test_bug_5_orientations_that_are_not_uniform_on_so3_are_seen() -> None:
    rng = np.random.default_rng(12)
    assert chance_of_uniform(np.array([random_quaternion(rng) for _ in range(3000)])) > 0.01
    assert chance_of_uniform(np.array([build("cube", "Au", 1.2, rng).quaternion for _ in range(400)])) > 0.01


def test_bug_5_a_tilt_that_is_uniform_in_angle_is_found_out() -> None:
    """theta ~ U(0, pi) crowds the poles, a bug that a sister code found in itself; cos theta ~ U(-1, 1) does not."""
    rng = np.random.default_rng(12)
    theta, phi, psi = rng.uniform(0, [np.pi, 2 * np.pi, 2 * np.pi], (3000, 3)).T
    assert chance_of_uniform(np.array([tilted(*angles) for angles in zip(theta, phi, psi, strict=True)])) < 1e-6
    right = np.arccos(1 - 2 * theta / np.pi)
    assert chance_of_uniform(np.array([tilted(*angles) for angles in zip(right, phi, psi, strict=True)])) > 0.01
    two = np.array([tilted(*angles, 0.0) for angles in zip(right, phi, strict=True)])
    assert chance_of_uniform(two) < 1e-6, "without the third angle a rotation is not uniform either"


def test_a_rotation_keeps_lengths_and_hands() -> None:
    rotation = matrix(random_quaternion(np.random.default_rng(5)))
    assert np.allclose(rotation @ rotation.T, np.eye(3))
    assert np.linalg.det(rotation) == pytest.approx(1)


def test_the_angle_to_the_zone_axis_is_zero_along_one_and_never_above_half_that_of_100_and_111() -> None:
    """<100> and <111> are 54.7 degrees apart; the farthest point of the triangle is 27.4 from its corners."""
    assert angle_to_axes_deg(cubic_axes(), np.eye(3)) == pytest.approx(0, abs=1e-5)
    worst = max(
        angle_to_axes_deg(cubic_axes(), matrix(random_quaternion(np.random.default_rng(n)))) for n in range(400)
    )
    assert 25 < worst < 27.9


def test_the_angle_to_the_zone_axis_of_a_single_crystal_is_that_of_the_folded_beam() -> None:
    """The beam in the crystal's own frame, its coordinates sorted: 100, 110 and 111 are then written by hand."""
    for seed in range(20):
        particle = build("cuboctahedron", "Au", 1.5, np.random.default_rng(seed))
        low, middle, high = np.sort(np.abs(matrix(particle.quaternion).T @ [0, 0, 1]))
        along = max(high, (middle + high) / 2**0.5, (low + middle + high) / 3**0.5)
        assert particle.zone_angle_deg == pytest.approx(np.degrees(np.arccos(along)), abs=1e-6)


def test_products_of_quaternions_are_products_of_matrices() -> None:
    rng = np.random.default_rng(1)
    a, b = (random_quaternion(rng) for _ in range(2))
    assert np.allclose(matrix(product(b, a)), matrix(b) @ matrix(a))
