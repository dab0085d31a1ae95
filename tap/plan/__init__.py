"""Plans as Terraform prints them (``terraform show -json``), typed."""

from tap.plan.configuration import Configuration, ModuleConfiguration, references
from tap.plan.model import Action, Change, Plan, ResourceChange
from tap.plan.risk import Risk, risk_of
from tap.plan.sensitive import MASK, mask, masked_change, masked_variables
from tap.plan.summary import Counts, Group, PlannedChange, Summary, summarize

__all__ = [
    "MASK",
    "Action",
    "Change",
    "Configuration",
    "Counts",
    "Group",
    "ModuleConfiguration",
    "Plan",
    "PlannedChange",
    "ResourceChange",
    "Risk",
    "Summary",
    "mask",
    "masked_change",
    "masked_variables",
    "references",
    "risk_of",
    "summarize",
]
