"""What exists in the emulator: every model object that a backend of moto holds.

moto keeps a resource as an object in a dictionary or list of its service's backend. What a
backend holds right after it was made (default VPC, managed policies, public images...) is what
AWS itself provides, and is not listed.
"""

# ruff: noqa: ANN401 - backends hold values of any type

from __future__ import annotations

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
    from collections.abc import Iterator

    from tap.emulator.extensions import Extension

_DEPTH = 3
"""Backends nest their dictionaries at most this deep, such as security groups by VPC."""

_IDS = ("id", "arn", "name", "resource_id")

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
    """List what exists apart from what AWS provides and what an extension calls gone."""
    gone = {name: is_gone for each in extensions for name, is_gone in each.gone.items()}
    found = set()
    with backend_lock:
        # moto has no public list of the services in use.
        services: list[Any] = list(BackendDict._instances)  # type: ignore[misc]  # noqa: SLF001
        for service in services:
            for _, region, backend in service.iter_backends():
                provided = _provided.get(backend, frozenset())
                for name, model in _models(backend):
                    type_ = type(model).__name__
                    is_gone = gone.get(f"{service.service_name}.{type_}")
                    if (type_, name) not in provided and not (is_gone and is_gone(model)):
                        found.add(Resource(service.service_name, region, type_, name))
    return sorted(found)


def _names(backend: BaseBackend) -> Iterator[tuple[str, str]]:
    for name, model in _models(backend):
        yield type(model).__name__, name


def _models(backend: BaseBackend) -> Iterator[tuple[str, object]]:
    seen: set[int] = set()
    for value in list(vars(backend).values()):
        for name, model in _inside(value, "", _DEPTH):
            if id(model) not in seen:
                seen.add(id(model))
                yield name, model


def _inside(value: Any, key: str, depth: int) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        pairs = [(str(name), item) for name, item in list(value.items())]
    elif isinstance(value, (list, tuple, set)):
        pairs = [("", item) for item in list(value)]
    else:
        if _is_model(value):
            yield _identifier(value) or key, value
        return
    if depth:
        for name, item in pairs:
            yield from _inside(item, name, depth - 1)


def _is_model(value: object) -> bool:
    return type(value).__module__.startswith("moto.") and not isinstance(value, BaseBackend)


def _identifier(model: object) -> str:
    for attribute in _IDS:
        value = getattr(model, attribute, None)
        if isinstance(value, str) and value:
            return value
    return ""
