"""Whole frames and movies from a recipe alone: what is asked for comes, and the truth lies on the picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulator.cli import main
from simulator.specimen.orientation import matrix

ENVELOPE = (Path(__file__).parents[3] / "simulator" / "recipes" / "task.toml").read_text(encoding="utf-8")
SMALL = (
    ENVELOPE.replace("diameter_nm = [3.8, 8.2]", "diameter_nm = [1.6, 2.2]")
    .replace("film_width_px = 640", "film_width_px = 384")
    .replace("slice_nm = 0.2", "slice_nm = 0.4")
)
SIZE = ["--width-px", "300", "--pixel-size-nm", "0.04", "--film-nm", "1", "--dose", "3000", "--c1-nm", "-8"]


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("recipe") / "small.toml"
    path.write_text(SMALL, encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def movie(recipe: str, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, np.ndarray]]:
    """Five frames in which everything tumbles and some vanish."""
    out = tmp_path_factory.mktemp("movie")
    happens = [
        "--frames",
        "5",
        "--spin-share",
        "0",
        "--tumble-share",
        "1",
        "--tumble-deg",
        "3",
        "--vanish-share",
        "0.7",
    ]
    assert main(["movie", recipe, "--out", str(out), "--particles", "5", *SIZE, *happens]) == 0
    return [dict(np.load(path)) for path in sorted(out.iterdir())]


def test_a_frame_holds_what_was_asked_and_is_the_same_again(recipe: str, tmp_path: Path) -> None:
    for name in ("one.npz", "two.npz"):
        assert main(["frame", recipe, "--out", str(tmp_path / name), "--particles", "6", *SIZE]) == 0
    one, two = (dict(np.load(tmp_path / name)) for name in ("one.npz", "two.npz"))
    assert one["counts"].shape == one["labels"].shape == (300, 300)
    assert (one["film_nm"], one["dose_e_per_a2"], one["c1_nm"]) == (1.0, 3000.0, -8.0)
    assert all(np.array_equal(one[key], two[key]) for key in one)
    assert 3 <= len(one["identity"]) <= 6
    for number, y_px, x_px in zip(one["identity"], one["y_px"], one["x_px"], strict=True):
        assert np.argwhere(one["labels"] == number).mean(0) == pytest.approx((y_px, x_px))


def test_the_lattice_is_seen_where_the_labels_are(recipe: str, tmp_path: Path) -> None:
    """Fringes make the counts on a particle vary more than those on the film: of every whole particle."""
    assert main(["frame", recipe, "--out", str(tmp_path / "one.npz"), "--particles", "6", *SIZE]) == 0
    seen = dict(np.load(tmp_path / "one.npz"))
    film = seen["counts"][seen["labels"] == 0].std()
    whole = seen["identity"][~seen["touches_border"]]
    assert len(whole) >= 2
    for number in whole:
        assert seen["counts"][seen["labels"] == number].std() > 1.2 * film


def test_in_a_movie_a_tumbling_particle_turns_in_truth_and_in_picture(movie: list[dict[str, np.ndarray]]) -> None:
    first, second = movie[:2]
    both = [n for n in first["identity"] if n in second["identity"]]
    assert both
    for number in both:
        one, two = (matrix(f["quaternion"][list(f["identity"]).index(number)]) for f in (first, second))
        assert np.degrees(np.arccos((np.trace(two @ one.T) - 1) / 2)) == pytest.approx(3.0, abs=1e-6)


def test_in_a_movie_a_vanished_particle_leaves_labels_and_picture(movie: list[dict[str, np.ndarray]]) -> None:
    """Where it was, the counts vary as the film's do."""
    first, last = movie[0], movie[-1]
    gone = [
        n
        for n in first["identity"]
        if n not in last["identity"] and not first["touches_border"][first["identity"] == n]
    ]
    assert gone
    assert not np.isin(last["labels"], gone).any()
    film = last["counts"][last["labels"] == 0].std()
    for number in gone:
        assert first["counts"][first["labels"] == number].std() > 1.2 * film
        # The view has drifted by up to a nanometre: the middle of where it was.
        y_px, x_px = (int(first[key][first["identity"] == number][0]) for key in ("y_px", "x_px"))
        there = (slice(max(y_px - 8, 0), y_px + 8), slice(max(x_px - 8, 0), x_px + 8))
        if not last["labels"][there].any():
            assert last["counts"][there].std() < 1.2 * film


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--particles", "-1"], "0 or more"),
        (["--width-px", "0"], "positive size"),
        (["--pixel-size-nm", "0"], "positive"),
    ],
)
def test_a_frame_that_cannot_be_is_refused_in_a_line(
    recipe: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], told: str
) -> None:
    assert main(["frame", recipe, "--out", str(tmp_path / "x.npz"), *more]) == 2
    assert told in capsys.readouterr().err
