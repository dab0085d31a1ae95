"""The statements of a policy, also where parts of it are known only after apply.

A policy that names what is yet to be created is unknown as a whole to Terraform. What it allows can
still be read: it is worked out of the HCL, or comes from the data source
``aws_iam_policy_document``, whose blocks are in the plan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.policy.policies import Statement
from tap.policy.values import UnknownValueError

if TYPE_CHECKING:
    from tap.policy.values import Values

_DOCUMENT = "aws_iam_policy_document"
# Stands for the id or ARN of something in the plan; no wildcard, and no account.
_SOMETHING = "(of a resource)"


def statements_of(values: Values, name: str) -> tuple[Statement, ...]:
    """Return the statements of a policy that an argument holds; () if it is null.

    Args:
        values: A resource, or a block in it.
        name: The argument, such as ``policy``.

    Raises:
        UnknownValueError: What it allows cannot be told before apply.
    """
    try:
        return values.statements(name)
    except UnknownValueError:
        if not values.is_unknown(name):
            raise
    source = values.target(name, _DOCUMENT) if _comes_from_document(values, name) else None
    if source is not None:
        return tuple(_of_block(block) for block in source.blocks("statement"))
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
        known += block.each(name)
    except UnknownValueError:
        known.append(_SOMETHING)
    return tuple(known)
