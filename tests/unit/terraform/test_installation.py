"""Which Terraform is taken, and which of five places the provider comes from."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

import pytest

from tap.errors import SettingsError
from tap.terraform.installation import (
    PROVIDER,
    ProviderSource,
    Terraform,
    find_provider,
    find_terraform,
    platform_name,
    terraform_environ,
)

pytestmark = pytest.mark.requirement("TAP-1")

USER_TEXT = 'plugin_cache_dir = "/var/cache/terraform"\n'
USER_INSTALLATION = "provider_installation {\n  direct {}\n}\n"


def _program(file: Path, *lines: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(["#!/bin/sh", *lines, ""]), encoding="utf-8")
    file.chmod(0o755)
    return file


def _answering(file: Path, version: str, *more: str) -> Path:
    return _program(file, *more, f"""echo '{{"terraform_version": "{version}"}}'""")


def _mirror(folder: Path, version: str = "5.100.0", platform: str | None = None) -> Path:
    (folder / PROVIDER / version / (platform or platform_name())).mkdir(parents=True)
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """Variables that keep the implied directories inside the test's folder."""
    return {"XDG_DATA_DIRS": f"{tmp_path}/data1:{tmp_path}/data2"}


def _find(environ: dict[str, str], home: Path, *software: Path) -> ProviderSource:
    return find_provider(environ, home=home, software_folders=tuple(map(str, software)))


def test_terraform_is_taken_from_the_path(tmp_path: Path) -> None:
    program = _answering(tmp_path / "bin" / "terraform", "1.11.4")

    assert find_terraform({"PATH": str(tmp_path / "bin")}) == Terraform(
        path=program, version="1.11.4"
    )


@pytest.mark.parametrize("by_name", [True, False])
def test_a_variable_names_another_terraform(tmp_path: Path, *, by_name: bool) -> None:
    _answering(tmp_path / "terraform", "1.11.0")
    other = _answering(tmp_path / "tofu 1", "1.12.1")
    environ = {"PATH": str(tmp_path), "TAP_TERRAFORM": "tofu 1" if by_name else str(other)}

    assert find_terraform(environ) == Terraform(path=other, version="1.12.1")


def test_an_answer_like_that_of_opentofu_is_understood(tmp_path: Path) -> None:
    _program(
        tmp_path / "tofu",
        'printf \'{\\n  "terraform_version": "1.11.1",\\n  "platform": "linux_amd64",\\n'
        '  "provider_selections": {}\\n}\\n\'',
    )

    found = find_terraform({"PATH": f"{tmp_path}:{os.environ['PATH']}", "TAP_TERRAFORM": "tofu"})

    assert found.version == "1.11.1"


def test_terraform_is_asked_without_the_configuration_of_the_user(tmp_path: Path) -> None:
    program = _answering(
        tmp_path / "terraform",
        "1.11.0",
        f'echo "$TF_CLI_CONFIG_FILE $CHECKPOINT_DISABLE $*" > {tmp_path}/asked',
    )

    find_terraform({"PATH": str(program.parent), "TF_CLI_CONFIG_FILE": "/gone"})

    assert (tmp_path / "asked").read_text() == "/dev/null 1 version -json\n"


@pytest.mark.parametrize("version", ["1.11.0", "1.11.0-rc1", "1.100.2", "2.0.0"])
def test_a_version_that_is_new_enough_is_taken(tmp_path: Path, version: str) -> None:
    _answering(tmp_path / "terraform", version)

    assert find_terraform({"PATH": str(tmp_path)}).version == version


@pytest.mark.parametrize("version", ["1.10.9", "0.15.5", "1.9.0-beta2"])
@pytest.mark.requirement("TAP-7")
def test_an_older_version_is_refused_with_both_versions(tmp_path: Path, version: str) -> None:
    program = _answering(tmp_path / "terraform", version)

    with pytest.raises(SettingsError) as caught:
        find_terraform({"PATH": str(tmp_path)})

    assert caught.value.message == (
        f"Terraform {version} at {program} is too old; 1.11 or newer is needed"
    )
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("environ", "name"), [({}, "terraform"), ({"TAP_TERRAFORM": "/no/tofu"}, "/no/tofu")]
)
@pytest.mark.requirement("TAP-7")
def test_a_missing_terraform_is_refused_with_the_name_looked_for(
    tmp_path: Path, environ: dict[str, str], name: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        find_terraform({"PATH": str(tmp_path), **environ})

    assert caught.value.message == f"Terraform not found: no executable '{name}' on the PATH"
    assert "TAP_TERRAFORM" in caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("echo Terraform v1.11", "'version -json' answered 'Terraform v1.11\\n'"),
        ("exit 1", "'version -json' answered ''"),
        ('echo \'{"version": "1.11"}\'', """'version -json' answered '{"version": "1.11"}\\n'"""),
        ("echo '[]'", "'version -json' answered '[]\\n'"),
    ],
)
@pytest.mark.requirement("TAP-7")
def test_a_program_that_is_no_terraform_is_refused_with_its_answer(
    tmp_path: Path, line: str, reason: str
) -> None:
    program = _program(tmp_path / "terraform", line)

    with pytest.raises(SettingsError) as caught:
        find_terraform({"PATH": str(tmp_path)})

    assert caught.value.message == f"{program} is not a usable Terraform: {reason}"


@pytest.mark.requirement("TAP-7")
def test_a_program_for_another_machine_is_refused(tmp_path: Path) -> None:
    program = tmp_path / "terraform"
    program.write_bytes(b"\x7fELF no machine has this format")
    program.chmod(0o755)

    with pytest.raises(SettingsError, match=r"is not a usable Terraform: .*Exec format error"):
        find_terraform({"PATH": str(tmp_path)})


def test_the_platform_is_named_as_the_registry_names_it() -> None:
    expected = {
        ("Linux", "x86_64"): "linux_amd64",
        ("Linux", "aarch64"): "linux_arm64",
        ("Darwin", "x86_64"): "darwin_amd64",
        ("Darwin", "arm64"): "darwin_arm64",
    }

    assert platform_name() == expected[platform.system(), platform.machine()]


@pytest.mark.parametrize("named", [True, False])
def test_an_installation_of_the_users_own_comes_first(
    tmp_path: Path, home: Path, *, named: bool
) -> None:
    file = tmp_path / "my.tfrc" if named else home / ".terraformrc"
    file.write_text(USER_TEXT + USER_INSTALLATION, encoding="utf-8")
    environ = {"TAP_PROVIDER_MIRROR": str(_mirror(tmp_path / "mirror"))}
    if named:
        environ["TF_CLI_CONFIG_FILE"] = str(file)

    assert _find(environ, home) == ProviderSource(
        origin="user configuration",
        location=file,
        configuration=USER_TEXT + USER_INSTALLATION,
    )


def test_a_named_mirror_comes_second(tmp_path: Path, home: Path, places: dict[str, str]) -> None:
    named = _mirror(tmp_path / "named", "5.99.0")
    _mirror(named, "5.100.0")
    _mirror(home / ".terraform.d" / "plugins")

    found = _find({**places, "TAP_PROVIDER_MIRROR": str(named)}, home)

    assert (found.origin, found.location) == ("TAP_PROVIDER_MIRROR", named)
    assert found.versions == ("5.100.0", "5.99.0")


@pytest.mark.parametrize("version_for", [None, "plan9_mips"])
@pytest.mark.requirement("TAP-7")
def test_a_named_mirror_without_the_provider_is_refused(
    tmp_path: Path, home: Path, version_for: str | None
) -> None:
    named = tmp_path / "named"
    if version_for:
        _mirror(named, platform=version_for)

    with pytest.raises(SettingsError) as caught:
        _find({"TAP_PROVIDER_MIRROR": str(named)}, home)

    assert caught.value.message == (
        f"TAP_PROVIDER_MIRROR={named} holds no {PROVIDER} for {platform_name()}"
    )
    assert caught.value.exit_code == 2


def test_the_implied_directories_come_third_in_the_order_of_terraform(
    tmp_path: Path, home: Path, places: dict[str, str]
) -> None:
    software = _mirror(tmp_path / "software" / "mirror").parent
    expected = [
        tmp_path / "data2" / "terraform" / "plugins",
        tmp_path / "data1" / "terraform" / "plugins",
        home / ".local" / "share" / "terraform" / "plugins",
        home / ".terraform.d" / "plugins",
    ]

    # The later of Terraform's places are filled first, so each one has to win over them.
    for folder in expected:
        _mirror(folder)
        found = _find(places, home, software)
        assert (found.origin, found.location) == ("implied directory", folder)


def test_a_data_home_of_the_user_is_an_implied_directory(
    tmp_path: Path, home: Path, places: dict[str, str]
) -> None:
    folder = _mirror(tmp_path / "xdg" / "terraform" / "plugins")

    found = _find({**places, "XDG_DATA_HOME": str(tmp_path / "xdg")}, home)

    assert found.location == folder


@pytest.mark.parametrize("place", ["software", "software/b", "home/b", "home"])
def test_a_mirror_in_or_just_below_a_software_folder_or_home_comes_fourth(
    tmp_path: Path, home: Path, places: dict[str, str], place: str
) -> None:
    (tmp_path / "software" / "a").mkdir(parents=True)
    folder = _mirror(tmp_path / place)

    found = _find(places, home, tmp_path / "gone", tmp_path / "software")

    assert (found.origin, found.location) == ("found", folder)


def test_a_mirror_two_levels_below_is_not_looked_for(
    tmp_path: Path, home: Path, places: dict[str, str]
) -> None:
    _mirror(tmp_path / "software" / "a" / "b")

    assert _find(places, home, tmp_path / "software").origin == "registry"


def test_the_registry_comes_last_with_the_users_configuration(
    home: Path, places: dict[str, str]
) -> None:
    assert _find(places, home) == ProviderSource(origin="registry", location=None, configuration="")

    (home / ".terraformrc").write_text(USER_TEXT, encoding="utf-8")
    assert _find(places, home).configuration == USER_TEXT


def test_a_mirror_serves_the_aws_provider_only(
    tmp_path: Path, home: Path, places: dict[str, str]
) -> None:
    named = _mirror(tmp_path / "named")

    assert _find({**places, "TAP_PROVIDER_MIRROR": str(named)}, home).configuration == (
        "provider_installation {\n"
        "  filesystem_mirror {\n"
        f'    path    = "{named}"\n'
        '    include = ["registry.terraform.io/hashicorp/aws"]\n'
        "  }\n"
        "  direct {\n"
        '    exclude = ["registry.terraform.io/hashicorp/aws"]\n'
        "  }\n"
        "}\n"
    )


@pytest.mark.parametrize("file", [".terraformrc", ".tofurc"])
def test_a_user_configuration_without_installation_is_kept_and_extended(
    tmp_path: Path, home: Path, places: dict[str, str], file: str
) -> None:
    text = f"{USER_TEXT}# provider_installation is left to others\n"
    (home / file).write_text(text, encoding="utf-8")
    named = _mirror(tmp_path / "named")

    found = _find({**places, "TAP_PROVIDER_MIRROR": str(named)}, home)

    assert found.origin == "TAP_PROVIDER_MIRROR"
    assert found.configuration.startswith(f"{text}\nprovider_installation {{\n")


def test_a_named_configuration_hides_that_of_the_home_even_when_it_is_missing(
    tmp_path: Path, home: Path, places: dict[str, str]
) -> None:
    (home / ".terraformrc").write_text(USER_INSTALLATION, encoding="utf-8")

    found = _find({**places, "TF_CLI_CONFIG_FILE": str(tmp_path / "gone")}, home)

    assert found == ProviderSource(origin="registry", location=None, configuration="")


def test_a_relative_mirror_is_written_as_an_absolute_path(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = _mirror(tmp_path / "named")
    monkeypatch.chdir(tmp_path)

    found = _find({"TAP_PROVIDER_MIRROR": "named"}, home)

    assert found.location == named
    assert f'path    = "{named}"' in found.configuration


def _init(folder: Path, program: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    (folder / "main.tf").write_text(
        "terraform {\n  required_providers {\n    aws = {\n"
        '      source  = "hashicorp/aws"\n      version = "5.100.0"\n    }\n  }\n}\n',
        encoding="utf-8",
    )
    return subprocess.run(
        [program, "init", "-backend=false", "-no-color"],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.requirement("STK-9")
@pytest.mark.timeout(180)
def test_terraform_installs_the_provider_from_where_it_was_found(
    tmp_path: Path, terraform: Terraform
) -> None:
    """The real mirror of this machine, or the registry, through the file that tap writes."""
    environ = terraform_environ(dict(os.environ), folder=tmp_path / "work")
    root = tmp_path / "root"
    root.mkdir()

    done = _init(root, terraform.path, environ)

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    installed = root / ".terraform" / "providers" / PROVIDER / "5.100.0" / platform_name()
    assert any(installed.iterdir())
    assert (environ["TF_CLI_CONFIG_FILE"], environ["CHECKPOINT_DISABLE"]) == (
        str(tmp_path / "work" / "terraformrc"),
        "1",
    )


def test_terraform_reads_a_mirror_whose_path_holds_quotes_and_spaces(
    tmp_path: Path, terraform: Terraform, environ: dict[str, str]
) -> None:
    mirror = _mirror(tmp_path / 'my "own" \\ mirror', "5.100.0")
    binary = mirror / PROVIDER / "5.100.0" / platform_name() / "terraform-provider-aws_v5.100.0_x5"
    _program(binary, "exit 1")
    configured = terraform_environ(
        {**environ, "TAP_PROVIDER_MIRROR": str(mirror)}, folder=tmp_path / "work"
    )

    done = _init(tmp_path, terraform.path, configured)

    # Installed, not started: a script is no provider, but init does not run it.
    assert "Installed hashicorp/aws v5.100.0 (unauthenticated)" in done.stdout


def test_the_configuration_is_rewritten_only_when_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    environ = {"TAP_PROVIDER_MIRROR": str(_mirror(tmp_path / "one"))}
    file = Path(terraform_environ(environ, folder=tmp_path / "work")["TF_CLI_CONFIG_FILE"])
    os.utime(file, (1, 1))

    terraform_environ(environ, folder=tmp_path / "work")
    assert file.stat().st_mtime == 1

    environ["TAP_PROVIDER_MIRROR"] = str(_mirror(tmp_path / "two"))
    terraform_environ(environ, folder=tmp_path / "work")
    assert str(tmp_path / "two") in file.read_text()
    assert [child.name for child in file.parent.iterdir()] == ["terraformrc"]


def test_the_environment_of_the_user_is_kept(tmp_path: Path, home: Path) -> None:
    environ = {"AWS_PROFILE": "mine", "TF_LOG": "debug", "HOME": str(home)}

    assert {
        **environ,
        "CHECKPOINT_DISABLE": "1",
        "TF_IN_AUTOMATION": "1",
        "TF_CLI_CONFIG_FILE": str(tmp_path / "terraformrc"),
    }.items() <= terraform_environ(environ, folder=tmp_path).items()


@pytest.mark.parametrize(
    ("set_by_the_user", "given"), [({}, "300"), ({"GOGC": "100"}, "100"), ({"GOGC": "off"}, "off")]
)
def test_terraform_collects_garbage_less_often_unless_the_user_says_how_often(
    tmp_path: Path, home: Path, set_by_the_user: dict[str, str], given: str
) -> None:
    found = terraform_environ({"HOME": str(home), **set_by_the_user}, folder=tmp_path)

    assert found["GOGC"] == given
