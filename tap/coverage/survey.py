"""What there is to cover in a module, and the module with probes in it.

Terraform does not tell which way a condition went. So each condition is wrapped, in a copy of the
expression and never in a file, into a look-up of a name that only the evaluation knows:
``a ? b : c`` becomes ``coverage.p1[[a]] ? b : c``. Whoever works out the expression thereby asks
the probe, with the value as it is there, also within a ``for``.
"""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tap.coverage.model import BRANCHES, Item, Kind
from tap.coverage.reach import varying
from tap.hcl.blocks import Block, Expression, target
from tap.hcl.model import Module
from tap.hcl.trees import expression_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.hcl.grammar import Node

PROBES = "coverage"
# What ``expression_tree`` puts before a text.
_BEFORE = len("_ = (\n")
# Their operands name things and are not worked out.
NAMING = frozenset(
    {"depends_on", "ignore_changes", "provider", "providers", "replace_triggered_by", "iterator"}
)
_REPEATING = frozenset({"count", "for_each"})
_REPEATED = frozenset({"data", "ephemeral", "module", "resource"})
# Blocks with a condition that ends a plan.
CHECKING = frozenset({"assert", "postcondition", "precondition", "validation"})
_SIGNS = frozenset({"COLON", "QMARK"})
_ALL = frozenset({"choice", "filter"})
_LONGEST_NAME = 60


class Probe(msgspec.Struct, frozen=True):
    """A condition to watch.

    Attributes:
        item: What it tells about.
        parent: The name of the probe of the condition around it; empty for none.
    """

    item: Item
    parent: str


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """A module with everything in it that can be covered.

    Attributes:
        module: Its model.
        items: All items, in the order of files and lines.
        bodies: Blocks by the address of their owner, with probes.
        locals: Local values by address, with probes.
        probes: By name.
        checked: Validations and the like -> what their condition refers to.
    """

    module: Module
    items: tuple[Item, ...]
    checked: dict[Item, tuple[str, ...]]
    bodies: dict[str, Block]
    locals: dict[str, Expression]
    probes: dict[str, Probe]


def survey(module: Module, *, name: str, cache: Path | None = None) -> Survey:
    """Find what can be covered in a module.

    Args:
        module: The module.
        name: Its folder within the repository.
        cache: A folder that keeps syntax trees; None to parse each time.

    Raises:
        HclError: An expression cannot be parsed.
    """
    surveyor = _Surveyor(module, name, cache)
    bodies: dict[str, Block] = {}
    for owner, kind, body in _declared(module):
        if kind:
            surveyor.add(kind, _Spot.of(body, body.file), owner, owner)
        bodies[owner] = surveyor.body(body, owner)
    values = {
        f"local.{key}": surveyor.expression(local.value, local.file, f"local.{key}")
        for key, local in module.locals.items()
    }
    return Survey(
        module=module,
        items=tuple(sorted(surveyor.items, key=lambda item: (item.file, item.line))),
        bodies=bodies,
        locals=values,
        probes=surveyor.probes,
        checked=surveyor.checked,
    )


def _declared(module: Module) -> Iterator[tuple[str, Kind | None, Block]]:
    """Yield the address, the kind of item and the body of every block that is looked at."""
    yield from ((key, Kind.RESOURCE, each.body) for key, each in module.resources.items())
    yield from ((f"output.{key}", Kind.OUTPUT, each.body) for key, each in module.outputs.items())
    yield from ((f"var.{key}", Kind.VARIABLE, each.body) for key, each in module.variables.items())
    yield from ((f"module.{key}", None, each.body) for key, each in module.module_calls.items())
    yield from ((f"check.{key}", None, each.body) for key, each in module.checks.items())


class _Spot(NamedTuple):
    """Where something stands."""

    file: str
    first_line: int
    last_line: int

    @classmethod
    def of(cls, part: Block | Expression, file: str) -> _Spot:
        return cls(file, part.first_line, part.last_line)


class _Condition(NamedTuple):
    """A part of an expression to put a probe around; ``parent`` is the one it depends on."""

    what: str
    node: Node
    parent: Node | None


class _Surveyor:
    """Collects the items of one module and gives copies of its parts with probes."""

    def __init__(self, module: Module, name: str, cache: Path | None) -> None:
        self.items: list[Item] = []
        self.probes: dict[str, Probe] = {}
        self.checked: dict[Item, tuple[str, ...]] = {}
        self._varying = varying(module)
        self._name = name
        self._cache = cache

    def add(
        self,
        kind: Kind,
        spot: _Spot,
        name: str,
        owner: str,
        *,
        what: str = "",
        repeats: bool = False,
    ) -> Item:
        """Add an item; ``what`` is the kind of condition."""
        item = Item(
            kind=kind,
            module=self._name,
            file=f"{self._name}/{PurePath(spot.file).name}",
            line=spot.first_line,
            last_line=spot.last_line,
            name=name,
            owner=owner,
            branches=BRANCHES[what or kind],
            repeats=repeats,
        )
        self.items.append(item)
        return item

    def body(self, block: Block, owner: str) -> Block:
        """Return a copy of a block with probes in all expressions that are worked out."""
        if block.type in CHECKING:
            return self._check(block, owner)
        repeated = block.type in _REPEATED
        attributes = {
            name: value
            if name in NAMING
            else self.expression(
                value,
                block.file,
                owner,
                repeats=repeated and name in _REPEATING,
                gate=name in _REPEATING and (repeated or block.type == "dynamic"),
            )
            for name, value in block.attributes.items()
        }
        blocks = tuple(self.body(each, owner) for each in block.blocks)
        return msgspec.structs.replace(block, attributes=attributes, blocks=blocks)

    def expression(
        self,
        expression: Expression,
        file: str,
        owner: str,
        *,
        repeats: bool = False,
        gate: bool = False,
        wanted: frozenset[str] = _ALL,
    ) -> Expression:
        """Return a copy of an expression with a probe around each condition.

        Args:
            expression: The expression.
            file: Where it stands.
            owner: What it is part of.
            repeats: Whether it decides how many instances of its owner there are.
            gate: Whether it is a branch of its own that it comes to nothing.
            wanted: The kinds of conditions to look for.
        """
        if expression.is_literal:
            return expression
        tree = _inside(expression_tree(expression.text, file=file, cache=self._cache))
        found = [each for each in _conditions(tree, None) if each.what in wanted]
        # A condition at the top tells already whether there is anything.
        if gate and tree.kind != "conditional" and self._varies(expression):
            found.insert(0, _Condition("gate", tree, None))
        names: dict[int, str] = {}
        for what, node, parent in found:
            text = expression.text[_start(node) : _end(node)]
            first = expression.first_line + node.line - 2
            item = self.add(
                Kind.CONDITION,
                _Spot(file, first, first + text.count("\n")),
                f"{owner}: {_shortened(text)}",
                owner,
                what=what,
                repeats=repeats,
            )
            name = names[id(node)] = f"p{len(self.probes)}"
            self.probes[name] = Probe(item, names[id(parent)] if parent else "")
        text = _wrapped(expression.text, [(node, names[id(node)]) for _, node, _ in found])
        return msgspec.structs.replace(expression, text=text)

    def _check(self, block: Block, owner: str) -> Block:
        """Add a validation or the like.

        What is left out of a loop in it is what trips it, and its message is only for that; so
        there only the choices in its condition count besides itself.
        """
        condition = block.attributes["condition"]
        name = f"{owner}: {_shortened(condition.text)}"
        item = self.add(Kind.VALIDATION, _Spot.of(block, block.file), name, owner)
        self.checked[item] = tuple(map(target, condition.references))
        probed = self.expression(condition, block.file, owner, wanted=frozenset({"choice"}))
        return msgspec.structs.replace(block, attributes={"condition": probed})

    def _varies(self, expression: Expression) -> bool:
        return any(target(each) in self._varying for each in expression.references)


def _conditions(node: Node, parent: Node | None) -> Iterator[_Condition]:
    """Yield the conditions in an expression, outer ones first."""
    if node.kind == "conditional":
        condition, *branches = (each for each in node.children if each.kind not in _SIGNS)
        yield _Condition("choice", condition, parent)
        yield from _conditions(condition, parent)
        for branch in branches:
            yield from _conditions(branch, condition)
        return
    if node.kind == "for_cond":
        yield _Condition("filter", node.children[-1], parent)
    for child in node.children:
        yield from _conditions(child, parent)


def _wrapped(text: str, conditions: list[tuple[Node, str]]) -> str:
    """Return a text with a probe around each of some parts, which may nest."""
    opening: dict[int, str] = {}
    closing: dict[int, str] = {}
    for node, name in conditions:
        start, end = _start(node), _end(node)
        # With a space, because "if" may stand right before it.
        opening[start] = opening.get(start, "") + f" {PROBES}.{name}[["
        closing[end] = "]]" + closing.get(end, "")
    for position in sorted(opening.keys() | closing.keys(), reverse=True):
        added = closing.get(position, "") + opening.get(position, "")
        text = text[:position] + added + text[position:]
    return text


def _inside(tree: Node) -> Node:
    """Return what stands in the parentheses that ``expression_tree`` puts around a text."""
    return next(tree.rules())


def _start(node: Node) -> int:
    return node.start - _BEFORE


def _end(node: Node) -> int:
    return node.end - _BEFORE


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_NAME else f"{line[: _LONGEST_NAME - 3]}..."
