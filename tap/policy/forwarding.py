"""Which load balancers forward to which target groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.planned import Planned, Resource

BALANCERS = ("aws_lb", "aws_alb")
LISTENER = "aws_lb_listener"


class Forwards:
    """What the listeners of a plan, and the rules of listeners, forward to."""

    def __init__(self, planned: Planned) -> None:
        self._certain: dict[str, dict[str, Resource]] = {}
        self._possible: dict[str, Resource] = {}
        for user in planned.resources(LISTENER, "aws_lb_listener_rule"):
            is_listener = user.type == LISTENER
            listener = user if is_listener else user.target("listener_arn", LISTENER)
            balancer = listener.target("load_balancer_arn", *BALANCERS) if listener else None
            if balancer is not None:
                for path in _paths(user, "default_action" if is_listener else "action"):
                    self._add(user, path, balancer)

    def to(self, group: Resource) -> Iterator[tuple[Resource, bool]]:
        """Yield the load balancers that forward to a target group, or may do so.

        Each comes once, with whether that is certain, the certain ones first.
        """
        known = self._certain.get(group.address, {})
        for balancer in known.values():
            yield balancer, True
        for address, balancer in self._possible.items():
            if address not in known:
                yield balancer, False

    def _add(self, user: Resource, path: tuple[str | int, ...], balancer: Resource) -> None:
        link = user.planned.links.of(user, path)
        if not link.certain:
            self._possible[balancer.address] = balancer
            return
        for address in link.addresses:
            self._certain.setdefault(address, {})[balancer.address] = balancer


def forwards(planned: Planned) -> Forwards:
    """Return what the listeners of a plan forward to, collected once."""
    return planned.once(Forwards)


def _paths(user: Resource, name: str) -> Iterator[tuple[str | int, ...]]:
    """Yield the paths of everything that an action forwards to."""
    for index, action in enumerate(user.blocks(name)):
        if action.text("type") != "forward":
            continue
        yield name, index, "target_group_arn"
        if forward := action.block("forward"):
            for number, _ in enumerate(forward.blocks("target_group")):
                yield name, index, "forward", 0, "target_group", number, "arn"
