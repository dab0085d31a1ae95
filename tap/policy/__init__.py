"""Rules over plans and HCL: what must not be, found before it is made."""

from tap.policy.engine import is_judged, judge
from tap.policy.finding import Fault, Finding, Outcome
from tap.policy.judgement import Judgement, Subject, examine
from tap.policy.planned import Planned, Resource
from tap.policy.policies import Statement
from tap.policy.registry import all_rules, find_rule
from tap.policy.rule import Rule, Scope, Severity, plan_rule, resource_rule, source_rule
from tap.policy.sources import SourceModule, Sources
from tap.policy.values import UnknownValueError, Values
from tap.policy.waivers import Accepted, Verdict, comment_waivers, settings_waivers, weigh

__all__ = [
    "Accepted",
    "Fault",
    "Finding",
    "Judgement",
    "Outcome",
    "Planned",
    "Resource",
    "Rule",
    "Scope",
    "Severity",
    "SourceModule",
    "Sources",
    "Statement",
    "Subject",
    "UnknownValueError",
    "Values",
    "Verdict",
    "all_rules",
    "comment_waivers",
    "examine",
    "find_rule",
    "is_judged",
    "judge",
    "plan_rule",
    "resource_rule",
    "settings_waivers",
    "source_rule",
    "weigh",
]
