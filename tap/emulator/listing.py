"""What exists in the emulator: every model object that a backend of moto holds.

moto keeps a resource as an object in a dictionary or list of its service's backend. What a
backend holds right after it was made (default VPC, managed policies, public images...) is what
AWS itself provides, and is not listed.
"""

# ruff: noqa: ANN401 - backends hold values of any type

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from moto.core.base_backend import (
    AccountSpecificBackend,
    BackendDict,
    BaseBackend,
    backend_lock,
)

from tap.emulator.control import Resource
from tap.emulator.extensions import wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap.emulator.extensions import Count, Extension

_DEPTH = 3
"""Backends nest their dictionaries at most this deep, such as security groups by VPC."""

_provided: WeakKeyDictionary[BaseBackend, frozenset[tuple[str, str]]] = WeakKeyDictionary()


def watch_new_backends() -> None:
    """Note from now on what each backend holds when it is made."""

    @wrap(AccountSpecificBackend, "__getitem__")
    def _(original: Any, self: Any, region: str) -> BaseBackend:
        backend: BaseBackend = original(self, region)
        if backend not in _provided:
            with backend_lock:
                if backend not in _provided:
                    _provided[backend] = frozenset(_names(backend))
        return backend


def resources(extensions: tuple[Extension, ...]) -> list[Resource]:
    """List what exists apart from what AWS provides and what an extension does not count."""
    counted = {name: count for each in extensions for name, count in each.counted.items()}
    found = set()
    with backend_lock:
        # moto has no public list of the services in use.
        services: list[Any] = list(BackendDict._instances)  # type: ignore[misc]  # noqa: SLF001
        for service in services:
            for _, region, backend in service.iter_backends():
                provided = _provided.get(backend, frozenset())
                for type_, name in _counted_names(backend, service.service_name, counted):
                    if (type_, name) not in provided:
                        found.add(Resource(service.service_name, region, type_, name))
    return sorted(found)


def _counted_names(
    backend: BaseBackend, service: str, counted: dict[str, Count]
) -> Iterator[tuple[str, str]]:
    for key, model in _models(backend):
        count = counted.get(f"{service}.{type(model).__name__}", _itself)
        for each in count(model):
            yield type(each).__name__, _name(each, key if each is model else "")


def _itself(model: object) -> Iterable[object]:
    return (model,)


def _names(backend: BaseBackend) -> Iterator[tuple[str, str]]:
    return _counted_names(backend, "", {})


def _models(backend: BaseBackend) -> Iterator[tuple[str, object]]:
    seen: set[int] = set()
    for value in list(vars(backend).values()):
        for key, model in _inside(value, "", _DEPTH):
            if id(model) not in seen:
                seen.add(id(model))
                yield key, model


def _inside(value: Any, key: str, depth: int) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        pairs = [(str(name), item) for name, item in list(value.items())]
    elif isinstance(value, (list, tuple, set)):
        pairs = [("", item) for item in list(value)]
    else:
        if _is_model(value):
            yield key, value
        return
    if depth:
        for name, item in pairs:
            yield from _inside(item, name, depth - 1)


def _is_model(value: object) -> bool:
    return type(value).__module__.startswith("moto.") and not isinstance(value, BaseBackend)


def _name(model: object, key: str) -> str:
    """Return the ARN of an object, or else its key in the dictionary, or else its id or name."""
    names = [getattr(model, attribute, None) for attribute in ("arn", "id", "name")]
    arn, *others = [name if isinstance(name, str) else "" for name in names]
    return arn or key or next(filter(None, others), "")
