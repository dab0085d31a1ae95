"""Lines that Terraform 1.11 printed, and the errors that ``tap`` makes of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tap.errors import InterruptedRunError, LockedError, StalePlanError, TerraformError
from tap.terraform.events import (
    Diagnostic,
    Event,
    Snippet,
    failure,
    lock_holder,
    parse_event,
    released_meanwhile,
)

RECORDED = Path(__file__).parents[1] / "data" / "events"

pytestmark = pytest.mark.requirement("TAP-7")


def _events(name: str) -> list[Event]:
    lines = (RECORDED / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [event for line in lines if (event := parse_event(line)) is not None]


def _diagnostics(name: str) -> list[Diagnostic]:
    return [event.diagnostic for event in _events(name) if event.diagnostic is not None]


@pytest.mark.parametrize(
    ("name", "path", "since", "lock"),
    [
        (
            "locked_local",
            "state/terraform.tfstate",
            "2026-11-22 14:44:02.461909208 +0000 UTC",
            "49195e4d-6177-09d1-3a71-936042ab40b4",
        ),
        (
            "locked_s3",
            "shop-state/dev/terraform.tfstate",
            "2026-11-22 14:50:20.013347393 +0000 UTC",
            "2ce02b07-ce7b-2528-052e-b70e5a3cad41",
        ),
        (
            "locked_dynamodb",
            "shop-state/dev/terraform.tfstate",
            "2026-11-22 14:50:28.465971994 +0000 UTC",
            "66caa298-e491-102b-2d4f-9b714a433a35",
        ),
    ],
)
@pytest.mark.requirement("STA-2")
def test_a_held_lock_names_who_holds_it_since_when(
    name: str, path: str, since: str, lock: str
) -> None:
    diagnostics = _diagnostics(name)

    holder = lock_holder(diagnostics)
    error = failure("terraform plan", diagnostics, "")

    assert holder is not None
    assert (holder.id, holder.path, holder.created) == (lock, path, since)
    assert (holder.who, holder.operation) == ("ada@workstation", "apply")
    assert type(error) is LockedError
    assert error.exit_code == 6
    assert error.message == (
        f"the state is locked: apply by ada@workstation since {since} (lock id {lock})"
    )
    assert "--lock-timeout" in error.hint


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("lock_table_missing", "Requested resource not found"),
        ("state_unreadable", "The state file could not be parsed as JSON"),
    ],
)
@pytest.mark.requirement("STA-2")
def test_a_lock_that_fails_without_a_holder_is_not_called_locked(name: str, reason: str) -> None:
    diagnostics = _diagnostics(name)

    error = failure("terraform plan", diagnostics, "")

    assert lock_holder(diagnostics) is None
    assert type(error) is TerraformError
    assert error.message.startswith("terraform plan failed:\nError acquiring the state lock\n")
    assert reason in error.message


def test_a_lock_that_tells_little_still_names_its_id() -> None:
    diagnostic = Diagnostic(
        severity="error", summary="Error acquiring the state lock", detail="Lock Info:\n  ID: 42\n"
    )

    assert failure("terraform plan", [diagnostic], "").message == (
        "the state is locked: an operation by somebody since unknown (lock id 42)"
    )


def test_a_stale_plan_has_an_error_of_its_own() -> None:
    error = failure("terraform apply", _diagnostics("stale"), "")

    assert type(error) is StalePlanError
    assert error.exit_code == 5
    assert error.hint == "plan again"


def test_a_syntax_error_names_file_and_line_once_for_each_cause() -> None:
    error = failure("terraform plan", _diagnostics("syntax"), "")

    assert error.message == (
        "terraform plan failed:\n"
        "Unclosed configuration block\n"
        "  at broken.tf:1\n"
        "  in x\n"
        "  There is no closing brace for this block before the end of the file. This may be"
        " caused by incorrect brace nesting elsewhere in this file.\n"
        "\n"
        "Missing name for resource\n"
        "  at broken.tf:1\n"
        "  in x\n"
        "  All resource blocks must have 2 labels (type, name)."
    )
    assert error.hint == "correct the above and run it again"


def test_an_undeclared_reference_keeps_the_proposal_of_terraform() -> None:
    message = failure("terraform plan", _diagnostics("undeclared_reference"), "").message

    assert "  at main.tf:11\n  in terraform_data.slow\n" in message
    assert 'Did you mean "seconds"?' in message


def test_a_refusal_of_the_provider_names_the_resource_and_leaves_warnings_out() -> None:
    diagnostics = _diagnostics("provider_refusal")

    message = failure("terraform plan", diagnostics, "").message

    assert [item.severity for item in diagnostics] == ["error", "warning"]
    assert message == (
        "terraform plan failed:\n"
        "expected cidr_block to contain a valid Value, got: 10.0.0.0/33 with err:"
        " invalid CIDR address: 10.0.0.0/33\n"
        "  at main.tf:18\n"
        "  in aws_vpc.this"
    )


def test_every_error_of_a_plan_is_told_once_with_its_place_and_its_block() -> None:
    message = failure("terraform plan", _diagnostics("plan_refused"), "").message

    places = [line for line in message.splitlines() if line.startswith(("  at ", "  in "))]
    assert places == [
        "  at main.tf:18",
        "  in output.number",
        "  at main.tf:14",
        "  in data.terraform_remote_state.other",
        "  at main.tf:4",
        "  in module.workers",
        "  at main.tf:9",
        "  in terraform_data.page",
    ]
    assert message.startswith(
        "terraform plan failed:\n"
        "Invalid function argument\n"
        "  at main.tf:18\n"
        "  in output.number\n"
        '  Invalid value for "v" parameter: cannot convert "none" to number; given string must be'
        " a decimal representation of a number.\n"
        "\n"
        "Invalid function argument\n"
    )


def test_every_error_of_an_apply_names_the_instance() -> None:
    assert failure("terraform apply", _diagnostics("apply_refused"), "").message == (
        "terraform apply failed:\n"
        "local-exec provisioner error\n"
        "  at m/main.tf:19\n"
        '  in module.workers["a"].terraform_data.job["y"]\n'
        "  Error running command 'echo no; exit 4': exit status 4. Output: no\n"
        "\n"
        "local-exec provisioner error\n"
        "  at m/main.tf:19\n"
        '  in module.workers["a"].terraform_data.job["x"]\n'
        "  Error running command 'echo no; exit 3': exit status 3. Output: no"
    )


@pytest.mark.requirement("TAP-6")
def test_the_source_that_an_error_points_at_is_not_told() -> None:
    line = (RECORDED / "plan_refused.jsonl").read_text(encoding="utf-8").splitlines()[0]
    secret = line.replace('tonumber(\\"none\\")', 'tonumber(\\"hunter2\\")')
    event = parse_event(secret)

    assert "hunter2" in secret
    assert event is not None
    assert event.diagnostic is not None
    assert "hunter2" not in event.diagnostic.text()


@pytest.mark.parametrize(
    ("context", "address"),
    [
        ('resource "aws_vpc" "this"', "aws_vpc.this"),
        ('data "aws_region" "here"', "data.aws_region.here"),
        ('variable "zones"', "var.zones"),
        ('module "stack"', "module.stack"),
        ('output "vpc"', "output.vpc"),
        ("locals", "locals"),
    ],
)
def test_a_block_is_called_by_its_address(context: str, address: str) -> None:
    diagnostic = Diagnostic(severity="error", summary="No", snippet=Snippet(context=context))

    assert diagnostic.text() == f"No\n  in {address}"


def test_without_a_block_there_is_no_place_to_name() -> None:
    assert Diagnostic(severity="error", summary="No", snippet=Snippet()).text() == "No"


@pytest.mark.requirement("TAP-6")
def test_an_interrupted_run_says_what_terraform_said_but_not_that_it_halted() -> None:
    error = failure("terraform apply", _diagnostics("interrupted"), "", interrupted=True)

    assert type(error) is InterruptedRunError
    assert error.exit_code == 130
    assert error.message == (
        "terraform apply was interrupted and has stopped\n"
        "local-exec provisioner error\n"
        "  at main.tf:12\n"
        "  in terraform_data.slow\n"
        "  Error running command 'sleep 9': signal: killed. Output:"
    )


def test_the_same_error_twice_is_told_once() -> None:
    twice = [Diagnostic(severity="error", summary="No"), Diagnostic(severity="error", summary="No")]

    assert failure("terraform init", twice, "").message == "terraform init failed:\nNo"


def test_standard_error_is_told_without_its_box_when_there_is_nothing_else() -> None:
    stderr = "\u2577\n\u2502 Error: Unsupported state file format\n\u2502 \n\u2502 why\n\u2575\n"

    assert failure("terraform output", [], stderr).message == (
        "terraform output failed:\nError: Unsupported state file format\nwhy"
    )


def test_a_failure_without_any_reason_says_so() -> None:
    assert failure("terraform show", [], " \n").message == (
        "terraform show failed:\nit printed no reason"
    )


def test_hooks_tell_which_resource_what_and_how_long() -> None:
    hooks = [(event.type, event.hook) for event in _events("applied") if event.hook is not None]

    assert [kind for kind, _ in hooks] == [
        "apply_start",
        "provision_start",
        "provision_progress",
        "provision_complete",
        "apply_complete",
    ]
    complete = hooks[-1][1]
    assert (complete.resource.addr, complete.action) == ("terraform_data.slow", "create")
    assert complete.elapsed_seconds == 8


def test_counts_are_those_of_terraform() -> None:
    counts = [event.changes for event in _events("applied") if event.changes is not None]

    assert [(found.add, found.change, found.remove, found.operation) for found in counts] == [
        (1, 0, 0, "apply")
    ]


@pytest.mark.parametrize("line", ["", "Initializing...", "{not json", '["list"]', '{"type": 3}'])
def test_a_line_that_is_no_event_is_passed_over(line: str) -> None:
    assert parse_event(line) is None


def test_an_event_keeps_message_and_level() -> None:
    event = parse_event('{"@level":"info","@message":"hello","type":"log","unknown":{"a":1}}')

    assert event == Event(type="log", message="hello", level="info")


@pytest.mark.requirement("TAP-6", "TAP-7")
@pytest.mark.parametrize(
    ("number", "by"),
    [
        (9, "SIGKILL (kill -9, or the machine ran out of memory)"),
        (15, "SIGTERM"),
        (99, "signal 99"),
    ],
)
def test_an_end_by_force_says_what_may_be_left(number: int, by: str) -> None:
    error = failure("terraform apply", [], "", returncode=-number, words="dev --target aws")

    assert type(error) is TerraformError
    assert error.message == (
        f"terraform apply was ended by {by}: its lock may have stayed, and what it did last may "
        "be missing in the state"
    )
    assert error.hint == "look at the lock: tap lock show dev --target aws"
    interrupted = failure("terraform apply", [], "", returncode=-number, interrupted=True)
    assert interrupted.exit_code == 130


@pytest.mark.requirement("STA-2", "TAP-7")
def test_a_lock_is_found_in_plain_output_as_well() -> None:
    stderr = (
        "\u2577\n\u2502 Error: Error acquiring the state lock\n\u2502 \n\u2502 Error message: no\n"
        "\u2502 Lock Info:\n\u2502   ID:        4711\n\u2502   Operation: OperationTypeApply\n"
        "\u2502   Who:       jane@laptop\n\u2502   Created:   2026-05-01 12:00:00 +0000 UTC\n"
    )

    error = failure("terraform state push", [], stderr)

    assert isinstance(error, LockedError)
    assert error.message == (
        "the state is locked: apply by jane@laptop since 2026-05-01 12:00:00 +0000 UTC "
        "(lock id 4711)"
    )


@pytest.mark.requirement("TAP-6", "TAP-7")
def test_a_state_that_is_not_the_one_of_its_digest_can_be_recovered() -> None:
    stderr = "Error refreshing state: state data in S3 does not have the expected content."

    error = failure("terraform plan", [], stderr, words="dev")

    assert error.message.startswith("terraform plan failed: the state and its digest in the lock")
    assert stderr in error.message
    assert error.hint == "tap state recover dev"


@pytest.mark.requirement("STA-2", "TAP-7")
@pytest.mark.parametrize(
    ("detail", "released"),
    [
        (
            "S3: PutObject, 412, PreconditionFailed: x\nS3: GetObject, StatusCode: 404, NoSuchKey",
            True,
        ),
        ("PutItem, ConditionalCheckFailedException: x\nunexpected end of JSON input", True),
        ("S3: PutObject, PreconditionFailed: x\nfailed to unmarshal JSON data: invalid", False),
        ("S3: PutObject, StatusCode: 404, NoSuchBucket", False),
    ],
)
def test_a_lock_that_went_while_it_was_looked_at_is_no_failure_of_terraform(
    detail: str,
    released: bool,  # noqa: FBT001
) -> None:
    diagnostic = Diagnostic(
        severity="error", summary="Error acquiring the state lock", detail=detail
    )

    assert released_meanwhile([diagnostic]) == released
    assert (failure("terraform plan", [diagnostic], "").exit_code == 6) == released
