"""The statements of a policy, also where parts of it are known only after apply.

A policy that names what is yet to be created is unknown as a whole to Terraform. What it allows can
still be read: from the data source ``aws_iam_policy_document`` it comes from, or from the
``jsonencode`` it is written with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap.policy.policies import Statement, statements
from tap.policy.values import UnknownValueError

if TYPE_CHECKING:
    from tap.hcl import Expression
    from tap.policy.planned import Resource
    from tap.policy.values import Values

_DOCUMENT = "aws_iam_policy_document"
# Stands for the id or ARN of something in the plan; no wildcard, and no account.
_SOMETHING = "(of a resource)"
_RESOURCES = ("data.", "aws_", "module.")


def statements_of(values: Values, name: str) -> tuple[Statement, ...]:
    """Return the statements of a policy that an argument holds; () if it is null.

    Args:
        values: A resource, or a block in it.
        name: The argument, such as ``policy``.

    Raises:
        UnknownValueError: What it allows cannot be told before apply.
    """
    if not values.is_unknown(name):
        return values.statements(name)
    source = values.target(name, _DOCUMENT) if _comes_from_document(values, name) else None
    if source is not None:
        return tuple(_of_block(block) for block in source.blocks("statement"))
    written = _written(values, name)
    if written is not None:
        return statements(_value(written, values, name))
    raise UnknownValueError(values.resource.address, name)


def _comes_from_document(values: Values, name: str) -> bool:
    link = values.resource.planned.links.of(values.resource, (*values.path, name))
    return link.certain and any(_DOCUMENT in address for address in link.addresses)


def _of_block(block: Values) -> Statement:
    return Statement(
        sid=block.text("sid") or "",
        effect=block.text("effect") or "Allow",
        actions=_texts(block, "actions"),
        not_actions=_texts(block, "not_actions"),
        resources=_texts(block, "resources"),
        not_resources=_texts(block, "not_resources"),
        principals=_principals(block, "principals"),
        not_principals=_principals(block, "not_principals"),
        conditions={
            condition.text("test") or "": {
                condition.text("variable") or "": _texts(condition, "values")
            }
            for condition in block.blocks("condition")
        },
    )


def _principals(block: Values, name: str) -> dict[str, tuple[str, ...]]:
    return {inner.text("type") or "": _texts(inner, "identifiers") for inner in block.blocks(name)}


def _texts(block: Values, name: str) -> tuple[str, ...]:
    if not block.is_unknown(name):
        return tuple(map(str, block.get(name) or ()))
    link = block.resource.planned.links.of(block.resource, (*block.path, name))
    if not link.addresses:
        raise UnknownValueError(block.resource.address, name)
    known: list[str] = []
    try:
        known += map(str, block.each(name))
    except UnknownValueError:
        known.append(_SOMETHING)
    return tuple(known)


def _written(values: Values, name: str) -> Expression | None:
    """Return the object that ``jsonencode`` gets, as it is written."""
    resource: Resource = values.resource
    block = resource.planned.block(resource)
    expression = block.attributes.get(name) if block and not values.path else None
    if expression is None or expression.function != "jsonencode":
        return None
    return expression.items[0] if len(expression.items) == 1 else None


def _value(expression: Expression, values: Values, name: str) -> Any:  # noqa: ANN401 - JSON
    """Return what an expression stands for, with ids of resources left open."""
    if expression.is_literal:
        return expression.value
    if expression.entries:
        return {key: _value(item, values, name) for key, item in expression.entries.items()}
    if expression.items and not expression.function:
        return [_value(item, values, name) for item in expression.items]
    text = expression.text
    if text.startswith('"') and not text.startswith('"${'):
        return text.strip('"')
    if expression.references and all(item.startswith(_RESOURCES) for item in expression.references):
        return (
            _SOMETHING + text[text.rfind("}") + 1 :].removesuffix('"')
            if text[0] == '"'
            else _SOMETHING
        )
    raise UnknownValueError(values.resource.address, name)
