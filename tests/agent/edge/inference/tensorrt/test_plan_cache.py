"""Plans of this machine and this user, and of nobody else."""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from agent.edge.errors import EdgeError
from agent.edge.inference.tensorrt.plan_cache import DIGEST_BYTES, MOST_FILES, Key, PlanCache, cache_folder

KEY = Key(
    onnx_sha256="a" * 64,
    module="tensorrt",
    version="11.4",
    gpu="NVIDIA Test",
    capability="8.9",
    driver="580",
    profile="1",
)
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps LOCALAPPDATA from other users by itself")


@pytest.fixture
def cache(tmp_path: Path) -> PlanCache:
    return PlanCache(tmp_path / "beamside" / "engines")


def test_the_cache_lies_where_the_platform_keeps_caches() -> None:
    home = Path("/home/a")
    assert cache_folder({"XDG_CACHE_HOME": "/fast"}, "linux", home) == Path("/fast/beamside/engines")
    assert cache_folder({"XDG_CACHE_HOME": "relative"}, "linux", home) == home / ".cache/beamside/engines"
    assert cache_folder({}, "linux", home) == home / ".cache/beamside/engines"
    assert cache_folder({}, "darwin", home) == home / "Library/Caches/beamside/engines"
    assert cache_folder({"LOCALAPPDATA": "/l"}, "win32", home) == Path("/l/beamside/engines")
    with pytest.raises(EdgeError, match="LOCALAPPDATA is not set"):
        cache_folder({}, "win32", home)


@pytest.mark.parametrize("field", list(Key.__dataclass_fields__))
def test_every_field_of_the_key_makes_another_file(field: str) -> None:
    assert replace(KEY, **{field: "other"}).file_name() != KEY.file_name()


def test_what_was_stored_comes_back_until_it_is_damaged(cache: PlanCache) -> None:
    assert cache.load(KEY) is None
    path = cache.store(KEY, b"plan")
    assert cache.load(KEY) == b"plan"
    assert cache.load(replace(KEY, driver="590")) is None
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert cache.load(KEY) is None


def test_the_cache_does_not_grow_without_bound(cache: PlanCache) -> None:
    for n in range(MOST_FILES + 3):
        cache.store(replace(KEY, profile=str(n)), b"plan")
    assert len(list(cache.folder.iterdir())) == MOST_FILES


@posix
def test_only_the_user_can_read_or_write_the_cache(cache: PlanCache) -> None:
    path = cache.store(KEY, b"plan")
    assert [stat.S_IMODE(p.stat().st_mode) for p in (cache.folder.parent, cache.folder, path)] == [0o700, 0o700, 0o600]


@posix
@pytest.mark.parametrize("mode", [0o770, 0o707])
def test_a_cache_that_others_can_write_to_is_refused(cache: PlanCache, mode: int) -> None:
    path = cache.store(KEY, b"plan")
    path.chmod(mode)
    with pytest.raises(EdgeError, match="can be written to by others"):
        cache.load(KEY)
    cache.folder.chmod(mode)
    with pytest.raises(EdgeError, match="can be written to by others"):
        PlanCache(cache.folder)


@posix
def test_a_cache_of_another_user_is_refused(cache: PlanCache, monkeypatch: pytest.MonkeyPatch) -> None:
    path = cache.store(KEY, b"plan")
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(EdgeError, match="belongs to user"):
        cache.load(KEY)
    with pytest.raises(EdgeError, match="belongs to user"):
        PlanCache(cache.folder)


@posix
def test_a_link_is_no_cache(tmp_path: Path, cache: PlanCache) -> None:
    (tmp_path / "elsewhere").symlink_to(cache.folder)
    with pytest.raises(EdgeError, match="is a link, not a folder"):
        PlanCache(tmp_path / "elsewhere")
    path = cache.store(KEY, b"plan")
    path.rename(tmp_path / "plan")
    path.symlink_to(tmp_path / "plan")
    with pytest.raises(EdgeError, match=path.name):
        cache.load(KEY)


@pytest.mark.parametrize("kept", [0, 1, DIGEST_BYTES - 1, DIGEST_BYTES, DIGEST_BYTES + 3])
def test_a_file_cut_short_anywhere_is_as_good_as_none(cache: PlanCache, kept: int) -> None:
    path = cache.store(KEY, b"plan")
    path.write_bytes(path.read_bytes()[:kept])
    assert cache.load(KEY) is None


def test_the_plan_that_was_used_last_is_not_the_one_that_makes_room(cache: PlanCache) -> None:
    used = replace(KEY, profile="used")
    first = cache.store(used, b"first")
    os.utime(first, (1, 1))
    for n in range(MOST_FILES - 1):
        os.utime(cache.store(replace(KEY, profile=str(n)), b"plan"), (10 + n, 10 + n))
    assert cache.load(used) == b"first"
    cache.store(replace(KEY, profile="one more"), b"plan")
    assert cache.load(used) == b"first"
    assert cache.load(replace(KEY, profile="0")) is None


@posix
def test_a_folder_where_a_plan_should_be_is_named(cache: PlanCache) -> None:
    (cache.folder / KEY.file_name()).mkdir(mode=0o700)
    with pytest.raises(EdgeError, match=r"tensorrt-.* is no file: nothing is loaded from there"):
        cache.load(KEY)
    with pytest.raises(EdgeError, match=KEY.file_name()):
        cache.store(KEY, b"plan")
    assert [p.name for p in cache.folder.iterdir()] == [KEY.file_name()], "no half-written file is left"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "beamside").write_text("a file")
    with pytest.raises(EdgeError, match=r"cannot hold plans and timings: (File exists|Not a directory)"):
        PlanCache(tmp_path / "beamside" / "engines")
