"""What holds for every test: nothing is read from, or left in, the user's own caches, and a run can be repeated.

Property tests draw the same examples in every run, so that whoever changes nothing breaks nothing;
`HYPOTHESIS_PROFILE=search` draws new ones.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

settings.register_profile("repeat", derandomize=True)
settings.register_profile("search", derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeat"))


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> object:
    """Caches of this run and of the processes that it starts (Linux: XDG_CACHE_HOME; Windows: LOCALAPPDATA)."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
            patch.setenv(name, str(tmp_path_factory.mktemp("cache")))
        yield patch
