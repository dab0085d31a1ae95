"""``tap coverage`` of a small project, with a real Terraform and a real pytest."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

pytestmark = pytest.mark.requirement("TST-4")

# A plugin of the environment changes the order of tests, which means nothing here.
PYTEST = ("-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider")
RECORDING = ("-o", "enable_assertion_pass_hook=true", "--terraform-coverage", "records")
PRECONDITION = "terraform_data.extra: length(var.names) < 3"
TESTS = """\
import json
import os
import subprocess

import pytest


@pytest.fixture(scope="session")
def planned(terraform_coverage, tmp_path_factory):
    def plan(**inputs):
        folder = tmp_path_factory.mktemp("root")
        source = os.path.relpath("modules/demo", folder)
        root = {
            "module": {"this": {"source": source, **inputs}},
            "output": {"this": {"value": "${module.this}"}},
        }
        (folder / "main.tf.json").write_text(json.dumps(root))

        def run(*words):
            return subprocess.run(
                ["terraform", *words], cwd=folder, capture_output=True, text=True
            )

        assert run("init").returncode == 0
        done = run("plan", "-no-color", "-out=it")
        if done.returncode:
            terraform_coverage.refused(done.stderr, folder)
            return done.stderr
        shown = run("show", "-json", "it").stdout
        return terraform_coverage.plan(json.loads(shown), folder)

    return plan


@pytest.fixture(scope="session")
def large(planned):
    return planned(size="large", names={"a": "no", "b": "big"})


def resources(plan):
    (module,) = plan["planned_values"]["root_module"]["child_modules"]
    return {each["address"]: each["values"] for each in module["resources"]}


def test_each(large):
    assert resources(large)['module.this.terraform_data.each["b"]']["input"] == 9


def test_without_an_assertion(large):
    resources(large)["module.this.terraform_data.extra[0]"]["input"]


def test_that_looks_only_at_everything(large):
    assert json.dumps(resources(large))


@pytest.mark.xfail(strict=True)
def test_that_fails(large):
    assert resources(large)["module.this.terraform_data.extra[0]"]["input"] == 1
    assert large["output_changes"]["this"]["after"]["unread"] == 2


def test_refused(planned):
    assert "too many names" in planned(size="large", names={"a": "1", "b": "2", "c": "3"})
"""


def run(project: Path, *words: str, expected: int = 0) -> subprocess.CompletedProcess[str]:
    # Neither settings of Terraform nor what keeps Python from writing compiled files.
    foreign = ("TF_", "PYTHONDONT")
    environ = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    done = subprocess.run(
        [sys.executable, *words],
        cwd=project,
        env=environ | {"PYTHONPATH": str(Path(__file__).parents[3]), "CHECKPOINT_DISABLE": "1"},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == expected, done.stdout + done.stderr
    return done


def tap(project: Path, *words: str, expected: int = 0) -> subprocess.CompletedProcess[str]:
    command = "import sys; from tap.cli import main; sys.exit(main())"
    return run(project, "-c", command, "coverage", *words, expected=expected)


def missing(report: str) -> set[str]:
    return set(re.findall(r"^  (modules\S+: .*)$", report, re.MULTILINE))


def test_native_tests_cover_what_they_assert_and_what_they_trip(project: Path) -> None:
    report = tap(project).stdout
    assert missing(report) == {
        "modules/demo/main.tf:10: resource never asserted: terraform_data.each",
        "modules/demo/main.tf:15: resource never asserted: terraform_data.extra",
        'modules/demo/main.tf:2: condition never kept: local.wanted: value != "no"',
        'modules/demo/main.tf:2: condition never left out: local.wanted: value != "no"',
        "modules/demo/main.tf:11: condition never some: terraform_data.each: local.wanted",
        'modules/demo/main.tf:12: condition never true: terraform_data.each: each.value == "big"',
        'modules/demo/main.tf:12: condition never false: terraform_data.each: each.value == "big"',
        'modules/demo/main.tf:12: condition never true: terraform_data.each: var.size == "large"',
        'modules/demo/main.tf:12: condition never false: terraform_data.each: var.size == "large"',
        # The run with a large size asserts nothing.
        'modules/demo/main.tf:3: condition never true: local.bytes: var.size == "large"',
        'modules/demo/main.tf:16: condition never true: terraform_data.extra: var.size == "large"',
        f"modules/demo/main.tf:20: validation never passed: {PRECONDITION}",
        f"modules/demo/main.tf:20: validation never tripped: {PRECONDITION}",
        "modules/demo/outputs.tf:5: output never asserted: output.unread",
        "modules/demo/variables.tf:15: variable never given: var.names",
        # "other" has five letters.
        "modules/demo/variables.tf:9: validation never tripped: var.size: length(var.size) == 5",
    }


def test_recorded_tests_cover_what_they_read_if_they_pass_and_assert(project: Path) -> None:
    (project / "tests").mkdir()
    (project / "tests" / "test_demo.py").write_text(TESTS)
    # It leaves compiled tests that count no assertions.
    run(project, *PYTEST, "--collect-only", "tests")
    run(project, *PYTEST, *RECORDING, "tests")
    report = tap(project, "records").stdout
    assert missing(report) == {
        "modules/demo/main.tf:15: resource never asserted: terraform_data.extra",
        'modules/demo/main.tf:12: condition never false: terraform_data.each: each.value == "big"',
        'modules/demo/main.tf:12: condition never false: terraform_data.each: var.size == "large"',
        "modules/demo/outputs.tf:5: output never asserted: output.unread",
        "modules/demo/variables.tf:9: validation never tripped: var.size: length(var.size) == 5",
        # The plan is large, but no test looks at what is made of local.bytes.
        'modules/demo/main.tf:3: condition never true: local.bytes: var.size == "large"',
    }


def test_reports_are_written_and_a_limit_that_is_not_reached_fails(project: Path) -> None:
    words = ("--html", "pages", "--cobertura", "coverage.xml", "--fail-under", "resource=34")
    done = tap(project, *words, expected=1)
    assert "resources: 33.3 % are exercised, 34 % must be" in done.stderr
    page = (project / "pages" / "modules-demo.html").read_text()
    assert "condition never" not in page
    assert 'class="no" id="main.tf-10"' in page
    assert 'class="yes" id="main.tf-6"' in page
    assert (project / "pages" / "index.html").read_text().count("modules-demo.html") == 1
    root = ET.fromstring((project / "coverage.xml").read_text())  # noqa: S314 - our own
    assert root.get("branches-valid") == "18"
    tap(project, "--fail-under", "resource=33")


@pytest.mark.parametrize("limit", ["resource", "resources=1", "output=101", "output=many"])
def test_a_limit_that_means_nothing_is_refused(project: Path, limit: str) -> None:
    assert "is no limit of coverage" in tap(project, "--fail-under", limit, expected=2).stderr


def test_recording_needs_assertions_to_be_counted(project: Path) -> None:
    done = run(project, *PYTEST, "--terraform-coverage", "records", expected=4)
    assert "add -o enable_assertion_pass_hook=true" in done.stderr


def test_a_folder_of_records_that_is_not_there_is_refused(project: Path) -> None:
    assert "no folder 'records'" in tap(project, "records", expected=2).stderr
