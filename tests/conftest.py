"""What holds for every test: nothing is read from, or left in, the user's own caches."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> object:
    """Caches of this run and of the processes that it starts (Linux: XDG_CACHE_HOME; Windows: LOCALAPPDATA)."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
            patch.setenv(name, str(tmp_path_factory.mktemp("cache")))
        yield patch
