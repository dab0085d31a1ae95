"""Intents about access, as a person writes them, and their answers.

One intent is one line::

    allow app can s3:GetObject, s3:PutObject on app bucket/application/*
    allow app can secretsmanager:GetSecretValue on database secret
    allow app can kms:Decrypt on data key with kms:ViaService=s3.eu-west-1.amazonaws.com
    allow ec2.amazonaws.com can sts:AssumeRole on app role
    deny app can iam:*
    deny app can secretsmanager:GetSecretValue on other secrets
    deny app can anything else
    deny outsiders can anything

``allow`` holds if every such request is allowed, with the values after ``with`` and no others.
``deny`` holds if no such request can be allowed, whatever other values it has. ``other`` and
``anything else`` leave out what the allowing lines of the same list give to the same caller.
``outsiders`` is whoever is not of the account, whatever rights they have in their own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from tap.errors import PolicyError
from tap.proofs.access.facts import ARNS
from tap.proofs.access.outsiders import outsiders
from tap.proofs.access.questions import Finding, always, never
from tap.proofs.access.requests import Grant, Question
from tap.proofs.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap.proofs.access.facts import Facts

_INTENT = re.compile(
    r"(?P<effect>allow|deny)\s+(?P<who>\S+)\s+can\s+(?P<actions>.+?)"
    r"(?:\s+on\s+(?P<what>.+?))?(?:\s+with\s+(?P<context>.+))?"
)
_NO_NAMES: Mapping[str, str] = MappingProxyType({})
_ELSE = "anything else"
_REST = {_ELSE, "anything"}
_OUTSIDERS = "outsiders"
_KINDS = "|".join(sorted(ARNS))
_NAMED = re.compile(rf"(?P<name>\S+)\s+(?P<kind>{_KINDS})(?P<path>/\S+)?")
_ALL = re.compile(rf"(?P<which>other|any)\s+(?P<kind>{_KINDS})s?")
_HINT = "such as: allow app can s3:GetObject on app bucket/data/* with aws:SourceVpc=vpc-1"


@dataclass(frozen=True, kw_only=True)
class Intent:
    """One line.

    Attributes:
        text: As it was written.
        allows: Whether it must be possible; else it must not.
        who: The role's name, or a service of AWS.
        actions: Patterns.
        what: The words for the resources; empty for all.
        context: Values of condition keys.
    """

    text: str
    allows: bool
    who: str
    actions: tuple[str, ...]
    what: str = ""
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Whether an intent holds, and why."""

    intent: Intent
    finding: Finding

    @property
    def answer(self) -> Answer:
        """Proved, refuted or unknown."""
        return self.finding.answer

    def lines(self) -> list[str]:
        """Return the reasons, one in each line."""
        found = self.finding
        if found.request is None or found.decision is None:
            return [f"assuming that {each}" for each in found.assumptions]
        request = found.request
        asked = f"{request.caller} {request.action} on {request.resource or '*'}"
        reasons = list(dict.fromkeys(map(str, found.decision.witnesses)))
        if not reasons:
            limit = "only the permissions boundary does not allow it"
            reasons = [limit if found.decision.limited else "no statement allows it"]
        return [
            f"{found.decision.verdict}: {asked}{_with(found.values)}",
            *reasons,
            *(f"assuming that {each}" for each in found.assumptions),
        ]


def _with(values: Mapping[str, tuple[str, ...]]) -> str:
    texts = [
        f"{key}={'|'.join(value)}" if value else f"no {key}"
        for key, value in sorted(values.items())
    ]
    return f" with {' and '.join(texts)}" if texts else ""


def parse_intent(text: str) -> Intent:
    """Read one intent.

    Raises:
        PolicyError: It is not of the form.
    """
    words = " ".join(text.split())
    found = _INTENT.fullmatch(words)
    if found is None:
        raise PolicyError(f"not an intent about access: {text!r}", _HINT)
    allows = found["effect"] == "allow"
    rest = found["actions"] in _REST
    if rest and (allows or found["what"]):
        raise PolicyError(
            f"{text!r}: {found['actions']!r} can only be denied, and on all resources", _HINT
        )
    if found["who"] == _OUTSIDERS and allows:
        raise PolicyError(f"{text!r}: {_OUTSIDERS} can only be denied", _HINT)
    actions = ("*",) if rest else tuple(each.strip() for each in found["actions"].split(","))
    for action in actions:
        if action != "*" and not re.fullmatch(r"[A-Za-z0-9-]+:[A-Za-z0-9*?]+", action):
            raise PolicyError(f"{text!r}: {action!r} is no action", _HINT)
    what = _ELSE if rest else found["what"] or ""
    if allows and (what.startswith("other ") or not what):
        raise PolicyError(f"{text!r} does not say on what", _HINT)
    return Intent(
        text=words,
        allows=allows,
        who=found["who"],
        actions=actions,
        what=what,
        context=_context(found["context"] or "", text),
    )


def judge(
    intents: Sequence[Intent], facts: Facts, names: Mapping[str, str] = _NO_NAMES
) -> list[Judgement]:
    """Answer intents.

    Args:
        intents: All of an environment: "other" leaves out what the others among them allow.
        facts: The environment.
        names: Short names, such as ``app``, of roles and resources, such as ``application``.

    Raises:
        PolicyError: An intent names a role or resource that is not there, or more than one.
    """
    return [judge_one(intent, intents, facts, names) for intent in intents]


def judge_one(
    intent: Intent,
    intents: Sequence[Intent],
    facts: Facts,
    names: Mapping[str, str] = _NO_NAMES,
) -> Judgement:
    """Answer one of several intents; arguments and errors are those of :func:`judge`."""
    asked = question(intent, intents, facts, names)
    if intent.who == _OUTSIDERS:
        found = [never(facts, replace(asked, outsider=caller)) for caller in outsiders(facts)]
        return Judgement(intent=intent, finding=min(found, key=_worst_first))
    return Judgement(intent=intent, finding=(always if intent.allows else never)(facts, asked))


def _worst_first(finding: Finding) -> int:
    return (Answer.REFUTED, Answer.UNKNOWN, Answer.PROVED).index(finding.answer)


def question(
    intent: Intent,
    intents: Iterable[Intent],
    facts: Facts,
    names: Mapping[str, str] = _NO_NAMES,
) -> Question:
    """Return what an intent asks.

    Raises:
        PolicyError: It names a role or resource that is not there, or more than one.
    """
    service = intent.who if intent.who.endswith((".amazonaws.com", ".amazonaws.com.cn")) else ""
    nobody = bool(service) or intent.who == _OUTSIDERS
    return Question(
        role=None if nobody else facts.role(names.get(intent.who, intent.who)),
        service=service,
        actions=intent.actions,
        resources=_resources(intent, facts, names),
        excepted=tuple(_granted(intent, intents, facts, names)),
        context=intent.context,
    )


def _granted(
    intent: Intent, intents: Iterable[Intent], facts: Facts, names: Mapping[str, str]
) -> Iterable[Grant]:
    """Yield what the allowing lines give to the same caller, for a line about all the rest."""
    if intent.what != _ELSE and not intent.what.startswith("other "):
        return
    for other in intents:
        if other.allows and other.who == intent.who:
            yield Grant(actions=other.actions, resources=_resources(other, facts, names))


def _resources(intent: Intent, facts: Facts, names: Mapping[str, str]) -> tuple[str, ...]:
    if intent.what in {"", _ELSE}:
        return ("*",)
    if found := _ALL.fullmatch(intent.what):
        return (facts.all_of(found["kind"]),)
    if found := _NAMED.fullmatch(intent.what):
        resource = facts.resource(found["kind"], names.get(found["name"], found["name"]))
        if found["path"]:
            return (resource.arn + found["path"],)
        if resource.kind == "bucket" and intent.allows:
            inside = all("object" in action.lower() for action in intent.actions)
            return (f"{resource.arn}/*",) if inside else (resource.arn,)
        return resource.patterns
    if intent.what == "*" or intent.what.startswith("arn:"):
        return (intent.what,)
    raise PolicyError(
        f"{intent.text!r}: {intent.what!r} is no resource", f"NAME KIND, with KIND one of {_KINDS}"
    )


def _context(text: str, intent: str) -> dict[str, tuple[str, ...]]:
    context = {}
    for part in re.split(r"\s+and\s+", text) if text else ():
        key, sign, values = part.partition("=")
        if not (key and sign and values):
            raise PolicyError(f"{intent!r}: {part!r} is not KEY=VALUE", _HINT)
        context[key] = tuple(values.split("|"))
    return context
