"""Values of Terraform, as far as they are known before the apply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable


class Unknown:
    """A value that cannot be worked out."""


class StandIn(str):
    """Text in which an address stands for what AWS will choose: good in templates only."""

    __slots__ = ()


class Complete(dict[Any, Any]):
    """An object or map of which no attribute is left out."""


class Failure(Exception):  # noqa: N818 - what "try" catches
    """An expression that Terraform refuses too, such as an attribute of null."""


class Attributes:
    """Something whose attributes are worked out when they are asked for, and nothing else.

    Args:
        get: Name of an attribute -> its value.
    """

    def __init__(self, get: Callable[[str], Any]) -> None:
        self.get = get


UNKNOWN: Final = Unknown()
