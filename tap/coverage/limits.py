"""The least that must be exercised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.coverage.model import Kind
from tap.errors import SettingsError, TapError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap.coverage.model import Coverage

_WHOLE = 100


def parse_limits(texts: Iterable[str]) -> dict[Kind, float]:
    """Read limits such as ``resource=100``.

    Raises:
        SettingsError: One names no kind, or no share.
    """
    limits: dict[Kind, float] = {}
    for text in texts:
        name, _, percent = text.partition("=")
        try:
            kind, limit = Kind(name), float(percent)
        except ValueError:
            kind, limit = Kind.RESOURCE, -1.0
        if not 0 <= limit <= _WHOLE:
            raise SettingsError(
                f"{text!r} is no limit of coverage",
                f"give KIND=PERCENT with one of {', '.join(Kind)} and 0 to 100",
            )
        limits[kind] = limit
    return limits


def check_limits(coverage: Coverage, limits: Mapping[Kind, float]) -> None:
    """Do nothing if every limit is reached.

    Raises:
        TapError: One is not.
    """
    low = [
        f"{kind}s: {found:.1f} % are exercised, {limit:g} % must be"
        for kind, limit in limits.items()
        if (found := coverage.of(kind=kind).percent) < limit
    ]
    if low:
        raise TapError("; ".join(low), "test what the report lists, or lower --fail-under")
