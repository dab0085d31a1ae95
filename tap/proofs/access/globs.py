"""Patterns with ``*`` and ``?`` as IAM has them: matching, and exact questions about sets of them.

A question such as "is there a text that this pattern takes and those do not" is decided for all
texts at once. All patterns run side by side over every possible text; two texts that lead to the
same state are the same to all of them, so that one of each is enough. The states are few, because
a pattern of n characters has n + 1 places.

Source of the wildcards:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from tap.errors import PolicyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# Policies of a whole stack need some thousands; only patterns made for it reach this.
_MOST_STATES = 200_000
# What stands for "any character that no pattern names" in an example.
_FILLERS = "xyzabcdefghijklmnopqrstuvwXYZABCDEFGHIJKLMNOPQRSTUVW0123456789~^|;<>&"
_OUTSIDE_ASCII = 0x100


@dataclass(frozen=True, kw_only=True)
class Example:
    """One text, for all texts that the same patterns take.

    Attributes:
        text: The shortest of them.
        taken: The patterns that take it.
    """

    text: str
    taken: frozenset[str]


@lru_cache(maxsize=4096)
def _expression(pattern: str) -> re.Pattern[str]:
    signs = {"*": ".*", "?": "."}
    return re.compile("".join(signs.get(sign, re.escape(sign)) for sign in pattern), re.DOTALL)


def _one_star(row: re.Match[str]) -> str:
    return row.group().replace("*", "") + "*"


def matches(pattern: str, text: str) -> bool:
    """Tell whether a pattern takes a whole text; letters of both cases differ."""
    return _expression(pattern).fullmatch(text) is not None


def examples(within: Iterable[str], patterns: Iterable[str]) -> tuple[Example, ...]:
    """Return one text of every kind that the patterns can tell apart.

    Args:
        within: Only texts that at least one of these takes.
        patterns: What tells texts apart, besides those.

    Raises:
        PolicyError: The patterns are so entangled that there is no answer in reasonable time.
    """
    return _examples(tuple(dict.fromkeys(within)), frozenset(patterns))


@lru_cache(maxsize=256)
def _examples(inside: tuple[str, ...], patterns: frozenset[str]) -> tuple[Example, ...]:
    return _Machine(tuple(sorted({*inside, *patterns}))).examples(inside)


def intersect(one: str, other: str) -> bool:
    """Tell whether any text is taken by both."""
    return any(other in found.taken for found in examples([one], [other]))


def contains(outer: Sequence[str], inner: str) -> bool:
    """Tell whether everything that ``inner`` takes is taken by at least one of ``outer``."""
    known = frozenset(outer)
    return all(found.taken & known for found in examples([inner], outer))


class _Machine:
    """All patterns at once; a state is the set of places they have reached, as bits."""

    def __init__(self, patterns: tuple[str, ...]) -> None:
        self.start = 0
        self.loops = 0
        self.ends: dict[int, str] = {}
        self.signs: list[str] = []
        self.by_sign: dict[str, int] = {}
        self.spans: dict[str, int] = {}
        for pattern in patterns:
            self._add(pattern)
        self.accepting = sum(1 << bit for bit in self.ends)
        self.literals = sum(bits for sign, bits in self.by_sign.items() if sign != "?")
        self.start = self._closed(self.start)
        self.filler = self._filler()

    def _add(self, pattern: str) -> None:
        first = len(self.signs)
        self.start |= 1 << first
        # A row of stars says no more than one, behind all question marks of the row.
        for sign in re.sub(r"[*?]*\*[*?]*", _one_star, pattern):
            bit = 1 << len(self.signs)
            if sign == "*":
                self.loops |= bit
            else:
                self.by_sign[sign] = self.by_sign.get(sign, 0) | bit
            self.signs.append(sign)
        self.ends[len(self.signs)] = pattern
        self.signs.append("")
        self.spans[pattern] = (1 << len(self.signs)) - (1 << first)

    def _filler(self) -> str:
        used = self.by_sign.keys()
        codes = range(_OUTSIDE_ASCII, _OUTSIDE_ASCII + len(used) + 1)
        unused = (sign for sign in _FILLERS + "".join(map(chr, codes)) if sign not in used)
        return next(unused)

    def _closed(self, state: int) -> int:
        return state | (state & self.loops) << 1

    def _after(self, state: int) -> Iterator[tuple[str, int]]:
        """Yield every state that another character leads to, with one such character.

        In a fixed order, so that the examples are the same in every run.
        """
        staying = state & self.loops
        anything = state & self.by_sign.get("?", 0)
        yield self.filler, self._closed(anything << 1 | staying)
        moves: dict[str, int] = {}
        left = state & self.literals
        while left:
            lowest = left & -left
            sign = self.signs[lowest.bit_length() - 1]
            moves[sign] = moves.get(sign, anything) | lowest
            left ^= lowest
        for sign in sorted(moves) if len(moves) > 1 else moves:
            yield sign, self._closed(moves[sign] << 1 | staying)

    def examples(self, inside: tuple[str, ...]) -> tuple[Example, ...]:
        alive = 0
        for pattern in inside:
            alive |= self.spans[pattern]
        seen = {self.start}
        pending = deque([(self.start, "")])
        found: dict[int, str] = {}
        while pending:
            state, text = pending.popleft()
            taken = state & self.accepting
            if taken & alive:
                found.setdefault(taken, text)
            for sign, after in self._after(state):
                if after & alive and after not in seen:
                    seen.add(after)
                    pending.append((after, text + sign))
            if len(seen) > _MOST_STATES:
                raise PolicyError(
                    f"the patterns of the policies are too entangled: {', '.join(inside)}",
                    "use fewer wildcards in the middle of resources and actions",
                )
        return tuple(
            Example(
                text=text,
                taken=frozenset(p for bit, p in self.ends.items() if taken >> bit & 1),
            )
            for taken, text in found.items()
        )
