"""Planned values, of which each is a value, null or not known yet.

A rule reads them as if all were known. Reading one that is not raises
:class:`UnknownValueError`, which the engine turns into an outcome of its own: a rule can forget
about unknown values without letting one pass.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tap.evaluation import Unknown
from tap.plan import MASK, mask
from tap.plan.model import any_marked
from tap.plan.summary import format_path
from tap.policy.policies import MalformedPolicyError, statements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.evaluation import Value
    from tap.policy.finding import Fault
    from tap.policy.planned import Resource
    from tap.policy.policies import Statement

Path = tuple[str | int, ...]


class UnknownValueError(Exception):
    """A rule asked for what the plan does not tell.

    Args:
        address: Of the resource.
        what: The attribute, such as ``ingress[0].cidr_blocks``.
        reason: Why it is not known, as a clause that follows the attribute.
    """

    def __init__(self, address: str, what: str, reason: str = "is known only after apply") -> None:
        super().__init__(f"{what} {reason}")
        self.address = address


class Values:
    """The arguments and attributes of a resource, or of one block in it.

    Every reading method raises :class:`UnknownValueError` for a value that is known only after
    apply, or that is not of the type asked for.

    Attributes:
        resource: The resource that they belong to.
        path: Where in it; empty for the resource itself.
    """

    __slots__ = ("_known", "_secret", "_unknown", "path", "resource")

    def __init__(
        self,
        resource: Resource,
        path: Path,
        *,
        known: object,
        unknown: object,
        secret: object,
    ) -> None:
        self.resource = resource
        self.path = path
        self._known = known
        self._unknown = unknown
        self._secret = secret

    def __repr__(self) -> str:
        return f"<{self.resource.address} {format_path(self.path)}>"

    def is_unknown(self, name: str) -> bool:
        """Tell whether a value, or a part of it, is known only after apply."""
        return any_marked(item_of(self._unknown, name))

    def get(self, name: str) -> Any:  # noqa: ANN401 - free-form JSON
        """Return a value all of whose parts are known; None if it is null."""
        if self.is_unknown(name):
            raise self._error(name)
        return item_of(self._known, name)

    def text(self, name: str) -> str | None:
        """Return a text; None if it is null."""
        value = self.get(name)
        if value is not None and not isinstance(value, str):
            raise self._error(name, "is not text")
        return value

    def number(self, name: str) -> float | None:
        """Return a number; None if it is null. Whole numbers are of type int."""
        value = self.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise self._error(name, "is not a number")
        return value

    def flag(self, name: str) -> bool:
        """Return a truth value; null counts as false."""
        value = self.get(name)
        if value is not None and not isinstance(value, bool):
            raise self._error(name, "is neither true nor false")
        return value is True

    def each(self, name: str) -> Iterator[str]:
        """Yield the elements of a list or set, or the values of a map, that are known, as text.

        At the end it raises if one is not, so that ``any`` finds what is there and still does
        not pass what it cannot see.
        """
        for value, marks in self._elements(name):
            if not any_marked(marks):
                yield str(value)
        if self.is_unknown(name):
            raise self._error(name)

    def keys(self, name: str) -> frozenset[str]:
        """Return the keys of a map, also of those values that are not known yet."""
        value, marks = item_of(self._known, name), item_of(self._unknown, name)
        if marks is True:
            raise self._error(name)
        found = [tree for tree in (value, marks) if isinstance(tree, dict)]
        return frozenset().union(*found)

    def blocks(self, name: str) -> tuple[Values, ...]:
        """Return the nested blocks of a type, or objects of an attribute; () without any."""
        # A block that can be there only once is an object in some providers, else a list.
        if isinstance(item_of(self._known, name), dict):
            return (self._inner(name),)
        return tuple(self._inner(name, index) for index, _ in enumerate(self._elements(name)))

    def block(self, name: str) -> Values | None:
        """Return the first nested block of a type; None without any."""
        return next(iter(self.blocks(name)), None)

    def document(self, name: str) -> Any:  # noqa: ANN401 - free-form JSON
        """Return a text that holds JSON, such as a policy, as what it stands for; None if null.

        Where the plan does not know it and the HCL is at hand, it is worked out. What AWS will
        choose is then told by an address, such as ``{aws_sns_topic.this.arn}``.
        """
        text = self._document_text(name)
        if text is None:
            return None
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise self._error(name, "is not JSON") from None

    def statements(self, name: str) -> tuple[Statement, ...]:
        """Return the statements of a policy in JSON, such as ``policy``; () if it is null."""
        try:
            return statements(self.document(name))
        except MalformedPolicyError as error:
            raise self._error(name, f"is no policy: {error}") from None

    def quote(self, name: str) -> str:
        """Return an attribute for a message, such as ``cidr_ipv4 = "0.0.0.0/0"``; no secrets."""
        where = format_path((*self.path, name))
        if self.is_unknown(name):
            return f"{where} (known only after apply)"
        value, marks = item_of(self._known, name), item_of(self._secret, name)
        shown = mask(value, marks)
        text = MASK if shown == MASK else json.dumps(shown, ensure_ascii=False)
        return f"{where} = {text}"

    def is_set(self, name: str) -> bool:
        """Tell whether the configuration gives a value that is not null and not empty.

        A value that is not known yet counts if it comes from another resource; one that AWS
        chooses because nothing is given does not.
        """
        if item_of(self._unknown, name) is not True:
            return item_of(self._known, name) not in (None, "", [], {})
        found = self._worked_out(name)
        if not isinstance(found, Unknown):
            return found not in (None, "", [], {})
        link = self.resource.planned.links.of(self.resource, (*self.path, name))
        if not link.addresses and not link.certain:
            raise self._error(name, "is known only after apply, and may be null")
        return bool(link.addresses)

    def target(self, name: str, *types: str) -> Resource | None:
        """Return the one planned resource that an attribute names by id, ARN or name.

        Args:
            name: The attribute.
            types: Only resources of these types count; all if none is given.

        Returns:
            None where it is null or names something that is not in the plan.
        """
        found = self.targets(name, *types)
        if len(found) > 1:
            raise self._error(name, f"could be each of {', '.join(r.address for r in found)}")
        return found[0] if found else None

    def targets(self, name: str, *types: str) -> tuple[Resource, ...]:
        """Return all planned resources that an attribute names, sorted by address.

        Args:
            name: The attribute, often a list.
            types: As for :meth:`target`.
        """
        link = self.resource.planned.links.of(self.resource, (*self.path, name))
        if not link.certain:
            raise self._error(name, "cannot be resolved before apply")
        found = (self.resource.planned.by_address[item] for item in sorted(link.addresses))
        return tuple(item for item in found if not types or item.type in types)

    def fault(self, message: str, *, at: str = "") -> Fault:
        """Return a fault of this block.

        Args:
            message: A clause that quotes the value, without a full stop; see :meth:`quote`.
            at: The attribute whose line is given; by default the line where the block starts.
        """
        return self.resource.planned.fault(self, message, at)

    def _worked_out(self, name: str) -> Value:
        return self.resource.planned.worked_out(self.resource, (*self.path, name))

    def _document_text(self, name: str) -> str | None:
        found = self._worked_out(name) if self.is_unknown(name) else None
        return found if isinstance(found, str) else self.text(name)

    def _inner(self, *steps: str | int) -> Values:
        known, unknown, secret = self._known, self._unknown, self._secret
        for step in steps:
            known, unknown, secret = (item_of(tree, step) for tree in (known, unknown, secret))
        return Values(
            self.resource, (*self.path, *steps), known=known, unknown=unknown, secret=secret
        )

    def _elements(self, name: str) -> Iterator[tuple[Any, Any]]:
        value, marks = item_of(self._known, name), item_of(self._unknown, name)
        if marks is True:
            raise self._error(name)
        if isinstance(value, dict):
            for key in value:
                yield value[key], item_of(marks, key)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield item, item_of(marks, index)
        elif value is not None:
            raise self._error(name, "holds no elements")

    def _error(self, name: str, reason: str = "is known only after apply") -> UnknownValueError:
        return UnknownValueError(self.resource.address, format_path((*self.path, name)), reason)


def item_of(tree: Any, step: str | int) -> Any:  # noqa: ANN401 - free-form JSON
    """Return a part of a value or of its marks; the mark of a whole is that of every part."""
    if isinstance(tree, dict):
        return tree.get(step)
    if isinstance(tree, list):
        return tree[step] if isinstance(step, int) and step < len(tree) else None
    return tree if tree is True else None
