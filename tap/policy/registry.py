"""All rules there are. A new area is a module of ``tap.policy.rules`` and a name in ``AREAS``."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from tap.errors import SettingsError
from tap.policy.rule import Rule
from tap.policy.rules import (
    acl,
    acm,
    asg,
    bg,
    dns,
    dns_weights,
    ec2,
    env,
    fun,
    fun_access,
    iam,
    iam_use,
    kms,
    lb,
    lb_targets,
    net,
    obs,
    obs_metrics,
    pwd,
    rds,
    rds_observed,
    rds_restored,
    s3,
    s3_access,
    s3_replicas,
    sec,
    sg,
    sg_use,
    state,
    tf,
    tf_inputs,
    tf_pins,
    tf_values,
    vpc,
    waf,
)

if TYPE_CHECKING:
    from types import ModuleType

AREAS: tuple[ModuleType, ...] = (
    acl,
    acm,
    asg,
    bg,
    dns,
    dns_weights,
    ec2,
    env,
    fun,
    fun_access,
    iam,
    iam_use,
    kms,
    lb,
    lb_targets,
    net,
    obs,
    obs_metrics,
    pwd,
    rds,
    rds_observed,
    rds_restored,
    s3,
    s3_access,
    s3_replicas,
    sec,
    sg,
    sg_use,
    state,
    tf,
    tf_inputs,
    tf_pins,
    tf_values,
    vpc,
    waf,
)


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return every rule, sorted by id.

    Raises:
        ValueError: Two rules have the same id.
    """
    found = [
        value for module in AREAS for value in vars(module).values() if isinstance(value, Rule)
    ]
    ids = [rule.id for rule in found]
    if twice := sorted({identifier for identifier in ids if ids.count(identifier) > 1}):
        raise ValueError(f"two rules have the same id: {', '.join(twice)}")
    return tuple(sorted(found, key=lambda rule: rule.id))


def find_rule(identifier: str) -> Rule:
    """Return a rule by its id, in any case of letters.

    Raises:
        SettingsError: There is none.
    """
    for rule in all_rules():
        if rule.id == identifier.upper():
            return rule
    raise SettingsError(f"unknown rule {identifier!r}", "tap rules lists the ids")
