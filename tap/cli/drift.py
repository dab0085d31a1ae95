"""``tap drift``: say what was changed outside of Terraform."""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tap.cli.console import fail, notice, print_data, redacted, speak_for
from tap.cli.options import WARM, lock_option, target_options, warm_option
from tap.cli.session import open_environment
from tap.errors import TapError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap.reports.drift import EnvironmentDrift
    from tap.settings import Environment, Settings

_DRIFT = 2

# Measured with Terraform 1.11 and provider 5.100: resident memory of either process. Every
# provider configuration of a root is a process of its own.
_TERRAFORM_BYTES = 250_000_000
_PROVIDER_BYTES = 600_000_000


@click.command()
@click.argument("environments", metavar="ENV...", nargs=-1, required=True)
@target_options
@lock_option
@warm_option
@click.option(
    "--output",
    "output_format",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    envvar="TAP_OUTPUT",
    help="Form of the data on standard output. [env: TAP_OUTPUT]",
)
@click.option("--accept", is_flag=True, help="Take what was found into the state; nothing else.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    envvar="TAP_JOBS",
    metavar="N",
    help="How many environments at a time; by default as many as memory and processors allow. "
    "[env: TAP_JOBS]",
)
def drift(
    environments: tuple[str, ...],
    target: str,
    suffix: str,
    lock_timeout: str,
    output_format: str,
    *,
    accept: bool,
    jobs: int | None,
) -> int:
    """Say what was changed or deleted outside of Terraform in each ENV.

    Compares the state with what is there; neither is changed. Entries of [[drift.ignore]] in
    tap.toml are not counted. With --accept the state is changed to what is there, so that the
    same is no drift the next time; what the configuration says otherwise is still planned back.

    The exit code is 0 without drift, or when it was accepted, and 2 with drift, as terraform plan
    -detailed-exitcode has it. Arguments and settings that cannot be used are 2 as well, but say
    Error: and print no data. If an environment could not be looked at, the code is that of its
    error.
    """
    from tap.settings import check_suffix, load_settings, target_name

    settings = load_settings(Path.cwd(), os.environ)
    names = list(dict.fromkeys(environments))
    chosen = [settings.environment(name) for name in names]
    target_name(target)
    check_suffix(suffix)
    function = partial(
        examine, target=target, suffix=suffix, lock_timeout=lock_timeout, accept=accept
    )
    if len(names) == 1:
        found = [function(names[0])]
    else:
        found = _examine_all(function, names, jobs or fitting(chosen))
    _print(settings, found, output_format)
    return _exit_code(found)


def examine(
    environment: str, *, target: str, suffix: str, lock_timeout: str, accept: bool
) -> EnvironmentDrift:
    """Look at one environment; an error is part of the answer."""
    from datetime import UTC, datetime

    from tap.plan import find_drift, judge
    from tap.reports.drift import EnvironmentDrift
    from tap.terraform.drift import is_applied

    try:
        workspace, progress = open_environment(
            environment, target, suffix=suffix, lock_timeout=lock_timeout
        )
        request = workspace.request
        if not is_applied(workspace.backend, f"{request.label}/terraform.tfstate"):
            return EnvironmentDrift(
                environment=environment,
                suffix=suffix,
                target=workspace.description,
                applied=False,
            )
        saved = request.plan_file
        # It holds secrets, and nobody applies it.
        file = saved.with_name(f"{saved.name}.drift.{os.getpid()}")
        try:
            differs = workspace.root.plan(file, refresh_only=True)
            plan = workspace.root.show(file).plan
            if differs and accept:
                workspace.root.apply(file)
        finally:
            file.unlink(missing_ok=True)
            progress.clear()
    except TapError as error:
        # Here it is known what is secret; whoever prints it may be another process.
        return EnvironmentDrift(
            environment=environment,
            suffix=suffix,
            error=redacted(error.message),
            hint=error.hint,
            exit_code=error.exit_code,
        )
    entries = request.settings.drift.ignore
    judged = judge(
        find_drift(plan), entries, environment=environment, today=datetime.now(UTC).date()
    )
    return EnvironmentDrift(
        environment=environment,
        suffix=suffix,
        accepted=accept,
        target=workspace.description,
        objects=judged.objects,
        ignored=judged.ignored,
        used=tuple(entries.index(entry) for entry in judged.used),
    )


def fitting(environments: Sequence[Environment]) -> int:
    """Return how many environments this machine can look at side by side, 1 at least."""
    from tap.parallel import available_bytes, processors

    needed = max(_bytes_needed(environment.directory) for environment in environments)
    memory = available_bytes()
    by_memory = len(environments) if memory is None else memory // needed
    return max(1, min(len(environments), processors(), by_memory))


def _bytes_needed(directory: Path) -> int:
    text = "".join(file.read_text(errors="replace") for file in sorted(directory.glob("*.tf")))
    providers = len(re.findall(r'^provider\s+"', text, re.MULTILINE))
    return _TERRAFORM_BYTES + providers * _PROVIDER_BYTES


def _examine_all(
    function: partial[EnvironmentDrift], names: Sequence[str], at_once: int
) -> list[EnvironmentDrift]:
    import msgspec

    from tap.parallel import run_each
    from tap.reports.drift import EnvironmentDrift

    notice(f"looking at {len(names)} environments, {min(at_once, len(names))} at a time")
    wanted = bool(click.get_current_context().meta.get(WARM, True))
    answers = run_each(partial(_examine_apart, function, wanted), names, at_once=at_once)
    found = []
    for name, answer in answers.items():
        if answer is None:
            hint = "it may have run out of memory: --jobs 1 looks at one after the other"
            error = f"the process that looked at {name} died"
            found.append(EnvironmentDrift(environment=name, error=error, hint=hint, exit_code=1))
        else:
            found.append(msgspec.json.decode(answer, type=EnvironmentDrift))
    return found


def _examine_apart(
    function: partial[EnvironmentDrift],
    warm: bool,  # noqa: FBT001 - a partial has no names for what comes last
    name: str,
) -> bytes:
    """Look at one environment in a process of its own, whose notices name it."""
    import msgspec

    speak_for(name)
    with click.Context(drift) as context:
        context.meta[WARM] = warm
        return redacted(msgspec.json.encode(function(name)).decode()).encode()


def _print(settings: Settings, found: Sequence[EnvironmentDrift], output_format: str) -> None:
    from datetime import UTC, datetime

    from tap.reports.drift import drift_json, drift_markdown, drift_text, leftovers

    left = leftovers(
        settings.drift.ignore,
        found,
        environments=settings.environments,
        today=datetime.now(UTC).date(),
    )
    report = {"text": drift_text, "json": drift_json, "markdown": drift_markdown}[output_format]
    if any(not item.error for item in found):
        print_data(report(found, left))
    for item in found:
        if item.error:
            where = f"{item.label}: " if len(found) > 1 else ""
            fail(f"{where}{item.error}", item.hint)


def _exit_code(found: Sequence[EnvironmentDrift]) -> int:
    """Return the worst: what is not known, then drift."""
    codes = {item.exit_code for item in found if item.error}
    if codes:
        return codes.pop() if len(codes) == 1 else TapError.exit_code
    return _DRIFT if any(item.objects and not item.accepted for item in found) else 0
