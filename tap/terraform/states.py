"""What stands in a state, as far as ``tap`` looks: lineage, serial, and what changed.

A state may hold secrets that nothing marks as such, so no value of it is ever part of what these
functions return.

Source: https://developer.hashicorp.com/terraform/language/state (format version 4)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from tap.errors import TapError

if TYPE_CHECKING:
    from collections.abc import Mapping

_FORMAT = 4
_SERIAL = re.compile(rb'("serial"\s*:\s*)\d+')


class _Instance(msgspec.Struct, frozen=True):
    attributes: dict[str, Any] | None = None
    attributes_flat: dict[str, Any] | None = None
    index_key: str | int | None = None
    deposed: str = ""
    status: str = ""


class _Resource(msgspec.Struct, frozen=True):
    mode: str
    type: str
    name: str
    module: str = ""
    instances: list[_Instance] = []


class _OutputValue(msgspec.Struct, frozen=True):
    value: Any = None


class State(msgspec.Struct, frozen=True):
    """A state.

    Attributes:
        version: Of the format; 4 since Terraform 0.12.
        serial: Counts the changes.
        lineage: The same for all states that come from one first apply.
        terraform_version: Who wrote it.
    """

    version: int
    serial: int
    lineage: str
    terraform_version: str = ""
    resources: list[_Resource] = []
    outputs: dict[str, _OutputValue] = {}

    @property
    def size(self) -> int:
        """How many objects it holds, without data sources."""
        return sum(len(each.instances) for each in self.resources if each.mode == "managed")

    def objects(self) -> dict[str, Mapping[str, Any]]:
        """Return what it holds: address -> attributes, status among them."""
        found: dict[str, Mapping[str, Any]] = {}
        for resource in self.resources:
            for instance in resource.instances:
                attributes = instance.attributes or instance.attributes_flat or {}
                status = {"(status)": instance.status} if instance.status else {}
                found[_address(resource, instance)] = {**attributes, **status}
        return found


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What differs between two states; names only.

    Attributes:
        added: Addresses that only the second one has.
        removed: Addresses that only the first one has.
        changed: Address -> names of the attributes that differ.
        outputs: Names of the outputs that differ.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: Mapping[str, tuple[str, ...]]
    outputs: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing differs."""
        return not (self.added or self.removed or self.changed or self.outputs)


def parse_state(content: bytes, place: str) -> State:
    """Return a state.

    Args:
        content: The text of the file.
        place: Where it comes from, for the message.

    Raises:
        TapError: It is no state of format 4.
    """
    try:
        state = msgspec.json.decode(content, type=State)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # The reason that the decoder gives could quote a value.
        raise TapError(
            f"{place} is no Terraform state", "take another one: tap state list"
        ) from None
    if state.version != _FORMAT:
        raise TapError(f"{place} has state format {state.version}; only {_FORMAT} is known")
    return state


def compare(before: State, after: State) -> Difference:
    """Return what differs between two states."""
    old, new = before.objects(), after.objects()
    changed = {
        address: _differing(old[address], new[address])
        for address in sorted(old.keys() & new.keys())
        if old[address] != new[address]
    }
    outputs = {name: item.value for name, item in before.outputs.items()}
    return Difference(
        added=tuple(sorted(new.keys() - old.keys())),
        removed=tuple(sorted(old.keys() - new.keys())),
        changed=changed,
        outputs=_differing(outputs, {name: item.value for name, item in after.outputs.items()}),
    )


def with_serial(content: bytes, serial: int) -> bytes:
    """Return a state with another serial and every other byte as it was.

    It is not decoded and encoded again, which could round its numbers.

    Raises:
        TapError: The serial is not where Terraform writes it.
    """
    raised, count = _SERIAL.subn(rf"\g<1>{serial}".encode(), content, count=1)
    if count == 0 or parse_state(raised, "the raised state").serial != serial:
        raise TapError(
            "the serial of this state is not where Terraform writes it",
            "take another one: tap state list",
        )
    return raised


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    missing = object()
    return tuple(
        sorted(
            name
            for name in before.keys() | after.keys()
            if before.get(name, missing) != after.get(name, missing)
        )
    )


def _address(resource: _Resource, instance: _Instance) -> str:
    key = instance.index_key
    index = "" if key is None else f'["{key}"]' if isinstance(key, str) else f"[{key}]"
    mode = "data." if resource.mode == "data" else ""
    module = f"{resource.module}." if resource.module else ""
    deposed = f" (deposed {instance.deposed})" if instance.deposed else ""
    return f"{module}{mode}{resource.type}.{resource.name}{index}{deposed}"
