"""Plans as Terraform prints them (``terraform show -json``), typed."""

from tap.plan.configuration import Configuration, ModuleConfiguration, references
from tap.plan.drift import (
    AttributeDrift,
    Ignored,
    Judged,
    ObjectDrift,
    find_drift,
    is_expired,
    judge,
)
from tap.plan.model import Action, Change, Plan, ResourceChange
from tap.plan.risk import Risk, risk_of
from tap.plan.sensitive import MASK, mask, masked_change, masked_variables, secret_values
from tap.plan.summary import Counts, Group, PlannedChange, Summary, summarize

__all__ = [
    "MASK",
    "Action",
    "AttributeDrift",
    "Change",
    "Configuration",
    "Counts",
    "Group",
    "Ignored",
    "Judged",
    "ModuleConfiguration",
    "ObjectDrift",
    "Plan",
    "PlannedChange",
    "ResourceChange",
    "Risk",
    "Summary",
    "find_drift",
    "is_expired",
    "judge",
    "mask",
    "masked_change",
    "masked_variables",
    "references",
    "risk_of",
    "secret_values",
    "summarize",
]
