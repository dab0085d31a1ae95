"""Under which circumstances might a request be allowed: contexts to try, one of every kind.

Conditions on the same key depend on each other, so that it is not enough to look at each of them
alone. For each key that decides, one value of every kind that its conditions tell apart is tried,
and no value.
"""

from __future__ import annotations

import ipaddress
import itertools
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap.proofs.access.conditions import Context, seconds_of
from tap.proofs.access.globs import examples

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap.proofs.access.model import Condition

_Values = tuple[str, ...]

# So many contexts are tried at most; the policies of a stack need some dozens.
_MOST_CONTEXTS = 5_000
# Operators that see nothing of a value but which patterns take it.
_TEXT = {"StringEquals", "StringLike", "StringNotEquals", "StringNotLike", "Null"}
_TRUTH = {"Bool"}
_ABSENT: _Values = ()


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """Contexts to try.

    Attributes:
        contexts: Each of them leaves nothing open.
        complete: Whether there is one of every kind, so that what none of them allows is never
            allowed.
    """

    contexts: tuple[Context, ...]
    complete: bool


def circumstances(conditions: Iterable[Condition], given: Context) -> Circumstances:
    """Return the contexts that differ for some conditions.

    Args:
        conditions: All conditions whose keys are open.
        given: What is known; the rest is free.
    """
    by_key: defaultdict[str, list[Condition]] = defaultdict(list)
    for condition in conditions:
        if not given.known(condition.key):
            by_key[condition.key.lower()].append(condition)
    if any(given.values.get(key, _ABSENT) is None for key in by_key):
        # There is one value, which is not known yet; trying others would answer another question.
        return Circumstances(contexts=(), complete=False)
    choices = {key: _choices(found) for key, found in by_key.items()}
    total = 1
    for values, _ in choices.values():
        total *= len(values)
    combinations = itertools.product(*(values for values, _ in choices.values()))
    contexts = tuple(
        Context(values={**given.values, **dict(zip(choices, values, strict=True))})
        for values in itertools.islice(combinations, _MOST_CONTEXTS)
    )
    complete = total <= _MOST_CONTEXTS and all(exact for _, exact in choices.values())
    return Circumstances(contexts=contexts, complete=complete)


def _choices(conditions: list[Condition]) -> tuple[list[_Values], bool]:
    """Return the values of one key that are worth trying, and whether they are all kinds."""
    wanted = list(dict.fromkeys(value for each in conditions for value in each.values))
    operators = {each.operator for each in conditions}
    singles = list(dict.fromkeys(_singles(wanted, operators)))
    choices: list[_Values] = [_ABSENT, *((value,) for value in singles)]
    quantified = any(each.quantifier for each in conditions)
    if quantified:
        choices += itertools.combinations(singles, 2)
    variables = any("${" in value for value in wanted)
    exact = not variables and (operators <= _TEXT or operators <= _TRUTH)
    return choices, exact and not (quantified and len(singles) > 2)  # noqa: PLR2004 - pairs


def _singles(wanted: list[str], operators: set[str]) -> Iterator[str]:
    if operators <= _TRUTH:
        yield from ("true", "false")
        return
    # A star is no wildcard to StringEquals: the text itself is a kind of its own.
    yield from wanted
    yield from (found.text for found in examples(["*"], wanted) if found.text)
    if any("Arn" in operator for operator in operators):
        yield from (value.replace("*", "x").replace("?", "x") for value in wanted)
    if any("IpAddress" in operator for operator in operators):
        yield from _addresses(wanted)
    for value in wanted:
        try:
            # A number is as good as a date of so many seconds.
            number = seconds_of(value)
        except ValueError:
            continue
        yield from (str(number - 1), str(number + 1))


def _addresses(networks: list[str]) -> Iterator[str]:
    """Yield the edges of networks and their neighbours."""
    for text in networks:
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            continue
        for edge, step in ((network.network_address, -1), (network.broadcast_address, 1)):
            yield str(edge)
            try:
                yield str(edge + step)
            except ValueError:
                continue
