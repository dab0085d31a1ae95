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
        ours, theirs = self.spans, other.spans
        if ours is theirs or not ours:
            return self
        if not theirs:
            return other
        # What lets everything pass is met most often, and need not be gone through.
        if len(theirs) == 1 and theirs[0][0] <= ours[0][0] and ours[-1][1] <= theirs[0][1]:
            return self
        if len(ours) == 1 and ours[0][0] <= theirs[0][0] and theirs[-1][1] <= ours[0][1]:
            return other
        found: list[Span] = []
        mine = yours = 0
        while mine < len(ours) and yours < len(theirs):
            first, last = ours[mine]
            start, end = theirs[yours]
            if start <= last and first <= end:
                found.append((max(start, first), min(end, last)))
            if last < end:
                mine += 1
            else:
                yours += 1
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
        surely = self.surely & other.surely
        if self.surely is self.perhaps and other.surely is other.perhaps:
            return Bounds(surely, surely)
        return Bounds(surely, self.perhaps & other.perhaps)

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


def bounded(surely: Ranges, perhaps: Ranges) -> Bounds:
    """Return the bounds of a set; two that are equal are one, so that it is gone through once."""
    return exactly(perhaps) if surely == perhaps else Bounds(surely, perhaps)


IMPOSSIBLE = Bounds(NOTHING, NOTHING)
