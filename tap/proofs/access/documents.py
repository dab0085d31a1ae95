"""Policy documents that a plan does not know, worked out of the configuration.

Terraform takes what ``jsonencode`` returns for unknown when one value in it is. The rest of the
document stands in the ``.tf`` files, so it is read there: the expression is followed through
locals, variables, module calls and outputs, up to attributes of resources that the plan knows. For
those that it does not know, the ARN with the resource's address in it takes their place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap.proofs.access.arns import Arns, stand_in
from tap.proofs.access.scopes import Scope, World
from tap.proofs.access.values import UNKNOWN, Failure, StandIn

if TYPE_CHECKING:
    from tap.proofs.access.planned import Inventory, Planned
    from tap.proofs.access.scopes import Sources

# What AWS chooses and a policy may name.
_CHOSEN = {"arn", "id", "key_id", "resource_id", "unique_id"}


def work_out(
    item: Planned, name: str, inventory: Inventory, arns: Arns, sources: Sources
) -> str | None:
    """Work out a document that the plan does not know.

    Args:
        item: The resource that has it.
        name: Its attribute.
        inventory: All resources of the plan.
        arns: Makes the ARNs that are not known yet.
        sources: Where the configuration is.

    Returns:
        The document, or None where the configuration is made of something that is not known here.

    Raises:
        HclError: A ``.tf`` file cannot be read.
    """
    world = World(inventory, _Chosen(arns).of, sources.cache)
    root = Scope(world, sources.root, "", inventory.plan.variables)
    scope = root.descendant(item.change.module_address)
    if scope is None:
        return None
    block = scope.module.resources.get(f"{item.change.type}.{item.change.name}")
    expression = block.body.attributes.get(name) if block else None
    if block is None or expression is None:
        return None
    try:
        found = scope.evaluate(expression, scope.each(block, item.change.index))
    except Failure:
        return None
    return str(found) if isinstance(found, str) else None


class _Chosen:
    """What stands for attributes that AWS chooses."""

    def __init__(self, arns: Arns) -> None:
        self.arns = arns

    def of(self, item: Planned, name: str) -> Any:  # noqa: ANN401 - text, or not known
        """Return the ARN or a stand-in of a resource, as far as policies name them."""
        if name == "master_user_secret" and item.get("manage_master_user_password"):
            return [{"secret_arn": StandIn(self.arns.of_master_secret(item))}]
        if name == "arn" and (arn := self.arns.of(item)):
            return StandIn(arn)
        return StandIn(stand_in(item, name)) if name in _CHOSEN else UNKNOWN
