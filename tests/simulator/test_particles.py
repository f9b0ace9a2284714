"""Particles: structure, size, orientation. Numbers a person can check."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.stats import kstest

from simulator.crystals import SHAPES
from simulator.elements import FCC
from simulator.orientation import angle_to_axes_deg, cubic_axes, matrix, random_quaternion
from simulator.particles import build, coordination


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("diameter_nm", [4.0, 5.37])
def test_every_shape_has_the_size_that_was_asked(shape: str, diameter_nm: float) -> None:
    particle = build(shape, "Au", diameter_nm, np.random.default_rng(7))
    assert particle.diameter_nm == pytest.approx(diameter_nm, rel=0.03)
    assert np.abs(particle.positions_nm.mean(0)).max() < 1e-4


@pytest.mark.parametrize("shape", SHAPES)
def test_the_inside_is_close_packed(shape: str) -> None:
    """Twelve neighbours at about a / sqrt 2, nobody nearer than 0.75 of that, in every shape and grain."""
    particle = build(shape, "Au", 5.0, np.random.default_rng(3))
    neighbour_nm = FCC["Au"].neighbour_nm
    assert neighbour_nm == pytest.approx(0.2884, abs=1e-4)
    bonds = coordination(particle.positions_nm.astype(np.float64), neighbour_nm)
    assert (bonds == 12).mean() > 0.6
    assert (bonds > 12).mean() < 0.01
    nearest = cKDTree(particle.positions_nm).query(particle.positions_nm, k=2)[0][:, 1]
    assert nearest.min() > 0.72 * neighbour_nm
    assert nearest.mean() == pytest.approx(0.94 * neighbour_nm, rel=0.04)


def test_sizes_are_independent_of_the_shape() -> None:
    """Mean and spread of the built diameters agree between the classes within the error of the mean."""
    wanted = np.random.default_rng(1).uniform(4, 5, 12)
    for shape in ("cube", "octahedron", "decahedron", "icosahedron"):
        built = [build(shape, "Au", d, np.random.default_rng(9)).diameter_nm for d in wanted]
        assert np.abs(np.array(built) - wanted).max() < 0.15


def test_orientations_are_uniform_on_so3() -> None:
    """A uniform rotation carries any axis to a uniform point of the sphere, and turns by (angle - sin angle) / pi."""
    rng = np.random.default_rng(12)
    quaternions = np.array([random_quaternion(rng) for _ in range(3000)])
    carried = np.array([matrix(q) @ [0, 0, 1] for q in quaternions])
    for axis in range(3):
        assert kstest(carried[:, axis], "uniform", args=(-1, 2)).pvalue > 0.01
    angles = 2 * np.arccos(np.clip(np.abs(quaternions[:, 0]), 0, 1))
    assert kstest(angles, lambda a: (a - np.sin(a)) / np.pi).pvalue > 0.01


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


def test_a_decahedron_has_five_grains_about_one_axis() -> None:
    """Its projection along the five-fold axis has ten-fold symmetric pair directions; a single crystal's has not."""

    def five_fold(shape: str) -> float:
        particle = build(shape, "Au", 5.0, np.random.default_rng(8))
        flat = (particle.positions_nm @ matrix(particle.quaternion))[:, :2]
        pairs = cKDTree(flat).query_pairs(0.26, output_type="ndarray")
        arms = flat[pairs[:, 0]] - flat[pairs[:, 1]]
        arms = arms[np.linalg.norm(arms, axis=1) > 0.18]
        return float(abs(np.mean(np.exp(10j * np.arctan2(arms[:, 1], arms[:, 0])))))

    assert five_fold("decahedron") > 3 * five_fold("cube")


def test_an_icosahedron_is_five_percent_longer_in_its_shells() -> None:
    particle = build("icosahedron", "Au", 6.0, np.random.default_rng(8))
    at = particle.positions_nm.astype(np.float64)
    pairs = cKDTree(at).query_pairs(0.33, output_type="ndarray")
    arms = at[pairs[:, 0]] - at[pairs[:, 1]]
    length = np.linalg.norm(arms, axis=1)
    middle = (at[pairs[:, 0]] + at[pairs[:, 1]]) / 2
    along = np.abs((arms * middle).sum(1) / length / np.linalg.norm(middle, axis=1))
    ratio = length[along < 0.2].mean() / length[along > 0.9].mean()
    assert ratio == pytest.approx(1.0515, abs=0.02)


def test_an_unknown_shape_or_metal_is_named() -> None:
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match="no shape 'egg'"):
        build("egg", "Au", 5.0, rng)
    with pytest.raises(ValueError, match="no fcc metal 'Fe'"):
        build("cube", "Fe", 5.0, rng)
