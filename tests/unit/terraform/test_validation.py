"""Modules and roots of a small project, checked by the real Terraform."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap.errors import TerraformError
from tap.settings import Settings, load_settings
from tap.terraform.root import Reporter
from tap.terraform.validation import validate_folder, validated_folders

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.requirement("TAP-1"), pytest.mark.timeout(60)]

LEAF = """\
variable "name" {
  type = string
}

resource "terraform_data" "this" {
  input = templatefile("${path.module}/templates/hello.tftpl", { name = var.name })
}
"""

CALLER = """\
module "leaf" {
  source = "../../modules/leaf"
  name   = "dev"
}
"""


@pytest.fixture
def settings(project: Path) -> Settings:
    """A project with one module, one composition and the two environments that call it."""
    for folder, text in {
        "modules/leaf": LEAF,
        "environments/_stack": CALLER,
        "environments/dev": CALLER,
        "environments/prod": CALLER,
        "backend": "",
    }.items():
        (project / folder).mkdir(parents=True, exist_ok=True)
        (project / folder / "main.tf").write_text(text, encoding="utf-8")
    (project / "modules" / "leaf" / "templates").mkdir()
    (project / "modules" / "leaf" / "templates" / "hello.tftpl").write_text("Hello ${name}\n")
    (project / "modules" / "notes").mkdir()
    # A root with a lock file is validated where it is, and lends it to the modules.
    (project / "environments" / "prod" / ".terraform.lock.hcl").touch()
    return load_settings(project, {})


def _validate(folder: str, settings: Settings, environ: dict[str, str]) -> None:
    validate_folder(settings.root / folder, settings, environ, Reporter())


def test_modules_composition_environments_and_backend_are_validated(settings: Settings) -> None:
    assert [str(folder.relative_to(settings.root)) for folder in validated_folders(settings)] == [
        "modules/leaf",
        "environments/_stack",
        "environments/dev",
        "environments/prod",
        "backend",
    ]


def test_a_project_without_composition_and_backend_is_validated_as_it_is(project: Path) -> None:
    (project / "environments" / "dev" / "main.tf").touch()

    folders = validated_folders(load_settings(project, {}))

    assert folders == [project / "environments" / "dev"]


def test_valid_folders_pass_and_stay_as_they_are(
    settings: Settings, environ: dict[str, str]
) -> None:
    files = sorted(settings.root.rglob("*.*"))

    for folder in validated_folders(settings):
        validate_folder(folder, settings, environ, Reporter())

    work = settings.work_directory / "validate"
    assert (work / "modules" / "leaf" / "module" / ".terraform.lock.hcl").is_file()
    assert not (work / "environments" / "prod" / "module").exists()
    kept = [file for file in settings.root.rglob("*.*") if ".tap" not in file.parts]
    assert sorted(kept) == files


@pytest.mark.requirement("TAP-7")
def test_an_invalid_module_is_named_with_file_and_line(
    settings: Settings, environ: dict[str, str]
) -> None:
    file = settings.root / "modules" / "leaf" / "outputs.tf"
    file.write_text('output "name" {\n  value = var.nam\n}\n', encoding="utf-8")

    with pytest.raises(TerraformError) as caught:
        _validate("modules/leaf", settings, environ)

    assert caught.value.message.startswith(
        "modules/leaf: terraform validate failed:\n"
        "Reference to undeclared input variable\n"
        "  at outputs.tf:2\n"
    )
    assert caught.value.hint == "correct the above and run it again"


def test_a_file_that_was_removed_is_forgotten(settings: Settings, environ: dict[str, str]) -> None:
    file = settings.root / "modules" / "leaf" / "outputs.tf"
    file.write_text('output "name" {\n  value = var.nam\n}\n', encoding="utf-8")
    with pytest.raises(TerraformError, match="undeclared input variable"):
        _validate("modules/leaf", settings, environ)
    file.unlink()

    _validate("modules/leaf", settings, environ)


def test_an_environment_fails_with_the_module_it_calls(
    settings: Settings, environ: dict[str, str]
) -> None:
    (settings.root / "environments" / "dev" / "main.tf").write_text(
        CALLER.replace("name ", "nam "), encoding="utf-8"
    )

    with pytest.raises(TerraformError) as caught:
        _validate("environments/dev", settings, environ)

    assert caught.value.message.startswith("environments/dev: terraform validate failed:\n")
    assert 'The argument "name" is required' in caught.value.message
    assert "  at main.tf:1\n" in caught.value.message


def test_a_syntax_error_is_found_before_anything_is_installed(
    settings: Settings, environ: dict[str, str]
) -> None:
    (settings.root / "backend" / "main.tf").write_text("resource {", encoding="utf-8")

    with pytest.raises(TerraformError, match=r"^backend: terraform init failed:\n[^$]*main.tf:1"):
        _validate("backend", settings, environ)


def test_providers_that_a_caller_passes_in_are_added_for_the_check(
    settings: Settings, environ: dict[str, str]
) -> None:
    # The provider built into Terraform stands for one that would have to be installed.
    (settings.root / "modules" / "leaf" / "terraform.tf").write_text(
        "terraform {\n  required_providers {\n    terraform = {\n"
        '      source                = "terraform.io/builtin/terraform"\n'
        "      configuration_aliases = [terraform.replica]\n    }\n  }\n}\n\n"
        'resource "terraform_data" "replica" {\n  provider = terraform.replica\n}\n',
        encoding="utf-8",
    )

    _validate("modules/leaf", settings, environ)

    assert not (settings.root / "modules" / "leaf" / "provider-replica.tf").exists()
