"""What moto lacks for Terraform, one file for each AWS service.

A file in this package is an extension if it holds ``EXTENSION = Extension(...)``; nothing else
has to be told about it. It cures moto by patches. Each patch names the symptom it cures and can
probe for it: the tests want the symptom present in stock moto and absent here, for every patch,
so that a patch that a newer moto makes unnecessary is found and deleted.
"""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

Client = Callable[[str], Any]
"""Makes a boto3 client of the service with that name, for one region of one server."""

Count = Callable[[Any], Iterable[Any]]
"""Takes an object of moto, returns the objects that count as existing in its place."""

Route = Callable[..., Any]
"""Takes the members of a JSON object as keyword arguments, returns what becomes JSON."""


@dataclass(frozen=True, kw_only=True)
class Patch:
    """One cure of one symptom.

    Attributes:
        id: Its name: service, then what it is about, such as ``kms-rotation-period``.
        symptom: What a user of stock moto sees, in one sentence.
        apply: Changes moto; called once, before the server answers.
        probe: Tells whether the symptom shows on a server. It makes what it needs under names
            of its own and may leave it behind.
    """

    id: str
    symptom: str
    apply: Callable[[], None]
    probe: Callable[[Client], bool]


@dataclass(frozen=True, kw_only=True)
class Extension:
    """All that one file adds to moto.

    Attributes:
        patches: What is cured.
        routes: Routes below ``/_tap/`` for what AWS has no call for, such as setting the health
            of a target; called by POST, see :meth:`tap.emulator.Emulator.call`.
        counted: By ``service.Model``, what an object that moto holds stands for in the list of
            what exists: itself by default, nothing if it only waits for its deletion, or what
            is inside it.
        tick: Called once a second between requests, for work that AWS does by itself.
        reset: Called when the emulator is emptied, for state that is not moto's.
        started: Called once with the emulator's URL, for what calls the emulator itself.
    """

    patches: tuple[Patch, ...] = ()
    routes: Mapping[str, Route] = field(default_factory=dict)
    counted: Mapping[str, Count] = field(default_factory=dict)
    tick: Callable[[], None] = lambda: None
    reset: Callable[[], None] = lambda: None
    started: Callable[[str], None] = lambda _: None


def load() -> tuple[Extension, ...]:
    """Import every file of this package and return the extensions, sorted by file name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return tuple(module.EXTENSION for module in modules if hasattr(module, "EXTENSION"))


def apply(extensions: tuple[Extension, ...], *, without: Collection[str] = ()) -> tuple[str, ...]:
    """Apply all patches but those left out, and return the ids of the applied ones.

    Raises:
        ValueError: A patch to leave out does not exist.
    """
    patches = [patch for extension in extensions for patch in extension.patches]
    if unknown := set(without) - {patch.id for patch in patches}:
        raise ValueError(f"no such patch: {', '.join(sorted(unknown))}")
    applied = [patch for patch in patches if patch.id not in without]
    for patch in applied:
        patch.apply()
    return tuple(patch.id for patch in applied)


def unless(is_gone: Callable[[Any], bool]) -> Count:
    """Count an object as itself, or not at all."""
    return lambda model: () if is_gone(model) else (model,)


def wrap(owner: Any, name: str) -> Callable[[Callable[..., Any]], None]:
    """Replace a function or method; the new one gets the old one as its first argument.

    Raises:
        AttributeError: There is nothing to replace: moto has changed.
    """
    original = getattr(owner, name)

    def replace(function: Callable[..., Any]) -> None:
        @functools.wraps(original)
        def replacement(*args: Any, **kwargs: Any) -> Any:
            return function(original, *args, **kwargs)

        setattr(owner, name, replacement)

    return replace


def arguments(original: Callable[..., Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
    """Return the arguments of a call to a wrapped function by their names."""
    return inspect.signature(original).bind(*args, **kwargs).arguments


def attempts_that_win(
    call: Callable[[str], object], name: str, *, rounds: int = 20, attempts: int = 8
) -> int:
    """Make the same call from several threads at once, until more than one wins.

    Args:
        call: Called with a name that differs from round to round.
        name: What the names begin with.
        rounds: How often all of it is done at most.
        attempts: How many threads call in each round.

    Returns:
        The number of calls that were not refused in the last round.
    """
    winners = 0
    for each in range(rounds):
        winners = _winners(call, f"{name}-{each}", attempts)
        if winners > 1:
            break
    return winners


def _winners(call: Callable[[str], object], name: str, attempts: int) -> int:
    start = threading.Barrier(attempts)

    def attempt(_: int) -> bool:
        start.wait()
        try:
            call(name)
        except ClientError:
            return False
        return True

    with ThreadPoolExecutor(attempts) as pool:
        return sum(pool.map(attempt, range(attempts)))
