"""Proofs as commands use them: of a plan, or of what is live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap.cli.console import notice
from tap.errors import PolicyError, RulesBrokenError, TapError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tap.plan import Plan
    from tap.proofs.access.facts import Facts as AccessFacts
    from tap.proofs.intents import Intents
    from tap.proofs.network.tiers import Tiers
    from tap.proofs.sources import Sources
    from tap.proofs.verdict import Verdict
    from tap.settings import Environment, Settings
    from tap.terraform.review import Said
    from tap.workspace import Request, Workspace

# CloudFront, Route 53 and the billing of AWS keep what they have there.
_GLOBAL_REGION = "us-east-1"


def intents_file(environment: Environment) -> Path:
    """Return where the intents of all environments are."""
    return environment.directory.parent / "_stack" / "intents.txt"


def prove_plan(
    plan: Plan, settings: Settings, environment: Environment, label: str
) -> Verdict | None:
    """Answer the intents of an environment from a plan of it; None if it has none.

    Args:
        plan: The plan.
        settings: The project.
        environment: Which environment.
        label: What the copy is called that was planned, such as ``prod-pr42``.

    Raises:
        HclError: A ``.tf`` file cannot be read.
        SettingsError: The intents cannot be read.
    """
    from tap.proofs.verdict import prove

    if not intents_file(environment).is_file():
        return None
    words = _words(plan_outputs(plan), settings, label)
    intents = _intents(settings, environment, words)
    sources = plan_sources(settings, environment)
    return prove(
        f"the plan of {label}",
        intents,
        tiers=plan_tiers(plan, sources),
        access=_plan_access(plan, sources, region=words["region"]),
    )


def prove_live(workspace: Workspace) -> Verdict:
    """Answer the intents of an environment from what is live.

    Raises:
        SettingsError: There are no intents, or they cannot be read.
        TapError: Nothing is applied, or AWS refused a call.
    """
    from tap.proofs.access.from_live import read_facts
    from tap.proofs.verdict import prove

    request = workspace.request
    outputs = live_outputs(workspace)
    words = _words(outputs, request.settings, request.label)
    intents = _intents(request.settings, request.environment, words)
    stack = outputs.get("stack") or {}
    regions = [words["region"], stack.get("replica_region"), _GLOBAL_REGION]
    access = read_facts(
        workspace.target.client,
        account=words["account"],
        prefix=words["prefix"],
        regions=[region for region in regions if region],
    )
    return prove(request.label, intents, tiers=live_tiers(workspace, outputs), access=access)


def plan_sources(settings: Settings, environment: Environment) -> Sources:
    """Return where the configuration of an environment is."""
    from tap.proofs.sources import Sources

    return Sources(root=environment.directory, cache=settings.work_directory / "hcl")


def plan_tiers(plan: Plan, sources: Sources) -> Tiers:
    """Return the network of a plan.

    Raises:
        HclError: A ``.tf`` file cannot be read.
    """
    from tap.proofs.network.from_plan import read_plan
    from tap.proofs.network.network import Network
    from tap.proofs.network.tiers import Tiers

    return Tiers(Network(read_plan(plan, sources=sources)))


def live_tiers(workspace: Workspace, outputs: Mapping[str, Any]) -> Tiers:
    """Return the network as it is.

    Raises:
        TapError: The outputs do not name the VPC, or AWS refused a call.
    """
    from functools import partial

    from tap.proofs.network.from_live import read_facts
    from tap.proofs.network.network import Network
    from tap.proofs.network.tiers import Tiers

    vpc = (outputs.get("vpc") or {}).get("vpc_id")
    region = (outputs.get("stack") or {}).get("region")
    if not vpc or not region:
        words = workspace.request.words
        raise TapError(
            f"the outputs of {words} do not name its VPC and region (vpc.vpc_id, stack.region)",
            f"apply it again: tap apply {words}",
        )
    client = partial(workspace.target.client, region=region)
    return Tiers(Network(read_facts(client, vpcs=[vpc])))


def live_outputs(workspace: Workspace) -> dict[str, Any]:
    """Return the outputs of what is applied.

    Raises:
        TapError: Nothing is applied.
    """
    outputs = {name: each.value for name, each in workspace.root.output().items()}
    if not outputs:
        words = workspace.request.words
        raise TapError(f"nothing is applied of {words}", f"apply it first: tap apply {words}")
    return outputs


def plan_outputs(plan: Plan) -> dict[str, Any]:
    """Return the outputs as far as a plan knows them."""
    import msgspec

    planned = plan.planned_values.outputs
    return {
        name: output.value for name, output in planned.items() if output.value is not msgspec.UNSET
    }


def said_by_proofs(verdict: Verdict | None) -> Said | None:
    """Return whether intents hold, and what does not; None where there are none."""
    from tap.reports.proofs import broken_lines, proofs_line
    from tap.terraform.review import Said

    if verdict is None:
        return None
    lines = (proofs_line(verdict), *broken_lines(verdict))
    return Said(lines=lines, against=len(verdict.broken) + len(verdict.unexpected))


def refuse_unproved(said: Said | None, request: Request) -> None:
    """Say what the proofs said of a plan, and refuse to apply what would break an intent.

    Raises:
        RulesBrokenError: An intent does not hold, or something unexpected gets through.
    """
    if said is None:
        return
    for line in said.lines:
        notice(line)
    if said.against:
        raise RulesBrokenError(
            f"the plan of {request.label} breaks what is meant to hold; nothing was changed",
            f"tap prove {request.words} shows all of it; correct the plan, or the intents "
            "in environments/_stack/intents.txt",
        )


def _words(outputs: Mapping[str, Any], settings: Settings, label: str) -> dict[str, str]:
    """Return what stands for words in braces; outputs of the stack tell it best."""
    stack = outputs.get("stack")
    told = stack if isinstance(stack, dict) else {}
    return {
        "prefix": told.get("prefix") or f"{settings.project}-{label}",
        "region": told.get("region") or settings.state.region,
        "account": told.get("account_id") or "",
    }


def _intents(settings: Settings, environment: Environment, words: Mapping[str, str]) -> Intents:
    from tap.proofs.intents import read_intents

    file = intents_file(environment)
    return read_intents(
        file,
        environment=environment.name,
        environments=settings.environments.keys(),
        words={**words, "environment": environment.name},
        shown=file.relative_to(settings.root).as_posix(),
    )


def _plan_access(plan: Plan, sources: Sources, *, region: str) -> AccessFacts | PolicyError:
    from tap.proofs.access.from_plan import read_plan

    try:
        return read_plan(plan, region=region, sources=sources)
    except PolicyError as error:
        return error
