"""``tap drift`` on real objects that somebody changes behind Terraform's back."""

from __future__ import annotations

import json
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.stage import BUCKET

if TYPE_CHECKING:
    from tap.testing.project import Ended
    from tests.integration.stage import Stage

pytestmark = [pytest.mark.requirement("TAP-1"), pytest.mark.timeout(300)]

SECRET = "correct-horse-7-battery"

OBJECTS = f"""
resource "aws_ssm_parameter" "secret" {{
  name  = "/drift/secret"
  type  = "SecureString"
  value = "{SECRET}"
}}

resource "aws_ssm_parameter" "gone" {{
  for_each       = toset(["a", "b"])
  name           = "/drift/gone-${{each.key}}"
  type           = "String"
  insecure_value = "value"
}}

resource "aws_sns_topic" "this" {{
  name = "drift"
  tags = {{
    Owner = "platform"
  }}
}}

# Attached to what the state already knows without it.
resource "aws_sns_topic_policy" "this" {{
  arn = aws_sns_topic.this.arn
  policy = jsonencode({{
    Version = "2012-10-17"
    Statement = [{{
      Effect    = "Allow"
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.this.arn
      Principal = {{ Service = "cloudwatch.amazonaws.com" }}
    }}]
  }})
}}
"""

PLAIN = """
resource "terraform_data" "this" {
  input = "content"
}

output "content" {
  value = "OUTPUT"
}
"""

IGNORES = """
[[drift.ignore]]
address = "aws_sns_topic.*"
attribute = "tags"
environment = "objects"
owner = "platform"
reason = "retagged by the cost team"
expires = 2999-12-31

[[drift.ignore]]
address = 'aws_ssm_parameter.gone["a"]'
owner = "platform"
reason = "was to be gone by then"
expires = 2020-01-31

[[drift.ignore]]
address = "aws_sqs_queue.none"
environment = "objects"
owner = "platform"
reason = "there is none"
expires = 2999-12-31
"""


@dataclass(frozen=True)
class Story:
    """What ``tap drift`` said, one look after the other.

    Attributes:
        first: Right after the apply.
        settled: After that was accepted.
        touched: After somebody changed things, and one of two environments is in order.
        ignored: The same with entries in ``tap.toml``, and an environment that is locked.
        accepted: With ``--accept``.
        state: The state afterwards.
    """

    first: Ended
    settled: Ended
    touched: Ended
    ignored: Ended
    accepted: Ended
    state: str

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.ignored.stdout)
        return found


@pytest.fixture(scope="module")
def story(stage: Stage) -> Story:
    project = stage.project
    settings = project.directory / "tap.toml"
    stage.environment("objects", OBJECTS, provider=True)
    plain = stage.environment("plain", PLAIN)
    project.run("apply", "objects")
    project.run("apply", "plain")
    first = project.run("drift", "objects", expected=2)
    project.run("drift", "objects", "--accept")
    settled = project.run("drift", "objects")

    ssm, sns = stage.client("ssm"), stage.client("sns")
    ssm.put_parameter(Name="/drift/secret", Value="another-secret-8", Overwrite=True)
    ssm.delete_parameters(Names=["/drift/gone-a", "/drift/gone-b"])
    topic = sns.list_topics()["Topics"][0]["TopicArn"]
    sns.tag_resource(ResourceArn=topic, Tags=[{"Key": "Owner", "Value": "me"}])
    # An output that would follow is no drift.
    (plain / "main.tf").write_text((plain / "main.tf").read_text().replace("OUTPUT", "other"))
    touched = project.run("drift", "objects", "plain", "--output", "markdown", expected=None)

    before = settings.read_text()
    settings.write_text(before + IGNORES)
    hold(stage, "plain")
    ignored = project.run("drift", "plain", "objects", "--output", "json", expected=None)
    release(stage, "plain")
    accepted = project.run("drift", "objects", "--accept", expected=None)
    settings.write_text(before)
    kept = stage.client("s3").get_object(Bucket=BUCKET, Key="objects/terraform.tfstate")
    return Story(first, settled, touched, ignored, accepted, kept["Body"].read().decode())


def hold(stage: Stage, name: str) -> None:
    """Lock a state as another Terraform would."""
    info = {"ID": "11111111-1111-1111-1111-111111111111", "Operation": "OperationTypeApply"}
    info |= {"Who": "ada@ci", "Created": "2026-01-01T00:00:00Z", "Version": "1.11.4"}
    stage.client("s3").put_object(
        Bucket=BUCKET, Key=f"{name}/terraform.tfstate.tflock", Body=json.dumps(info).encode()
    )


def runs(stage: Stage, name: str) -> bool:
    """Tell whether a Terraform that takes the lock has been started."""
    data = stage.project.directory / ".tap" / "localstack" / "data" / name / "operations"
    notes = [json.loads(file.read_text()) for file in data.glob("*/note.json")]
    return any(note["terraform_pid"] and not note["ended"] for note in notes)


def release(stage: Stage, name: str) -> None:
    stage.client("s3").delete_object(Bucket=BUCKET, Key=f"{name}/terraform.tfstate.tflock")


def test_the_first_look_after_an_apply_lists_what_was_attached_to_an_object(story: Story) -> None:
    assert story.first.stdout.splitlines()[0] == "objects: 1 object changed outside of Terraform"
    assert "aws_sns_topic.this" in story.first.stdout
    assert "policy" in story.first.stdout


def test_once_that_is_accepted_there_is_no_drift(story: Story) -> None:
    assert story.settled.stdout == "objects: no drift\n"
    assert story.settled.returncode == 0


def test_each_change_from_outside_is_told_with_before_and_after(story: Story) -> None:
    lines = story.touched.stdout.splitlines()

    assert story.touched.returncode == 2
    assert lines[0] == "### objects: 4 objects changed outside of Terraform"
    assert '| `aws_ssm_parameter.gone["a"]` | *deleted* |  |  |' in lines
    assert '| `aws_ssm_parameter.gone["b"]` | *deleted* |  |  |' in lines
    assert '| `aws_sns_topic.this` | `tags.Owner` | `"platform"` | `"me"` |' in lines
    assert not [line for line in lines if "tags_all" in line]


def test_a_secret_that_changed_is_masked_on_both_sides(story: Story) -> None:
    row = '| `aws_ssm_parameter.secret` | `value` | `"(sensitive)"` | `"(sensitive)"` |'

    assert row in story.touched.stdout
    for ended in (story.touched, story.ignored, story.accepted):
        assert SECRET not in ended.text
        assert "another-secret-8" not in ended.text


def test_an_output_that_would_follow_is_no_drift(story: Story) -> None:
    assert "### plain: no drift" in story.touched.stdout


def test_notices_of_several_environments_name_theirs(story: Story) -> None:
    lines = story.touched.stderr.splitlines()

    assert lines[0].startswith("looking at 2 environments, ")
    assert any(line.startswith("objects: objects on LocalStack at ") for line in lines)
    assert any(line.startswith("plain: plain on LocalStack at ") for line in lines)


def test_an_accepted_drift_is_not_counted_and_named_with_its_owner(story: Story) -> None:
    objects = story.document["environments"][1]

    assert [item["address"] for item in objects["objects"]] == [
        'aws_ssm_parameter.gone["a"]',
        'aws_ssm_parameter.gone["b"]',
        "aws_ssm_parameter.secret",
    ]
    assert objects["ignored"] == [
        {
            "address": "aws_sns_topic.this",
            "path": "tags.Owner",
            "owner": "platform",
            "reason": "retagged by the cost team",
            "expires": "2999-12-31",
        }
    ]


def test_expired_and_unused_entries_are_named(story: Story) -> None:
    left = story.document["ignore_entries"]

    assert [(item["state"], item["address"], item["expires"]) for item in left] == [
        ("expired", 'aws_ssm_parameter.gone["a"]', "2020-01-31"),
        ("unused", "aws_sqs_queue.none", "2999-12-31"),
    ]


@pytest.mark.requirement("TAP-7")
def test_a_locked_environment_decides_the_exit_code_and_the_other_is_still_told(
    story: Story,
) -> None:
    plain = story.document["environments"][0]

    assert story.ignored.returncode == 6
    assert plain["error"].startswith("the state is locked: apply by ada@ci since ")
    assert story.ignored.stderr.count("Error: plain: the state is locked: ") == 1
    assert "Next: " in story.ignored.stderr


def test_what_is_accepted_is_what_the_state_says_from_then_on(story: Story) -> None:
    assert story.accepted.returncode == 0
    assert story.accepted.stdout.splitlines()[0] == (
        "objects: 3 objects changed outside of Terraform, now in the state"
    )
    assert '"Owner": "me"' in story.state
    assert "/drift/gone-" not in story.state
    assert "/drift/secret" in story.state


@pytest.mark.requirement("TAP-6")
def test_no_plan_of_a_look_is_left_behind(story: Story, stage: Stage) -> None:
    assert story.accepted.returncode == 0
    plans = stage.project.directory / ".tap" / "localstack" / "plans"
    assert [file.name for file in plans.iterdir()] == []
    assert stage.locks("objects") == set()


def test_an_environment_that_is_not_there_has_not_drifted(stage: Stage) -> None:
    stage.environment("nothing", PLAIN)
    never = stage.project.run("drift", "nothing")
    stage.project.run("apply", "nothing")
    stage.project.run("destroy", "nothing")
    destroyed = stage.project.run("drift", "nothing", "--output", "json")

    assert never.stdout == "nothing: no drift, because nothing is applied\n"
    assert json.loads(destroyed.stdout)["environments"][0]["applied"] is False


@pytest.mark.requirement("TAP-6")
def test_ctrl_c_ends_all_looks_and_leaves_no_lock(stage: Stage) -> None:
    names = ("held-a", "held-b")
    for name in names:
        stage.environment(name, PLAIN)
        stage.project.run("apply", name)
        hold(stage, name)
    words = ("drift", *names, "--jobs", "2", "--lock-timeout", "60s")
    with stage.project.start(*words) as process:
        until = time.monotonic() + 60
        while not all(runs(stage, name) for name in names) and time.monotonic() < until:
            time.sleep(0.1)
        # Terraform has to be ready for a signal, and to wait for the lock.
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert stdout == ""
    assert "Traceback" not in stderr
    for name in names:
        assert f"{name}: Ctrl-C: asked terraform to stop, waiting until it has" in stderr
        release(stage, name)
        assert stage.locks(name) == set()


@pytest.mark.requirement("TAP-7")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("drift", "nowhere"), "Error: unknown environment 'nowhere'; there are: "),
        (("drift", "plain", "nowhere"), "Error: unknown environment 'nowhere'; there are: "),
        (("drift",), "Error: Missing argument 'ENV...'."),
        (("drift", "plain", "--jobs", "0"), "Error: Invalid value for '--jobs': 0 is not in"),
    ],
)
def test_unusable_arguments_are_an_error_without_data(
    stage: Stage, story: Story, words: tuple[str, ...], message: str
) -> None:
    assert story.settled.returncode == 0
    ended = stage.project.run(*words, expected=2)

    assert ended.stdout == ""
    assert message in ended.stderr
