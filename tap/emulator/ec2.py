"""EC2: what Terraform reads back of security group rules, and what goes with a VPC."""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

from typing import Any

from moto.ec2.models.security_groups import SecurityGroupRule

from tap.emulator.extensions import wrap

_ANYWHERE = "0.0.0.0/0"


def _keep_descriptions() -> None:
    @wrap(SecurityGroupRule, "__init__")
    def _(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        source = kwargs.get("prefix_list_id") or self.source_group or self.ip_range
        self.text = source.get("Description")
        # moto takes rules with other descriptions for other rules.
        self.source_group = {k: v for k, v in self.source_group.items() if k != "Description"}
