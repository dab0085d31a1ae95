"""Which resources an attribute names, also while their ids are not known yet.

A known id, ARN or name is looked up among those in the plan. An unknown one is followed by its
expression in the HCL, where that is at hand, else by its references in the plan, through variables
and outputs of modules: not through ``local`` values, whose definitions Terraform leaves out of it,
and not to a single instance where the key is computed. What cannot be followed to its end is not
certain, and never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap.evaluation import Key, Step, parent_call, split, trace
from tap.plan import references

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tap.policy.planned import Planned, Resource

# The attributes by which one resource names another, the last ones in DNS.
_NAMES = (
    *("id", "arn", "name", "bucket", "function_name", "identifier", "key_id", "alarm_name"),
    *("address", "dns_name", "domain_name", "public_ip"),
)

_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Link:
    """What an attribute names.

    Attributes:
        addresses: Of resources in the plan.
        certain: Whether it is exactly these; else it may be some of them, or others.
    """

    addresses: frozenset[str] = _NOTHING
    certain: bool = True


_UNCLEAR = Link(certain=False)


@dataclass(frozen=True)
class _Scope:
    """Where an expression stands: the module instance, and the key of what holds it."""

    module: str
    key: Step | None


class Links:
    """The links of one plan; every reference is followed once."""

    def __init__(self, planned: Planned) -> None:
        self._planned = planned
        self._followed: dict[tuple[_Scope, str, bool], Link] = {}
        self._holders: dict[str, set[str]] = {}
        for item in planned.by_address.values():
            for name in _NAMES:
                value = item.known.get(name)
                if isinstance(value, str) and value:
                    self._holders.setdefault(value, set()).add(item.address)

    def of(self, resource: Resource, path: tuple[Step, ...]) -> Link:
        """Return what an attribute of a resource names.

        Args:
            resource: A planned resource.
            path: The attribute, from the resource down.
        """
        value, unknown = resource.at(path)
        if unknown:
            return self._worked_out(resource, path)
        referred = self._referred(resource, path)
        named = self._named(value)
        if both := named & referred.addresses:
            return Link(both)
        if named or not referred.certain:
            return Link(named)
        return referred

    def of_output(self, name: str) -> Link:
        """Return what an output of the root names."""
        return self._inside("", name, [])

    def _referred(self, resource: Resource, path: tuple[Step, ...]) -> Link:
        configuration = resource.configuration
        if configuration is None:
            return _UNCLEAR
        nodes = list(_nodes(configuration.expressions, path, resource.known))
        if not nodes:
            # Blocks of a dynamic block are not in the configuration of a plan.
            written, planned = (
                configuration.expressions.get(str(path[0])),
                _part(resource.known, path[0]),
            )
            return Link(certain=len(path) == 1 or _count(written) == _count(planned) > 0)
        scope = _Scope(resource.module_address, resource.key)
        loop = configuration.for_each_expression
        return _either(self._evaluated(node, scope, loop=loop) for node in nodes)

    def _evaluated(
        self,
        expression: Any,  # noqa: ANN401 - free-form JSON
        scope: _Scope,
        rest: tuple[Step, ...] = (),
        *,
        loop: Any = None,  # noqa: ANN401 - free-form JSON
    ) -> Link:
        """Return what an expression names.

        Args:
            expression: As in the configuration of a plan.
            scope: Where it stands.
            rest: What is taken of its value.
            loop: The ``for_each`` of what it belongs to, whose elements are ``each.value``.
        """
        found = _longest(references(expression))
        if loop is not None and any(item.startswith("each.value") for item in found):
            inner = self._evaluated(expression, scope, rest)
            values = self._evaluated(loop, scope)
            joined = inner.addresses | values.addresses
            return Link(joined, inner.certain and values.certain and len(joined) <= 1)
        every = _all(self._follow(item, scope, found) for item in found)
        if not rest or not every.addresses:
            return every
        by_address = self._planned.by_address
        keyed = frozenset(item for item in every.addresses if by_address[item].key in rest)
        if keyed:
            return Link(keyed, every.certain and len(keyed) == 1)
        return Link(every.addresses, every.certain and len(found) == 1 == len(every.addresses))

    def _follow(self, reference: str, scope: _Scope, beside: frozenset[str]) -> Link:
        """Return what a reference names.

        Args:
            reference: As Terraform writes it.
            scope: Where it stands.
            beside: All references of the expression: any of them may be an index.
        """
        computed = any(item.startswith(("each.value", "local.", "var.")) for item in beside)
        same = bool({"each.key", "count.index"} & beside)
        memo = (scope if same else _Scope(scope.module, None), reference, computed)
        if memo not in self._followed:
            # What refers to itself, as only a damaged plan can, names nothing for certain.
            self._followed[memo] = _UNCLEAR
            self._followed[memo] = self._found(split(reference), memo[0], computed=computed)
        return self._followed[memo]

    def _found(self, steps: tuple[Step | Key, ...], scope: _Scope, *, computed: bool) -> Link:
        match steps:
            case ("var", str(name), *rest):
                return self._variable(name, scope.module, rest)
            case ("module", str(name), *rest):
                return self._output(name, scope, rest, computed=computed)
            case ("each" | "count" | "path" | "terraform" | "self", *_):
                return Link()
            case ("data", str(kind), str(name), *rest):
                block = f"data.{kind}.{name}"
            case (str(kind), str(name), *rest) if kind != "local":
                block = f"{kind}.{name}"
            case _:
                return _UNCLEAR
        made = {item.key: item.address for item in self._planned.instances(scope.module, block)}
        return _chosen(made, _key(rest), scope, computed=computed)

    def _variable(self, name: str, module: str, rest: list[Step | Key]) -> Link:
        if not module:
            return Link()
        parent, call, key = parent_call(module)
        outer = self._planned.module_configuration(parent)
        if outer is None or call not in outer.module_calls:
            return _UNCLEAR
        made = outer.module_calls[call]
        expression = made.expressions.get(name)
        loop = made.for_each_expression
        return self._evaluated(expression, _Scope(parent, key), _values(rest), loop=loop)

    def _output(self, name: str, scope: _Scope, rest: list[Step | Key], *, computed: bool) -> Link:
        calls = _chosen(
            self._planned.children(scope.module, name), _key(rest), scope, computed=computed
        )
        steps = rest[1:] if _key(rest) else rest
        if not steps:
            return _UNCLEAR
        links = [self._inside(address, str(steps[0]), steps[1:]) for address in calls.addresses]
        joined = _all(links)
        return Link(joined.addresses, joined.certain and calls.certain)

    def _inside(self, module: str, output: str, rest: list[Step | Key]) -> Link:
        configuration = self._planned.module_configuration(module)
        if configuration is None or output not in configuration.outputs:
            return _UNCLEAR
        expression = configuration.outputs[output].expression
        return self._evaluated(expression, _Scope(module, None), _values(rest))

    def _worked_out(self, resource: Resource, path: tuple[Step, ...]) -> Link:
        value = self._planned.worked_out(resource, path)
        made_of = trace(value)
        addresses = made_of.addresses & self._planned.by_address.keys()
        if made_of.complete and addresses == made_of.addresses:
            return Link(addresses | self._named(value))
        referred = self._referred(resource, path)
        # The expression is at hand and still not clear: it may choose among several.
        clear = self._planned.sources is None or len(referred.addresses) <= 1
        return Link(referred.addresses | addresses, certain=referred.certain and clear)

    def _named(self, value: object) -> frozenset[str]:
        return _NOTHING.union(*(self._holders.get(text, _NOTHING) for text in _texts(value)))


def _chosen(
    made: Mapping[Step | None, str], key: Key | None, scope: _Scope, *, computed: bool
) -> Link:
    """Return which instances of a block are meant, by address."""
    if key is not None:
        return Link(frozenset({made[key.value]}) if key.value in made else _NOTHING)
    if len(made) > 1 and scope.key is not None and scope.key in made:
        return Link(frozenset({made[scope.key]}))
    return Link(frozenset(made.values()), len(made) <= 1 or not computed)


def _all(links: Iterable[Link]) -> Link:
    """Return all links as one."""
    links = tuple(links)
    return Link(
        _NOTHING.union(*(link.addresses for link in links)), all(link.certain for link in links)
    )


def _either(links: Iterable[Link]) -> Link:
    """Return what links may mean of which one holds."""
    links = tuple(links)
    joined = _all(links)
    same = all(link.addresses == joined.addresses for link in links)
    return Link(joined.addresses, joined.certain and same)


def _longest(found: tuple[str, ...]) -> frozenset[str]:
    """Leave out what only begins another reference: Terraform lists ``a.b`` beside ``a.b.c``."""
    return frozenset(
        item
        for item in found
        if not any(other.startswith((f"{item}.", f"{item}[")) for other in found)
    )


def _key(rest: Sequence[Step | Key]) -> Key | None:
    return rest[0] if rest and isinstance(rest[0], Key) else None


def _values(rest: Sequence[Step | Key]) -> tuple[Step, ...]:
    return tuple(step.value if isinstance(step, Key) else step for step in rest)


def _texts(value: object) -> list[str]:
    return [
        item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)
    ]


def _nodes(tree: Any, path: tuple[Step, ...], known: Any) -> Iterator[Any]:  # noqa: ANN401 - JSON
    """Yield the expressions that can be the one at a path of a planned value.

    Sets of blocks have no order, so a block is found by what is constant in it.
    """
    if not path or _is_leaf(tree):
        yield tree
        return
    step, *rest = path
    inner = _part(known, step)
    if isinstance(tree, list) and isinstance(step, int):
        for block in [block for block in tree if _fits(block, inner)] or tree:
            yield from _nodes(block, tuple(rest), inner)
    elif isinstance(tree, dict) and isinstance(step, int):
        yield from _nodes(tree, tuple(rest), inner)
    elif isinstance(tree, dict) and step in tree:
        yield from _nodes(tree[step], tuple(rest), inner)


def _count(blocks: Any) -> int:  # noqa: ANN401 - free-form JSON
    """Return the number of blocks; one that can be there only once may be no list."""
    return len(blocks) if isinstance(blocks, list) else int(isinstance(blocks, dict))


def _fits(block: Any, known: Any) -> bool:  # noqa: ANN401 - free-form JSON
    """Tell whether the constants of a block are what is planned."""
    return isinstance(block, dict) and all(
        not (isinstance(item, dict) and "constant_value" in item)
        or item["constant_value"] == _part(known, name)
        for name, item in block.items()
    )


def _part(known: Any, step: Step) -> Any:  # noqa: ANN401 - free-form JSON
    if isinstance(known, dict):
        return known.get(step)
    if isinstance(known, list) and isinstance(step, int) and step < len(known):
        return known[step]
    return None


def _is_leaf(tree: Any) -> bool:  # noqa: ANN401 - free-form JSON
    return isinstance(tree, dict) and ("references" in tree or "constant_value" in tree)
