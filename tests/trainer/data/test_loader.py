"""A window of shards that moves on with the steps, from a dataset that is complete or still growing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trainer.striped import DESCRIPTION, forget_description, striped, write_striped
from trainer.data.dataset import Patches, read_maps, read_patches, shard_path, shards_of, write_shard
from trainer.data.description import LegacyWarning
from trainer.data.geometry import LEGACY_GEOMETRY
from trainer.data.loader import ShardWindow, batch, map_loader, patch_loader
from trainer.data.samples import Samples

EVERY = ShardWindow(shards=2, width=2, start=2, steps_per_shard=1)
OTHER_GEOMETRY = replace(LEGACY_GEOMETRY, classifier=replace(LEGACY_GEOMETRY.classifier, pixel_size_nm=0.06))


def test_the_window_grows_then_moves_then_stays() -> None:
    window = ShardWindow(shards=4, width=2, start=1, steps_per_shard=10)
    assert [list(window.at(step)) for step in (0, 9, 10, 20, 30, 1000)] == [[0], [0], [0, 1], [1, 2], [2, 3], [2, 3]]


def test_a_window_that_cannot_begin_is_refused() -> None:
    with pytest.raises(ValueError, match="start <= shards"):
        ShardWindow(shards=2, width=5, start=3, steps_per_shard=1)


def test_the_loader_waits_for_a_shard_that_is_not_there_yet(tmp_path: Path) -> None:
    def renders_meanwhile(seconds: float) -> None:
        write_shard(tmp_path / "shard-00000.npz", striped(4, np.random.default_rng(1)), DESCRIPTION)

    window = ShardWindow(shards=1, width=1, start=1, steps_per_shard=1)
    loader = patch_loader([shard_path(tmp_path, 0)], window)
    loader.sleep = renders_meanwhile
    (shard,) = loader.shards(0)
    assert isinstance(shard, Patches)
    assert len(shard.patches) == 4


def test_maps_of_any_size_make_one_batch_that_says_what_is_real(bank: Path) -> None:
    maps = read_maps([bank / "shard-00000.npz"])
    inputs, wanted = batch([maps], 6, np.random.default_rng(1))
    assert inputs.shape[:2] == (6, 2)
    assert wanted.shape == (6, 4, *inputs.shape[2:])
    assert set(np.unique(wanted[:, 3])) == {0.0, 1.0}
    assert (wanted[:, :3] <= 1).all()


def two_shards(folder: Path, **changes: object) -> list[Path]:
    """Two shards, of whose descriptions the second has changes."""
    write_striped(folder, 1)
    second = replace(DESCRIPTION, **changes)  # type: ignore[arg-type]
    write_shard(shard_path(folder, 1), striped(4, np.random.default_rng(1)), second)
    return [shard_path(folder, number) for number in (0, 1)]


def test_a_shard_of_another_geometry_is_refused(tmp_path: Path) -> None:
    paths = two_shards(tmp_path, geometry=OTHER_GEOMETRY)
    for loader in (patch_loader(paths, EVERY), map_loader(paths, EVERY)):
        with pytest.raises(
            ValueError, match=r"shard-00000\.npz and .*shard-00001\.npz, differ in their geometry: .*0\.06"
        ):
            loader.shards(0)


def test_a_shard_whose_labels_mean_something_else_is_refused_to_a_classifier_alone(tmp_path: Path) -> None:
    paths = two_shards(tmp_path, classes=("down", "up"))
    with pytest.raises(ValueError, match="differ in what their labels mean: up, down; down, up"):
        patch_loader(paths, EVERY).shards(0)
    assert len(map_loader(paths, EVERY).shards(0)) == 2


def test_a_shard_of_before_november_2026_is_read_aloud_beside_one_that_says_the_same(tmp_path: Path) -> None:
    paths = two_shards(tmp_path)
    forget_description(paths[0])
    loader = patch_loader(paths, EVERY)
    with pytest.warns(
        LegacyWarning, match=r"1 of 1 shards do not say their geometry .* 128 px of 0\.075 nm by patch-v1"
    ):
        assert len(loader.shards(0)) == 2
    assert loader.description().classes == DESCRIPTION.classes
    assert loader.recipes == {"ab12"}


def test_a_window_beyond_the_shards_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a window over 2 shards was promised, there are 1"):
        patch_loader([tmp_path / "shard-00000.npz"], EVERY)


@given(
    shards=st.integers(1, 30),
    width=st.integers(1, 30),
    start=st.integers(1, 30),
    pace=st.integers(1, 7),
    data=st.data(),
)
def test_a_window_is_never_empty_never_wider_than_it_may_be_and_never_goes_back(
    shards: int, width: int, start: int, pace: int, data: st.DataObject
) -> None:
    if start > width or start > shards:
        with pytest.raises(ValueError, match="need 0 < start <= width"):
            ShardWindow(shards=shards, width=width, start=start, steps_per_shard=pace)
        return
    window = ShardWindow(shards=shards, width=width, start=start, steps_per_shard=pace)
    step = data.draw(st.integers(0, 500))
    now, then = window.at(step), window.at(step + 1)
    assert 0 < len(now) <= width
    assert 0 <= now.start < now.stop <= shards
    assert now.start <= then.start <= now.start + 1
    assert now.stop <= then.stop <= now.stop + 1
    assert window.at(pace * shards).stop == shards  # by then every shard was taken in


def test_a_shard_is_read_once_and_given_up_when_the_window_has_left_it(bank: Path) -> None:
    read: list[str] = []
    loader = patch_loader(shards_of(bank), ShardWindow(shards=3, width=2, start=1, steps_per_shard=2))
    plain = loader.read
    loader.read = lambda paths: (read.extend(path.name for path in paths), plain(paths))[1]
    numbers = [len(loader.shards(step)) for step in range(8)]
    assert numbers == [1, 1, 2, 2, 2, 2, 2, 2]
    assert read == [f"shard-0000{n}.npz" for n in range(3)]
    assert len(loader._held) == 2


def test_the_labels_of_a_batch_are_those_of_its_patches() -> None:
    """Every patch holds its label, which no turn changes; noise and contrast are small beside it."""
    labels = np.arange(40) % 4
    rows = np.repeat(np.sign(np.arange(64) - 31.5)[None], 64, 0)
    held = Patches(patches=(labels[:, None, None] * 20 + rows).astype(np.float16), metadata={"label": labels})
    inputs, wanted = batch([held], 64, np.random.default_rng(3))
    assert inputs.shape == (64, 1, 64, 64)
    assert wanted.shape == (64,)
    assert len(set(wanted)) == 4
    order = np.argsort(inputs.mean((1, 2, 3)))
    assert (np.diff(wanted[order]) >= 0).all()


def test_the_maps_of_a_batch_are_turned_with_their_channels(bank: Path) -> None:
    """Here the particle map is the first channel, so it must be so after every turn and every padding."""
    inputs, wanted = batch([read_maps([bank / "shard-00000.npz"])], 32, np.random.default_rng(5))
    np.testing.assert_allclose(inputs[:, 0], wanted[:, 0], atol=1e-3)
    assert (wanted[:, 0] <= wanted[:, 3]).all()  # a particle lies where the sample is real
    assert len({one.tobytes() for one in wanted}) > 4


def test_the_same_chance_gives_the_same_batch(bank: Path) -> None:
    held = read_patches([bank / "shard-00000.npz"])
    (one, label), (two, same), (other, _) = (batch([held], 4, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(label, same)
    assert (one != other).any()


def test_a_shard_without_samples_is_passed_over_and_none_with_samples_is_refused(bank: Path) -> None:
    write_shard(shard_path(bank, 3), Samples(), DESCRIPTION)
    full, empty = (read_patches([shard_path(bank, number)]) for number in (0, 3))
    inputs, _ = batch([empty, full, empty], 8, np.random.default_rng(1))
    assert inputs.shape == (8, 1, 128, 128)
    # The draws are those of the shards that hold samples: empty ones change no batch.
    np.testing.assert_array_equal(inputs, batch([full], 8, np.random.default_rng(1))[0])
    with pytest.raises(ValueError, match="a batch of 8 samples was promised, none of 2 shards in use holds one"):
        batch([empty, empty], 8, np.random.default_rng(1))
