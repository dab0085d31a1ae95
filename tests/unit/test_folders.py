from __future__ import annotations

import pytest

from tap.folders import cache_folder


@pytest.mark.requirement("TST-1")
def test_the_folder_follows_the_base_directory_specification() -> None:
    assert str(cache_folder({"HOME": "/home/me"}, "hcl")) == "/home/me/.cache/tap/hcl"
    environ = {"HOME": "/home/me", "XDG_CACHE_HOME": "/srv/cache"}
    assert str(cache_folder(environ, "providers")) == "/srv/cache/tap/providers"
