"""What changed outside of Terraform since the last apply, read from a refresh-only plan.

Terraform lists every difference between the state and what it found, harmless ones included:
null in place of an empty text or collection, and documents that are only written differently.
Those are no drift. Outputs that would follow are none either.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fnmatch import translate
from typing import TYPE_CHECKING, Any

import msgspec

from tap.plan.model import Action
from tap.plan.sensitive import MASK, mask
from tap.plan.summary import format_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from tap.plan.model import Plan, ResourceChange
    from tap.settings import DriftIgnore

_Path = tuple[str | int, ...]

# Moves on by itself all the time, in the words of the API: RDS, RestoreDBInstanceToPointInTime.
_MOVING = {"latest_restorable_time"}


class AttributeDrift(msgspec.Struct, frozen=True, kw_only=True):
    """One attribute that differs; secrets are masked.

    Attributes:
        path: As HCL writes it, such as ``tags["Owner"]``.
        before: What the state says; None if it is not set.
        after: What was found; None likewise.
    """

    path: str
    before: Any = None
    after: Any = None


class ObjectDrift(msgspec.Struct, frozen=True, kw_only=True):
    """One object that differs from the state.

    Attributes:
        deleted: Whether it is gone; no attributes are listed then.
    """

    address: str
    type: str
    module: str = ""
    deleted: bool = False
    attributes: tuple[AttributeDrift, ...] = ()


class Ignored(msgspec.Struct, frozen=True, kw_only=True):
    """A drift that an entry of ``tap.toml`` takes out of the count; ``path`` is empty for all."""

    address: str
    path: str
    owner: str
    reason: str
    expires: str


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Drift after the entries of ``tap.toml``.

    Attributes:
        objects: What counts.
        ignored: What does not.
        used: The entries that took something out.
    """

    objects: tuple[ObjectDrift, ...]
    ignored: tuple[Ignored, ...]
    used: tuple[DriftIgnore, ...]


def find_drift(plan: Plan) -> tuple[ObjectDrift, ...]:
    """Return every object that was changed or deleted outside of Terraform, in its order."""
    found = map(_object, plan.resource_drift)
    return tuple(item for item in found if item.deleted or item.attributes)


def judge(
    objects: Iterable[ObjectDrift],
    entries: Sequence[DriftIgnore],
    *,
    environment: str,
    today: date,
) -> Judged:
    """Take out what entries of ``tap.toml`` accept.

    Args:
        objects: What was found.
        entries: All of them; those of other environments and expired ones are passed over.
        environment: Where it was found.
        today: The day, in UTC.
    """
    active = [
        entry
        for entry in entries
        if entry.environment in {"", environment} and not is_expired(entry, today)
    ]
    counting: list[ObjectDrift] = []
    ignored: list[Ignored] = []
    used: dict[int, DriftIgnore] = {}
    for item in objects:
        left: list[AttributeDrift] = []
        # An object that is gone is one drift without a path.
        for attribute in item.attributes or (AttributeDrift(path=""),):
            entry = next((e for e in active if _covers(e, item.address, attribute.path)), None)
            if entry is None:
                left.append(attribute)
            else:
                used[id(entry)] = entry
                ignored.append(_ignored(entry, item.address, attribute.path))
        if left:
            attributes = () if item.deleted else tuple(left)
            counting.append(msgspec.structs.replace(item, attributes=attributes))
    return Judged(objects=tuple(counting), ignored=tuple(ignored), used=tuple(used.values()))


def is_expired(entry: DriftIgnore, today: date) -> bool:
    """Tell whether an entry counts no more; its last day still does."""
    return entry.expires < today


def _covers(entry: DriftIgnore, address: str, path: str) -> bool:
    if not matches(entry.address, address):
        return False
    if not entry.attribute:
        return True
    steps = re.split(r"(?=[.\[])", path)
    above = ("".join(steps[:number]) for number in range(1, len(steps) + 1))
    return any(matches(entry.attribute, text) for text in above)


def matches(pattern: str, text: str) -> bool:
    """Tell whether an address fits; only ``*`` and ``?`` are special, for brackets belong to it."""
    return re.fullmatch(translate(pattern.replace("[", "[[]")), text) is not None


def _ignored(entry: DriftIgnore, address: str, path: str) -> Ignored:
    return Ignored(
        address=address,
        path=path,
        owner=entry.owner,
        reason=entry.reason,
        expires=entry.expires.isoformat(),
    )


def _object(item: ResourceChange) -> ObjectDrift:
    change = item.change
    deleted = change.action is Action.DELETE
    attributes: tuple[AttributeDrift, ...] = ()
    if not deleted:
        found = list(
            _differences(
                (), (change.before, change.before_sensitive), (change.after, change.after_sensitive)
            )
        )
        by_path = {part.path: part for part in found}
        attributes = tuple(part for part in found if not _is_repetition(part, by_path))
    return ObjectDrift(
        address=f"{item.address} (deposed {item.deposed})" if item.deposed else item.address,
        type=item.type,
        module=item.module_address,
        deleted=deleted,
        attributes=attributes,
    )


def _is_repetition(part: AttributeDrift, parts: Mapping[str, AttributeDrift]) -> bool:
    """Tell whether an attribute says nothing that another one, or the clock, does not."""
    tag = part.path.removeprefix("tags_all")
    twin = parts.get(f"tags{tag}") if tag != part.path else None
    return part.path in _MOVING or (twin is not None and twin.after == part.after)


def _differences(
    path: _Path, before: tuple[Any, Any], after: tuple[Any, Any]
) -> Iterator[AttributeDrift]:
    """Yield what differs, as deep as both sides are alike; a side is a value and its marks."""
    (old, old_marks), (new, new_marks) = before, after
    if _plain(old) == _plain(new):
        return
    if old_marks is True or new_marks is True:
        yield AttributeDrift(path=format_path(path), before=_hidden(old), after=_hidden(new))
        return
    if isinstance(old, dict) and isinstance(new, dict):
        keys: list[Any] = sorted(old.keys() | new.keys())
    elif _alike(old, new):
        keys = list(range(len(old)))
    elif _is_document(old) and _is_document(new):
        yield from _differences(path, (json.loads(old), False), (json.loads(new), False))
        return
    else:
        yield from _leaf(format_path(path), mask(old, old_marks), mask(new, new_marks))
        return
    for key in keys:
        yield from _differences(
            (*path, key),
            (_item(old, key), _item(old_marks, key)),
            (_item(new, key), _item(new_marks, key)),
        )


def _leaf(path: str, old: Any, new: Any) -> Iterator[AttributeDrift]:  # noqa: ANN401 - as below
    """Yield two different values; of two lists only what one of them lacks, as ``name[*]``."""
    gone: list[Any] = []
    come: list[Any] = []
    if isinstance(old, list) and isinstance(new, list):
        gone = [item for item in old if _key(item) not in set(map(_key, new))]
        come = [item for item in new if _key(item) not in set(map(_key, old))]
    yield from (AttributeDrift(path=f"{path}[*]", before=item) for item in gone)
    yield from (AttributeDrift(path=f"{path}[*]", after=item) for item in come)
    if not gone and not come:
        yield AttributeDrift(path=path, before=old, after=new)


def _alike(old: Any, new: Any) -> bool:  # noqa: ANN401 - free-form JSON, as all below
    """Tell whether two lists hold blocks that can be compared one by one."""
    if not (isinstance(old, list) and isinstance(new, list) and len(old) == len(new)):
        return False
    if not all(isinstance(item, dict) for item in (*old, *new)):
        return False
    # A set is written in some order: what only took another place is no difference of its own.
    found = set(map(_key, new))
    return all(
        _key(one) == _key(other) or _key(one) not in found
        for one, other in zip(old, new, strict=True)
    )


def _key(value: Any) -> str:  # noqa: ANN401
    return json.dumps(_plain(value), sort_keys=True)


def _item(container: Any, key: Any) -> Any:  # noqa: ANN401
    if isinstance(container, dict):
        return container.get(key)
    if isinstance(container, list) and isinstance(key, int) and key < len(container):
        return container[key]
    # Marks of a whole container are a single word.
    return container if container is True else None


def _hidden(value: Any) -> str | None:  # noqa: ANN401
    return None if value is None else MASK


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Return a value in which nothing is written in two ways; a document equals no list."""
    if isinstance(value, dict):
        kept = {key: _plain(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item is not None} or None
    if isinstance(value, list):
        return [_plain(item) for item in value] or None
    if _is_document(value):
        return ("document", _plain(json.loads(value)))
    return None if value == "" else value


def _is_document(value: Any) -> bool:  # noqa: ANN401
    if not isinstance(value, str) or value[:1] not in {"{", "["}:
        return False
    try:
        json.loads(value)
    except (ValueError, RecursionError):
        return False
    return True
