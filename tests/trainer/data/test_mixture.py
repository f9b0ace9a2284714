"""A mixture gives the very shards that folders of links gave, in their order, and refuses what makes no sense."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.data.mixture import Mixture, MixturePart, read_mixture

RUNS = Path(__file__).parents[3] / "trainer" / "runs"
RENDERED = {
    **{"train": 55, "pale": 35, "small": 6, "far": 8, "farsmall": 6, "strange": 6, "strange4": 6, "task4": 57},
    **{"pale4": 25, "light": 13, "between": 10, "dull": 8, "dullsmall": 3, "dullbetween": 5},
}
"""Shards that second.sh, third.sh and fourth.sh have rendered of each dataset."""
GATHER = r"""
bank=data/bank
gather() { mkdir -p "$bank/$1"; local n=0 f; for f in "${@:2}"; do
  ln -sf "$(realpath "$f")" "$bank/$1/shard-$(printf %05d $n).npz"; n=$((n + 1)); done; }
"""
LINKS = {
    "second_classifier": (
        "gather links $bank/train/shard-*.npz $bank/pale/shard-*.npz",
        {"pale": 20},  # third.sh renders fifteen more afterwards
    ),
    "second_detector": (
        "gather links $bank/train/shard-000[0-3]*.npz $bank/train/shard-0004[0-4].npz $bank/small/shard-*.npz "
        "$bank/small/shard-*.npz",
        {},
    ),
    "second_detector_far": (
        "gather links $bank/far/shard-*.npz $bank/farsmall/shard-*.npz $bank/train/shard-000[01]?.npz "
        "$bank/small/shard-*.npz",
        {},
    ),
    "third": ("gather links $bank/train/shard-*.npz $bank/pale/shard-*.npz $bank/strange/shard-*.npz", {}),
    "fourth": (
        'bright="$bank/pale/shard-0000?.npz $bank/pale/shard-0002[0-9].npz $bank/pale/shard-0003[0-4].npz"\n'
        "gather links $bank/task4/shard-*.npz $bank/pale4/shard-*.npz $bank/light/shard-*.npz $bright $bright "
        "$bank/strange/shard-*.npz $bank/strange4/shard-*.npz $bank/between/shard-*.npz",
        {},
    ),
    "fourth_detector": (
        "gather links $bank/far/shard-*.npz $bank/farsmall/shard-*.npz $bank/train/shard-0000[0-7].npz "
        "$bank/small/shard-*.npz $bank/between/shard-0000[01].npz $bank/dull/shard-*.npz $bank/dullsmall/shard-*.npz "
        "$bank/dullbetween/shard-*.npz",
        {},
    ),
}
"""Mixture -> the command that made its links until November 2026, and how many shards there were at that moment."""


@pytest.mark.skipif(shutil.which("bash") is None or shutil.which("realpath") is None, reason="the links need a shell")
@pytest.mark.parametrize("name", sorted(LINKS))
def test_a_mixture_has_the_shard_order_of_the_links_that_it_replaces(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command, fewer = LINKS[name]
    for dataset, count in {**RENDERED, **fewer}.items():
        folder = Path("data/bank") / dataset
        folder.mkdir(parents=True)
        for number in range(count):
            (folder / f"shard-{number:05d}.npz").touch()
    subprocess.run(["bash", "-euc", GATHER + command], check=True)
    links = [path.resolve() for path in sorted(Path("data/bank/links").iterdir())]
    assert len(links) > 0
    assert [path.resolve() for path in read_mixture(RUNS / f"{name}.toml").paths()] == links


def test_every_mixture_of_the_runs_is_compared_with_its_links() -> None:
    assert sorted(path.stem for path in RUNS.glob("*.toml")) == sorted(LINKS)


def test_repeats_take_the_same_shards_in_one_time_after_the_other() -> None:
    part = MixturePart(dataset="pale", shards=((0, 1), (5, 5)), repeats=2)
    assert part.numbers() == [0, 1, 5, 0, 1, 5]
    mixture = Mixture(name="x", folder="data", parts=(part, MixturePart(dataset="far", shards=((3, 3),))))
    assert len(mixture) == 7
    assert mixture.paths()[5:] == [Path("data/pale/shard-00005.npz"), Path("data/far/shard-00003.npz")]


def test_the_identity_changes_with_the_order_and_with_nothing_that_is_not_in_the_mixture() -> None:
    one, other = (MixturePart(dataset=name, shards=((0, 1),)) for name in ("a", "b"))
    there, back = (Mixture(name="x", folder="data", parts=parts) for parts in ((one, other), (other, one)))
    assert there.identity != back.identity
    assert there.identity == Mixture(name="x", folder="data", parts=(one, other)).identity
    assert there.identity.startswith("x ")


GOOD = 'name = "x"\nfolder = "data"\n[[parts]]\ndataset = "a"\nshards = [[0, 3]]\n'


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("", 'colour = "red"\n', "unknown keys colour"),
        ("[[0, 3]]", "[[0, 3]]\nweight = 2", "unknown keys weight"),
        ('folder = "data"\n', "", "missing keys folder"),
        ('name = "x"', 'name = ""', "name must not be empty"),
        ("[[0, 3]]", "[[3, 0]]", r"shards must be 0 <= first <= last <= 99999, got \[3, 0\]"),
        ("[[0, 3]]", "[[-1, 3]]", r"got \[-1, 3\]"),
        ("[[0, 3]]", "[[0, 100000]]", r"got \[0, 100000\]"),
        ("[[0, 3]]", "[]", "must name at least one run of shards"),
        ("[[0, 3]]", "[[0, 3, 5]]", "2 items were promised, got 3"),
        ("[[0, 3]]", "[[0, 1.5]]", "int was promised, got 1.5"),
        ("[[0, 3]]", "[[0, 3]]\nrepeats = 0", "repeats must be 1 to 100, got 0"),
        ("[[0, 3]]", "[[0, 99999]]\nrepeats = 2", "a mixture of 1 to 100000 shards was promised, got 200000"),
        ('dataset = "a"', 'dataset = "../a"', "dataset must be a folder below the mixture's folder"),
        ('dataset = "a"', 'dataset = "/a"', "dataset must be a folder below the mixture's folder"),
        ("[[parts]]", "[[parts", "x.toml: "),
    ],
)
def test_a_mixture_that_makes_no_sense_is_refused(old: str, new: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(GOOD, "utf-8")
    assert len(read_mixture(path)) == 4
    path.write_text(GOOD.replace(old, new) if old else new + GOOD, "utf-8")
    with pytest.raises(ValueError, match=rf"x\.toml: .*{message}" if message != "x.toml: " else message):
        read_mixture(path)


RUNS_OF_SHARDS = st.lists(
    st.tuples(st.integers(0, 500), st.integers(0, 40)).map(lambda run: (run[0], run[0] + run[1])),
    min_size=1,
    max_size=4,
)
PARTS = st.builds(
    MixturePart,
    dataset=st.sampled_from(["pale", "far", "train"]),
    shards=RUNS_OF_SHARDS.map(tuple),
    repeats=st.integers(1, 3),
)


@given(st.lists(PARTS, min_size=1, max_size=4))
def test_a_mixture_is_its_parts_one_after_the_other(parts: list[MixturePart]) -> None:
    mixture = Mixture(name="x", folder="data", parts=tuple(parts))
    alone = [Mixture(name="y", folder="data", parts=(part,)) for part in parts]
    assert mixture.paths() == [path for one in alone for path in one.paths()]
    assert len(mixture) == len(mixture.paths()) == sum(map(len, alone))
    for part, one in zip(parts, alone, strict=True):
        once = Mixture(name="y", folder="data", parts=(replace(part, repeats=1),)).paths()
        assert one.paths() == once * part.repeats


@given(st.lists(PARTS, min_size=1, max_size=3))
def test_a_mixture_written_down_and_read_has_the_same_identity(
    tmp_path_factory: pytest.TempPathFactory, parts: list[MixturePart]
) -> None:
    lines = ['name = "x"', 'folder = "data"']
    for part in parts:
        runs = [list(run) for run in part.shards]
        lines += ["[[parts]]", f'dataset = "{part.dataset}"', f"shards = {runs}", f"repeats = {part.repeats}"]
    path = tmp_path_factory.mktemp("mixture") / "x.toml"
    path.write_text("\n".join(lines), "utf-8")
    assert read_mixture(path).identity == Mixture(name="x", folder="data", parts=tuple(parts)).identity


def test_every_word_of_a_mixture_is_in_its_identity() -> None:
    part = MixturePart(dataset="a", shards=((0, 3),))
    mixture = Mixture(name="x", folder="data", parts=(part,))
    others = [
        replace(mixture, folder="elsewhere"),
        replace(mixture, parts=(replace(part, dataset="b"),)),
        replace(mixture, parts=(replace(part, shards=((0, 4),)),)),
        replace(mixture, parts=(replace(part, repeats=2),)),
        # The same shards, said in two runs: what was read is what is named.
        replace(mixture, parts=(replace(part, shards=((0, 1), (2, 3))),)),
    ]
    assert len({one.identity for one in (mixture, *others)}) == 6


def test_a_mixture_that_is_no_text_or_not_there_is_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"x\.toml: "):
        read_mixture(path)
    with pytest.raises(FileNotFoundError):
        read_mixture(tmp_path / "y.toml")
