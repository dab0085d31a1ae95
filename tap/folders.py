"""Folders of the user that ``tap`` writes to, outside of any project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def cache_folder(environ: Mapping[str, str], part: str) -> Path:
    """Return where a part of ``tap`` keeps what it can make again.

    Source: https://specifications.freedesktop.org/basedir-spec/latest/

    Args:
        environ: ``XDG_CACHE_HOME``, by default ``.cache`` below ``HOME``.
        part: Name of the part, such as ``providers``.
    """
    home = environ.get("HOME") or str(Path.home())
    base = environ.get("XDG_CACHE_HOME") or f"{home}/.cache"
    return Path(base) / "tap" / part
