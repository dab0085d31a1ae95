"""Plans that notice what is read of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap.plan.configuration import without_keys

if TYPE_CHECKING:
    from collections.abc import Callable

    Notice = Callable[[str, str, str], None]

Json = Any
"""A value of a plan, which is free-form JSON."""


class Watched(dict[str, Json]):
    """A mapping that tells which of its keys are asked for.

    Going through all of it tells nothing, because whoever compares, copies or prints a whole plan
    has no expectation of a single part. Whoever compares just this mapping has one of all of it.

    Args:
        content: What it holds.
        notice: Called with each key that is asked for.
    """

    __slots__ = ("_notice",)

    def __init__(self, content: dict[str, Json], notice: Callable[[str], None]) -> None:
        super().__init__(content)
        self._notice = notice

    __hash__ = None

    def __getitem__(self, key: str) -> Json:
        self._notice(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Json = None) -> Json:
        """Return what is under a key."""
        self._notice(key)
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        self._notice(str(key))
        return super().__contains__(key)

    def __eq__(self, other: object) -> bool:
        for key in self:
            self._notice(key)
        return super().__eq__(other)

    def __ne__(self, other: object) -> bool:
        return not self == other


def watched_plan(plan: dict[str, Json], notice: Notice) -> dict[str, Json]:
    """Return a copy of a plan that tells what is read of its resources and outputs.

    Args:
        plan: A plan in JSON.
        notice: Called with the address of a module, a block within it (``aws_lb.this``,
            ``output.arn``), and the attribute of the resource or the key of the output.
    """
    parts: dict[str, Callable[[Json], Json]] = {
        "output_changes": lambda changes: {
            name: {**change, "after": _output(name, change.get("after"), notice)}
            for name, change in changes.items()
        },
        "planned_values": lambda values: _replaced(
            values,
            outputs=lambda outputs: {
                name: {**output, "value": _output(name, output.get("value"), notice)}
                for name, output in outputs.items()
            },
            root_module=lambda module: _module(module, notice),
        ),
        "resource_changes": lambda changes: [_change(each, notice) for each in changes],
    }
    return _replaced(plan, **parts)


def _replaced(content: dict[str, Json], **parts: Callable[[Json], Json]) -> dict[str, Json]:
    """Return a copy in which some parts, where they are there, are replaced."""
    return {key: parts[key](value) if key in parts else value for key, value in content.items()}


def _output(name: str, value: Json, notice: Notice) -> Json:
    if not isinstance(value, dict):
        return value
    return Watched(value, lambda key: notice("", f"output.{name}", key))


def _module(module: dict[str, Json], notice: Notice) -> dict[str, Json]:
    return _replaced(
        module,
        child_modules=lambda modules: [_module(each, notice) for each in modules],
        resources=lambda resources: [
            _resource(module.get("address", ""), each, notice) for each in resources
        ],
    )


def _resource(module: str, resource: dict[str, Json], notice: Notice) -> dict[str, Json]:
    return _replaced(resource, values=lambda values: _values(module, resource, values, notice))


def _change(resource: dict[str, Json], notice: Notice) -> dict[str, Json]:
    address = resource.get("module_address", "")

    def values(found: Json) -> Json:
        return _values(address, resource, found, notice)

    change = _replaced(resource["change"], after=values, after_unknown=values)
    return {**resource, "change": change}


def _values(module: str, resource: dict[str, Json], values: Json, notice: Notice) -> Json:
    if not isinstance(values, dict):
        return values
    block = without_keys(resource["address"].removeprefix(module).removeprefix("."))
    return Watched(values, lambda name: notice(module, block, name))
