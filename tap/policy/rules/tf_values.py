"""Rules of values: those that are promised and missing, and those that belong elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tap.policy.rule import Severity, source_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.hcl import Block, Expression
    from tap.policy.finding import Fault
    from tap.policy.sources import SourceModule

# https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
_REGION = re.compile(
    r'"[^"$]*\b(?:af|ap|ca|cn|eu|il|me|mx|sa|us|us-gov)-'
    r"(?:central|east|north|northeast|northwest|south|southeast|southwest|west)-\d[a-f]?\b[^\"]*\""
)
_ENVIRONMENT = re.compile(
    r'"(?:[^"${]*[-_/])?(dev|test|stage|staging|prod|production)(?:[-_/][^"]*)?"'
)
_NAMES = {"name", "name_prefix", "bucket", "identifier", "tags", "function_name", "description"}
_CHECKED = re.compile(
    r"(?:^|_)(?:cidrs?|cidr_blocks?|instance_class|instance_type|zone_name|domain_name)(?:$|_)"
    r"|(?:^|_)(?:name|prefix|name_prefix|identifier)$"
)


@source_rule(
    "TF-09",
    Severity.MEDIUM,
    "An output is promised and never set",
    rationale="Another stack reads it, and gets nothing.",
    remediation="""\
output "vpc_id" {
  value = aws_vpc.this.id
}
""",
)
def unset_output(module: SourceModule) -> Iterator[Fault]:
    """Every output has a value other than null or an empty text."""
    for output in module.declared.outputs.values():
        if output.value is None:
            yield module.fault(output, "value is missing")
        elif output.value.text in {"null", '""'}:
            yield module.fault(output, f"value = {output.value.text}", at="value")


@source_rule(
    "TF-10",
    Severity.MEDIUM,
    "A region or zone is fixed in a module",
    rationale="The module cannot be used in any other region, and says so nowhere.",
    remediation="""\
variable "region" {
  type = string
}
""",
)
def fixed_region(module: SourceModule) -> Iterator[Fault]:
    """Modules get regions and zones from whoever calls them."""
    if module.is_root:
        return
    for block in _working(module):
        for name, value in _attributes(block):
            for found in _regions(module, value):
                yield module.fault(block, f"{name} holds {found}", at=name)
    for local in module.declared.locals.values():
        for found in _regions(module, local.value):
            yield module.fault(local, f"it holds {found}")


@source_rule(
    "TF-11",
    Severity.MEDIUM,
    "The name of an environment is fixed in a module",
    rationale="What belongs to one environment says that it belongs to another: who looks for "
    "production finds development.",
    remediation="""\
resource "aws_vpc" "this" {
  tags = { Environment = var.environment }
}
""",
)
def fixed_environment(module: SourceModule) -> Iterator[Fault]:
    """Names and tags in modules follow a variable."""
    if module.is_root:
        return
    for block in _working(module):
        for name, value in _attributes(block):
            if name in _NAMES and (found := _ENVIRONMENT.search(value.text)):
                yield module.fault(block, f"{name} holds {found[0]}", at=name)
    for local in module.declared.locals.values():
        if local.name in _NAMES and (found := _ENVIRONMENT.search(local.value.text)):
            yield module.fault(local, f"it holds {found[0]}")


@source_rule(
    "TF-12",
    Severity.LOW,
    "A variable takes what AWS will refuse",
    rationale="The fault is found in the middle of an apply, and named by AWS in its own words.",
    remediation="""\
variable "cidr_block" {
  type = string

  validation {
    condition     = can(cidrhost(var.cidr_block, 0))
    error_message = "cidr_block must be a block such as 10.0.0.0/16."
  }
}
""",
)
def unvalidated(module: SourceModule) -> Iterator[Fault]:
    """Variables for blocks of addresses, classes of instances and names are validated."""
    if module.is_root:
        return
    for variable in module.declared.variables.values():
        if _CHECKED.search(variable.name) and not variable.validations:
            yield module.fault(variable, f'variable "{variable.name}" has no validation')


@source_rule(
    "TF-13",
    Severity.MEDIUM,
    "A module configures a provider itself",
    rationale="It can be called neither several times nor for another region, and it cannot be "
    "removed again: its provider goes with it.",
    remediation="""\
module "storage" {
  source = "./storage"

  providers = {
    aws = aws.replica
  }
}
""",
)
def own_provider(module: SourceModule) -> Iterator[Fault]:
    """Providers are configured in roots only."""
    if module.is_root:
        return
    for provider in module.declared.providers.values():
        yield module.fault(provider, f'provider "{provider.address}" is configured in a module')


def _regions(module: SourceModule, value: Expression) -> Iterator[str]:
    """Yield texts with a region; not of one for which the module asks for a provider.

    Route 53 and CloudFront keep logs and certificates in us-east-1 wherever the rest is.
    """
    required = module.declared.settings.required_providers.values()
    asked = {
        alias.rpartition(".")[2].replace("_", "-")
        for provider in required
        for alias in provider.configuration_aliases
    }
    for found in _REGION.finditer(value.text):
        if not any(name in found[0] for name in asked):
            yield found[0]


def _working(module: SourceModule) -> Iterator[Block]:
    """Yield the blocks that make something."""
    for thing in (*module.declared.resources.values(), *module.declared.module_calls.values()):
        yield thing.body


def _attributes(block: Block) -> Iterator[tuple[str, Expression]]:
    for inner in block.walk():
        yield from inner.attributes.items()
