"""What counts as lacking on a target, and what is a failure there as anywhere."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import msgspec
import pytest
from botocore.exceptions import ClientError

from tap.testing.partial import PartialDeployment, known
from tap.testing.project import Ended, Project
from tap.testing.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.requirement("TST-3")

LACKING = """creating WAFv2 WebACL (shop): operation error WAFV2: CreateWebACL, StatusCode: 501, \
api error InternalFailure: The API for service wafv2 is either not included in your current \
license plan or has not yet been emulated by LocalStack.
  at waf.tf:19"""
GAP = "creating Query Logging Config: NoSuchGroup: there is no group\n  at query-log.tf:38"
BROKEN = "creating S3 Bucket (shop): BucketAlreadyExists: the name is taken\n  at main.tf:1"


def ended(*errors: str) -> Ended:
    text = "Error: " + "\n\n".join(errors) + "\nNext: correct the above and run it again\n"
    return Ended(("make apply",), 1, "", text)


@contextmanager
def not_skipped() -> Iterator[None]:
    """Fail where a skip would hide that something is wrong."""
    try:
        yield
    except pytest.skip.Exception as skipped:
        pytest.fail(f"skipped: {skipped}")


@pytest.fixture
def deployment(tmp_path: Path) -> PartialDeployment:
    return PartialDeployment(
        name="dev",
        project=Project(tmp_path),
        shared=Run(tmp_path),
        gaps={"NoSuchGroup": "takes no log group by its ARN"},
    )


@pytest.mark.parametrize(
    ("errors", "accepted"),
    [((LACKING,), True), ((LACKING, GAP), True), ((BROKEN,), False), ((LACKING, BROKEN), False)],
    ids=["lacking", "lacking and a gap", "broken", "lacking and broken"],
)
def test_an_apply_is_accepted_if_it_failed_of_nothing_but_what_is_not_there(
    deployment: PartialDeployment, errors: tuple[str, ...], *, accepted: bool
) -> None:
    assert deployment.accepted(ended(*errors)) is accepted


def test_an_apply_that_failed_without_a_word_is_not_accepted(deployment: PartialDeployment) -> None:
    assert not deployment.accepted(Ended(("make apply",), 137, "", "Killed\n"))


def test_whoever_asks_for_what_is_not_known_is_skipped_with_its_name_and_the_reason() -> None:
    outputs = known(
        {"load_balancer": {"name": "shop", "arn": None}}, "", ["has no elbv2", "has no rds"]
    )
    assert outputs["load_balancer"]["name"] == "shop"
    with pytest.raises(pytest.skip.Exception) as skipped:
        outputs["load_balancer"]["arn"]
    assert str(skipped.value) == (
        "LocalStack has no elbv2; has no rds: not known: load_balancer.arn"
    )


@pytest.fixture
def applied(deployment: PartialDeployment, tmp_path: Path) -> PartialDeployment:
    """Return an environment that another worker has applied as far as that goes."""
    folder = tmp_path / "deployments" / "dev"
    folder.mkdir(parents=True)
    fine = Ended(("make plan",), 0, "", "")
    steps = {
        "planned": {"planned": fine},
        "applied": {"applied": ended(GAP, LACKING, LACKING), "again": fine},
    }
    for step, content in steps.items():
        (folder / f"{step}.json").write_bytes(msgspec.json.encode(content))
    (folder / "plan.json").write_bytes(plan_json())
    (folder / "again.json").write_bytes(plan_json())
    return deployment


def plan_json() -> bytes:
    firewall = {
        "address": "aws_wafv2_web_acl.this",
        "mode": "managed",
        "type": "aws_wafv2_web_acl",
        "name": "this",
        "change": {"actions": ["create"], "after": {}},
    }
    outputs = {"name": "shop", "firewall": {"name": "shop", "arn": None}}
    return json.dumps(
        {
            "format_version": "1.2",
            "planned_values": {},
            "configuration": {},
            "resource_changes": [firewall],
            "output_changes": {
                name: {"actions": ["create"], "after": value} for name, value in outputs.items()
            },
        }
    ).encode()


def test_what_is_lacking_is_named_once_with_its_reason(applied: PartialDeployment) -> None:
    assert applied.lacking == ["has no wafv2", "takes no log group by its ARN"]


def test_an_apply_of_everything_is_accepted(deployment: PartialDeployment) -> None:
    assert deployment.accepted(Ended(("make apply",), 0, "", ""))


def test_outputs_are_known_as_far_as_they_are_applied(applied: PartialDeployment) -> None:
    with not_skipped():
        assert applied.outputs["name"] == "shop"
        assert applied.outputs["firewall"]["name"] == "shop"
    with pytest.raises(pytest.skip.Exception, match=r"has no wafv2; .*: not known: firewall\.arn"):
        applied.outputs["firewall"]["arn"]


def test_who_needs_all_of_it_is_skipped(applied: PartialDeployment) -> None:
    with pytest.raises(pytest.skip.Exception, match=r"has no wafv2; .*: not everything is applied"):
        applied.require_whole()


def test_who_needs_a_type_that_is_not_applied_is_skipped(applied: PartialDeployment) -> None:
    with not_skipped():
        applied.require_types(["aws_vpc", "aws_subnet"])
    with pytest.raises(pytest.skip.Exception, match=r"not applied: aws_wafv2_web_acl$"):
        applied.require_types(["aws_vpc", "aws_wafv2_web_acl"])


def test_where_nothing_is_left_to_apply_no_test_is_skipped(
    applied: PartialDeployment, tmp_path: Path
) -> None:
    folder = tmp_path / "deployments" / "dev"
    fine = Ended(("make apply",), 0, "", "")
    (folder / "applied.json").write_bytes(msgspec.json.encode({"applied": fine, "again": fine}))
    (folder / "again.json").unlink()

    assert applied.lacking == []
    with not_skipped():
        applied.require_whole()
        applied.require_types(["aws_wafv2_web_acl"])


class _Lacking(BaseHTTPRequestHandler):
    """Answers every call as LocalStack answers one that it does not have."""

    def do_POST(self) -> None:
        """Answer."""
        action = self.headers["X-Amz-Target"].rpartition(".")[2]
        status, message = {
            "ListQueues": (501, "The API for service 'sqs' is either not included in your plan"),
            "SetQueueAttributes": (501, "other words"),
        }.get(action, (400, "there is no such queue"))
        body = json.dumps({"__type": "InternalFailure", "message": message}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is called
        """Write nothing."""


@pytest.fixture
def lacking_endpoint() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Lacking) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_call_that_the_target_does_not_have_skips_the_test(
    applied: PartialDeployment, lacking_endpoint: str
) -> None:
    folder = applied.project.directory
    (folder / "tap.toml").write_text('project = "shop"\n')
    variables = {"TAP_TARGET": "localstack", "AWS_ENDPOINT_URL": lacking_endpoint}
    sqs = replace(applied, project=Project(folder, variables)).client("sqs")

    with pytest.raises(pytest.skip.Exception, match=r"^LocalStack has no sqs$"):
        sqs.list_queues()
    with pytest.raises(pytest.skip.Exception, match=r"^LocalStack has no SetQueueAttributes$"):
        sqs.set_queue_attributes(QueueUrl=lacking_endpoint, Attributes={})
    with not_skipped(), pytest.raises(ClientError, match="there is no such queue"):
        sqs.purge_queue(QueueUrl=lacking_endpoint)
