"""Sets of whole numbers as ranges, and what is known of a set for certain and at most."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Ranges:
    """A set of whole numbers.

    Attributes:
        spans: First and last number of each range, ascending, with a gap between any two.
    """

    spans: tuple[Span, ...] = ()

    @classmethod
    def of(cls, *spans: Span) -> Ranges:
        """Return the numbers of some ranges, given in any order; an empty range is none."""
        return cls(_joined(span for span in spans if span[0] <= span[1]))

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __contains__(self, number: int) -> bool:
        return any(first <= number <= last for first, last in self.spans)

    def __or__(self, other: Ranges) -> Ranges:
        if not other.spans or self.spans == other.spans:
            return self
        return Ranges(_joined(chain(self.spans, other.spans))) if self.spans else other

    def __and__(self, other: Ranges) -> Ranges:
        if self.spans == other.spans:
            return self
        found: list[Span] = []
        ours, theirs = iter(self.spans), iter(other.spans)
        mine, yours = next(ours, None), next(theirs, None)
        while mine and yours:
            first, last = max(mine[0], yours[0]), min(mine[1], yours[1])
            if first <= last:
                found.append((first, last))
            if mine[1] < yours[1]:
                mine = next(ours, None)
            else:
                yours = next(theirs, None)
        return Ranges(tuple(found))

    def __sub__(self, other: Ranges) -> Ranges:
        if not other.spans or not self.spans:
            return self
        found: list[Span] = []
        for first, last in self.spans:
            start = first
            for gone_first, gone_last in other.spans:
                if gone_last < start or gone_first > last:
                    continue
                if gone_first > start:
                    found.append((start, gone_first - 1))
                start = gone_last + 1
            if start <= last:
                found.append((start, last))
        return Ranges(tuple(found))

    def __ge__(self, other: Ranges) -> bool:
        return not (other - self).spans

    def __le__(self, other: Ranges) -> bool:
        return other >= self

    def meets(self, other: Ranges) -> bool:
        """Tell whether the two have a number in common."""
        return bool((self & other).spans)

    @property
    def first(self) -> int:
        """The smallest number.

        Raises:
            IndexError: There is none.
        """
        return self.spans[0][0]

    def pieces(self, cuts: Sequence[int]) -> tuple[Ranges, ...]:
        """Return the set in parts, such that no range begins or ends inside a part.

        Args:
            cuts: Numbers before which a part may end, ascending.
        """
        found: list[Ranges] = []
        for first, last in self.spans:
            start = first
            for cut in cuts[bisect_right(cuts, first) : bisect_right(cuts, last)]:
                found.append(Ranges(((start, cut - 1),)))
                start = cut
            found.append(Ranges(((start, last),)))
        return tuple(found)

    def cuts(self) -> Iterable[int]:
        """Yield where a range begins, and the number after its end."""
        for first, last in self.spans:
            yield first
            yield last + 1


def _joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return tuple(found)


NOTHING = Ranges()


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is known of a set.

    Attributes:
        surely: What is in it for certain.
        perhaps: What can be in it at most; all of ``surely`` is.
    """

    surely: Ranges
    perhaps: Ranges

    def __and__(self, other: Bounds) -> Bounds:
        return Bounds(self.surely & other.surely, self.perhaps & other.perhaps)

    def __or__(self, other: Bounds) -> Bounds:
        return Bounds(self.surely | other.surely, self.perhaps | other.perhaps)

    def unclear(self) -> Bounds:
        """Return the same with nothing certain."""
        return Bounds(NOTHING, self.perhaps)

    def either(self, other: Bounds) -> Bounds:
        """Return what is known of a set that is one of two."""
        return Bounds(self.surely & other.surely, self.perhaps | other.perhaps)


def exactly(known: Ranges) -> Bounds:
    """Return the bounds of a set that is known."""
    return Bounds(known, known)


IMPOSSIBLE = Bounds(NOTHING, NOTHING)
