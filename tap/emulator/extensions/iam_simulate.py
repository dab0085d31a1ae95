"""IAM: simulation of policies, conditions and permissions boundaries included.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.iam.exceptions import NotFoundException
from moto.iam.responses import IamResponse

from tap.emulator.extensions import Client, Extension, Patch
from tap.emulator.extensions.refusals import REFUSED
from tap.emulator.policies import Call, decide

if TYPE_CHECKING:
    from tap.emulator.policies import Statement

_DECISIONS = {True: "allowed", False: "explicitDeny", None: "implicitDeny"}


@dataclass(frozen=True, kw_only=True)
class _Policy:
    """A policy document, and how an answer names it."""

    name: str
    kind: str
    document: str

    def statements(self) -> list[Statement]:
        """Return its statements; one alone may stand without a list."""
        found: Any = json.loads(self.document)["Statement"]
        return found if isinstance(found, list) else [found]


@dataclass(frozen=True, kw_only=True)
class _Question:
    """Policies to be asked, apart from the action and the resource."""

    identity: list[_Policy]
    boundary: list[_Policy]
    resource: list[_Policy]


def _simulate() -> None:
    def simulate_principal_policy(self: IamResponse) -> ActionResult:
        policies, boundary = _policies_of(self.backend, self._get_param("PolicySourceArn"))
        return _answer(self, policies, boundary)

    def simulate_custom_policy(self: IamResponse) -> ActionResult:
        return _answer(self, [], [])

    for operation in (simulate_principal_policy, simulate_custom_policy):
        setattr(IamResponse, operation.__name__, operation)


def _answer(response: Any, policies: list[_Policy], boundary: list[_Policy]) -> ActionResult:
    asked = response._get_params()  # noqa: SLF001 - moto has no other way
    given_boundary = _given(asked, "PermissionsBoundaryPolicyInputList")
    resource = asked.get("ResourcePolicy")
    question = _Question(
        identity=policies + _given(asked, "PolicyInputList"),
        boundary=given_boundary or boundary,
        resource=[_Policy(name="ResourcePolicy", kind="resource", document=resource)]
        if resource
        else [],
    )
    context = {
        entry["ContextKeyName"].lower(): tuple(entry.get("ContextKeyValues", ()))
        for entry in asked.get("ContextEntries") or []
    }
    caller = asked.get("CallerArn") or asked.get("PolicySourceArn") or ""
    results = [
        _evaluate(
            question,
            Call(
                action=action,
                resource=arn,
                principals=frozenset({caller, response.current_account}),
                context=context,
            ),
        )
        for action in asked["ActionNames"]
        for arn in asked.get("ResourceArns") or ["*"]
    ]
    return ActionResult({"EvaluationResults": results, "IsTruncated": False})


def _given(asked: dict[str, Any], name: str) -> list[_Policy]:
    documents = asked.get(name) or []
    return [
        _Policy(name=f"{name}.{number}", kind="IAM Policy", document=document)
        for number, document in enumerate(documents, start=1)
    ]


def _evaluate(question: _Question, call: Call) -> dict[str, Any]:
    groups = (question.identity, question.resource)
    verdicts = [decide(_statements(policies), call) for policies in groups]
    verdict = False if False in verdicts else (True if True in verdicts else None)
    result: dict[str, Any] = {}
    if question.boundary:
        within = decide(_statements(question.boundary), call)
        result["PermissionsBoundaryDecisionDetail"] = {
            "AllowedByPermissionsBoundary": within is True
        }
        if within is not True:
            verdict = False if verdict is False or within is False else None
    policies = [*question.identity, *question.resource, *question.boundary]
    return result | {
        "EvalActionName": call.action,
        "EvalResourceName": call.resource,
        "EvalDecision": _DECISIONS[verdict],
        "MatchedStatements": [
            {"SourcePolicyId": policy.name, "SourcePolicyType": policy.kind}
            for policy in policies
            for statement in policy.statements()
            if decide([statement], call) is not None
        ],
        "MissingContextValues": _missing(policies, call),
    }


def _statements(policies: list[_Policy]) -> list[Statement]:
    return [statement for policy in policies for statement in policy.statements()]


def _missing(policies: list[_Policy], call: Call) -> list[str]:
    """Return the condition keys that decide about a call and that nobody gave a value for."""
    keys = {
        key
        for statement in _statements(policies)
        if decide([{**statement, "Condition": {}}], call) is not None
        for wanted in statement.get("Condition", {}).values()
        for key in wanted
    }
    return sorted(key for key in keys if key.lower() not in call.context)


def _policies_of(backend: Any, arn: str) -> tuple[list[_Policy], list[_Policy]]:
    kind, name = arn.rpartition(":")[2].split("/", 1)
    name = name.rpartition("/")[2]
    owners = {"role": backend.get_role, "user": backend.get_user, "group": backend.get_group}
    if kind not in owners:
        raise NotFoundException(f"No policies of {arn} can be simulated.")
    owner = owners[kind](name)
    inline = [
        _Policy(name=each, kind="IAM Policy", document=document)
        for each, document in owner.policies.items()
    ]
    attached = [_managed(backend, each) for each in owner.managed_policies]
    boundary = getattr(owner, "permissions_boundary_arn", None)
    return inline + attached, [_managed(backend, boundary)] if boundary else []


def _managed(backend: Any, arn: str) -> _Policy:
    policy = backend.managed_policies[arn]
    version = next(each for each in policy.versions if each.is_default)
    document = version.document
    return _Policy(
        name=policy.name,
        kind="IAM Policy",
        document=document if isinstance(document, str) else json.dumps(document),
    )


def _cannot_simulate(client: Client) -> bool:
    iam = client("iam")
    name = "tap-probe-simulate"
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    statement = {
        "Effect": "Allow",
        "Action": "cloudwatch:PutMetricData",
        "Resource": "*",
        "Condition": {"StringEquals": {"cloudwatch:namespace": "probe"}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=document)

    def decision(namespace: str) -> str:
        entry = {
            "ContextKeyName": "cloudwatch:namespace",
            "ContextKeyValues": [namespace],
            "ContextKeyType": "string",
        }
        answer = iam.simulate_principal_policy(
            PolicySourceArn=role,
            ActionNames=["cloudwatch:PutMetricData"],
            ContextEntries=[entry],
        )
        return str(answer["EvaluationResults"][0]["EvalDecision"])

    try:
        return (decision("probe"), decision("other")) != ("allowed", "implicitDeny")
    except REFUSED:
        return True


EXTENSION = Extension(
    patches=(
        Patch(
            id="iam-simulate",
            symptom="nobody can ask what a role may do: simulate_principal_policy fails",
            apply=_simulate,
            probe=_cannot_simulate,
        ),
    ),
)
