"""``tap apply``: apply a saved plan, or plan, show and apply."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tap.cli.console import notice
from tap.cli.judging import judge_plan, refuse_broken, said_by_rules
from tap.cli.options import (
    consent_options,
    environment_argument,
    lock_option,
    target_options,
    warm_option,
)
from tap.cli.plan import display, make_plan, plan_command, print_summary
from tap.cli.protection import (
    Consent,
    command_words,
    confirm,
    refuse_protected,
    refuse_unnamed,
    require_clean_tree,
)
from tap.cli.proving import prove_plan, refuse_unproved, said_by_proofs
from tap.cli.reviewing import still_holds
from tap.cli.session import open_environment
from tap.errors import LockedError, SettingsError, StalePlanError

if TYPE_CHECKING:
    from tap.cli.console import Progress
    from tap.plan import Plan
    from tap.terraform.manifest import Manifest
    from tap.terraform.review import Review
    from tap.terraform.saved import TakenPlan
    from tap.workspace import Workspace


@click.command()
@environment_argument
@target_options
@lock_option
@warm_option
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A plan that tap plan --out has written, instead of the saved one.",
)
@consent_options
def apply(
    environment: str,
    target: str,
    suffix: str,
    lock_timeout: str,
    *,
    plan_file: Path | None,
    allow_destroy: tuple[str, ...],
    yes: bool,
    protect: bool,
) -> None:
    """Apply the saved plan of ENV; without one, plan first.

    Whatever is applied was saved and shown before. A saved plan is refused when it is too old,
    was altered, or what it was made of has changed, and any plan when it breaks rules of tap
    check at or above check.fail_on that no waiver covers, or intents of tap prove. On aws the
    name of the environment has to be typed, or --yes given; for a protected environment --yes
    needs a saved plan.
    """
    from tap.terraform.review import find_review

    consent = Consent(yes=yes, protect=protect, allowed=allow_destroy)
    with ExitStack() as held:
        admission = Admission(consent=consent, held=held, named=plan_file)
        workspace, progress = open_environment(
            environment, target, suffix=suffix, lock_timeout=lock_timeout, admit=admission.admit
        )
        if admission.found is not None:
            taken, manifest = admission.found
            notice(f"applying the saved plan {display(taken.public, workspace)}, {_made(manifest)}")
            # A plan from elsewhere is looked at here, whatever lies beside it.
            review = None if plan_file else find_review(taken, manifest.plan)
            plan = read_plan(workspace, taken.file, review)
            show_and_apply(workspace, progress, taken, plan, consent=consent, review=review)
        else:
            plan_and_apply(workspace, progress, consent=consent)


@dataclass
class Admission:
    """Decides, before anything is made or changed, whether an apply may go on.

    Attributes:
        consent: What was said on the command line.
        held: What gives the saved plan back at the end.
        named: The plan that was named there, if any.
        found: The saved plan that will be applied, and what it was made of.
    """

    consent: Consent
    held: ExitStack
    named: Path | None = None
    found: tuple[TakenPlan, Manifest] | None = None

    def admit(self, workspace: Workspace) -> None:
        """Look at the work tree, then take the saved plan and check it.

        Raises:
            SettingsError: The work tree is not clean, or there is no plan where one is needed.
            StalePlanError: The saved plan must not be applied.
        """
        from tap.terraform.provenance import check_plan
        from tap.terraform.saved import require_plan, taken_plan

        guarded = self.consent.guards(workspace.request)
        if guarded:
            require_clean_tree(workspace)
        public = self.named.resolve() if self.named else workspace.request.plan_file
        command = plan_command(workspace, self.named)
        if self.named:
            require_plan(public, command)
        elif not public.is_file():
            if guarded and self.consent.yes:
                raise SettingsError(
                    f"{workspace.request.label} is protected, and there is no saved plan that "
                    "--yes could be for",
                    f"plan first, and read it: {command}",
                )
            return
        taken = self.held.enter_context(taken_plan(public))
        manifest = check_plan(
            taken,
            workspace.circumstances,
            root=workspace.root.directory,
            now=datetime.now(UTC),
            command=command,
        )
        self.found = taken, manifest


def plan_and_apply(
    workspace: Workspace,
    progress: Progress,
    *,
    consent: Consent,
    destroy: bool = False,
) -> None:
    """Plan into a file that no other command finds, show the plan and apply it."""
    from tap.terraform.saved import TakenPlan, private_plan

    public = workspace.request.plan_file
    with private_plan(public) as file:
        plan = make_plan(workspace, progress, file, destroy=destroy).plan
        verb = "destroy" if destroy else "apply"
        show_and_apply(
            workspace, progress, TakenPlan(file, public), plan, consent=consent, verb=verb
        )


def read_plan(workspace: Workspace, file: Path, review: Review | None) -> Plan:
    """Return what is in a plan file, as it was shown before if that is kept."""
    from tap.plan import Plan

    if review is None:
        return workspace.root.show(file).plan
    plan = Plan.decode(bytes(review.shown))
    workspace.root.reporter.plan(plan)
    return plan


def show_and_apply(
    workspace: Workspace,
    progress: Progress,
    taken: TakenPlan,
    plan: Plan,
    *,
    consent: Consent,
    verb: str = "apply",
    review: Review | None = None,
) -> None:
    """Print what a plan does, refuse or ask where that is due, and apply it.

    Raises:
        RulesBrokenError: A rule that counts is broken and not waived, or an intent does not hold.
        SettingsError: The environment is protected against it, or nobody confirmed.
        LockedError: Somebody else holds the state lock; the plan can be applied later.
        StalePlanError: The state has changed since the plan was made.
        TerraformError: Terraform refused, or was interrupted.
    """
    from tap.plan import summarize

    summary = summarize(plan)
    print_summary(summary, workspace, "text")
    if summary.empty:
        taken.spent = True
        return
    if verb == "apply":
        refuse_judged(workspace, plan, review)
    refuse_protected(summary, workspace)
    refuse_unnamed(summary, workspace, consent, verb)
    confirm(workspace, verb, consent)
    counts = summary.total
    progress.expect(counts.add + counts.change + counts.destroy)
    workspace.states.back_up()
    taken.spent = True
    try:
        workspace.root.apply(taken.file)
    except LockedError:
        taken.spent = False
        raise
    except StalePlanError as error:
        taken.spent = False
        command = " ".join(["tap", "plan", *command_words(workspace)])
        raise StalePlanError(error.message, f"plan again: {command}") from None
    finally:
        progress.clear()


def refuse_judged(workspace: Workspace, plan: Plan, review: Review | None) -> None:
    """Refuse what breaks rules or intents, as judged before if nothing has changed since.

    Raises:
        RulesBrokenError: A rule that counts is broken and not waived, or an intent does not hold.
    """
    request = workspace.request
    if review is not None and still_holds(review, workspace):
        refuse_broken(review.rules, request)
        refuse_unproved(review.proofs, request)
        return
    refuse_broken(said_by_rules(judge_plan(plan, workspace)), request)
    proved = prove_plan(plan, request.settings, request.environment, request.label)
    refuse_unproved(said_by_proofs(proved), request)


def _made(manifest: Manifest) -> str:
    """Return when and of what a plan was made."""
    from tap.terraform.manifest import age_text

    age = age_text(datetime.now(UTC) - manifest.created)
    if manifest.commit is None:
        return f"made {age} ago"
    changed = " with changes" if manifest.dirty else ""
    return f"made {age} ago of commit {manifest.commit[:12]}{changed}"
