"""``atlantis.yaml`` says for each environment when it is planned and in which order applied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tap.reports.atlantis import Project, atlantis_yaml

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.requirement("TST-5")


def project(root: Path, name: str, *modules: str, protected: bool = False) -> Project:
    directory = root / "environments" / name
    return Project(
        name=name,
        directory=directory,
        folders=[directory, *(root / "modules" / module for module in modules)],
        protected=protected,
    )


def written(root: Path, *projects: Project) -> dict[str, Any]:
    document = yaml.safe_load(atlantis_yaml(projects, root=root, watched=["tap.toml"]))
    assert isinstance(document, dict)
    return document


def test_protected_environments_come_last_and_wait_for_the_others(tmp_path: Path) -> None:
    document = written(
        tmp_path,
        project(tmp_path, "a-prod", protected=True),
        project(tmp_path, "dev"),
        project(tmp_path, "staging"),
    )

    order = [(item["name"], item["execution_order_group"]) for item in document["projects"]]
    assert order == [("dev", 0), ("staging", 0), ("a-prod", 1)]
    waits = [item.get("depends_on") for item in document["projects"]]
    assert waits == [None, None, ["dev", "staging"]]


def test_an_environment_is_planned_for_the_modules_it_calls_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "modules" / "vpc" / "tests").mkdir(parents=True)

    document = written(tmp_path, project(tmp_path, "dev", "vpc"), project(tmp_path, "qa", "lambda"))

    assert [item["autoplan"]["when_modified"] for item in document["projects"]] == [
        [
            "**/*",
            "../../modules/vpc/**/*",
            "../../tap.toml",
            "!../../**/*.md",
            "!../../modules/vpc/tests/**/*",
        ],
        ["**/*", "../../modules/lambda/**/*", "../../tap.toml", "!../../**/*.md"],
    ]


def test_nothing_is_merged_or_applied_by_itself(tmp_path: Path) -> None:
    document = written(tmp_path, project(tmp_path, "dev"))

    assert document["version"] == 3
    assert document["automerge"] is False
    assert document["parallel_apply"] is False
    (dev,) = document["projects"]
    assert dev["workflow"] == "tap"
    assert dev["plan_requirements"] == ["undiverged"]
    assert dev["apply_requirements"] == ["approved", "mergeable", "undiverged"]


def test_a_name_that_yaml_takes_for_a_boolean_stays_text(tmp_path: Path) -> None:
    document = written(tmp_path, project(tmp_path, "on"), project(tmp_path, "qa"))

    assert [item["name"] for item in document["projects"]] == ["on", "qa"]
