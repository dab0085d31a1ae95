"""Policy documents that a plan does not know, worked out of the configuration.

Terraform takes what ``jsonencode`` returns for unknown when one value in it is. The rest of the
document is read from the ``.tf`` files. For what AWS will choose, the ARN with the resource's
address in it takes its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.evaluation import StandIn, Value, World
from tap.proofs.access.planned import Planned

if TYPE_CHECKING:
    from tap.plan import Plan, ResourceChange
    from tap.proofs.access.arns import Arns
    from tap.proofs.sources import Sources


class Documents:
    """The documents of a plan.

    Args:
        plan: The plan.
        arns: Makes the ARNs that are not known yet.
        sources: Where the configuration is.
    """

    def __init__(self, plan: Plan, arns: Arns, sources: Sources) -> None:
        self._plan = plan
        self._arns = arns
        module = sources.folders.module
        self._world = World(plan, module, chosen=self._chosen, cache=sources.cache)

    def work_out(self, item: Planned, name: str) -> str | None:
        """Work out a document that the plan does not know.

        Args:
            item: The resource that has it.
            name: Its attribute.

        Returns:
            The document, or None where the configuration is made of something that is not known
            here.

        Raises:
            HclError: A ``.tf`` file cannot be read.
        """
        found = self._world.argument(item.change, (name,))
        return str(found) if isinstance(found, str) else None

    def _chosen(self, change: ResourceChange, name: str) -> Value:
        item = Planned(self._plan, change)
        addresses = frozenset({change.address})
        if name == "master_user_secret" and item.get("manage_master_user_password"):
            return [{"secret_arn": StandIn(self._arns.of_master_secret(item), addresses)}]
        arn = self._arns.of(item) if name == "arn" else None
        return StandIn(arn, addresses) if arn else None
