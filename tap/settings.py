"""Settings: the project, its environments, and where their states are kept.

They come from ``tap.toml`` at the root of the project; a flag beats a ``TAP_*`` variable, a
variable beats the file, the file beats the default. The environments are the folders of
``environments/`` (but ``_stack``), so that adding one is adding a folder.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import msgspec

from tap.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TargetName = Literal["local", "localstack", "aws"]
TARGETS: tuple[TargetName, ...] = get_args(TargetName)

FILE_NAME = "tap.toml"

Locking = Literal["s3", "dynamodb"]
FailOn = Literal["low", "medium", "high", "critical"]

# Bucket names are at most 63 characters; "-terraform-state-logs-" and an account id take 34.
_ProjectName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{1,18}[a-z0-9]$")]
_AccountId = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{12}$")]
_Age = Annotated[str, msgspec.Meta(pattern=r"^[1-9][0-9]{0,5}[smhd]$")]
_Text = Annotated[str, msgspec.Meta(min_length=1)]
_Region = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")]
_Duration = Annotated[str, msgspec.Meta(pattern=r"^(?=.)([0-9]+h)?([0-9]+m)?([0-9]+s)?$")]


class StateSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where states are kept and how they are locked.

    Attributes:
        region: Region of the state bucket and the lock table.
        locking: The lock file beside the state (``s3``), the DynamoDB table, or both.
    """

    region: _Region = "eu-west-1"
    locking: Annotated[tuple[Locking, ...], msgspec.Meta(min_length=1)] = ("s3", "dynamodb")


class EmulatorSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The embedded emulator of target ``local``.

    Attributes:
        port: TCP port on the loopback interface; None takes any free one.
    """

    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] | None = None


class TimeoutSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """After how long a stage is asked to stop, such as ``90s``, ``30m`` or ``1h30m``.

    It is asked as by Ctrl-C, once, and waited for. None sets no limit.

    Attributes:
        init: For ``terraform init``.
        plan: For ``terraform plan``; waiting for the lock counts.
        apply: For ``terraform apply``, of a destroy as well; waiting for the lock counts.
    """

    init: _Duration | None = None
    plan: _Duration | None = None
    apply: _Duration | None = None

    @property
    def seconds(self) -> dict[str, float]:
        """The limits that are set, by stage, in seconds."""
        limits = {"init": self.init, "plan": self.plan, "apply": self.apply}
        return {stage: seconds(limit) for stage, limit in limits.items() if limit is not None}


class RetrySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How persistent commands are that only read.

    Attributes:
        attempts: How often init, plan, output and drift are tried when what fails passes by
            itself, such as throttling; 1 to never repeat.
    """

    attempts: Annotated[int, msgspec.Meta(ge=1, le=10)] = 4


class DriftIgnore(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A drift that is known and accepted for a while.

    Attributes:
        address: Address of the resource; ``*`` stands for any text, ``?`` for one character.
        owner: Who answers for it.
        reason: Why it is accepted.
        expires: The last day on which it counts, in UTC.
        attribute: Path of the attribute, such as ``tags``, or with ``*`` and ``?``; what is below
            it counts, too. Empty for all of the resource, its deletion included.
        environment: The only environment it is for; empty for all.
    """

    address: _Text
    owner: _Text
    reason: _Text
    expires: date
    attribute: str = ""
    environment: str = ""


class DriftSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What ``tap drift`` does not count."""

    ignore: tuple[DriftIgnore, ...] = ()


class Waiver(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A finding of ``tap check`` that is known and accepted for a while.

    Attributes:
        rule: Id of the rule.
        address: Address of what is at fault; ``*`` stands for any text, ``?`` for one character.
        owner: Who answers for it.
        reason: Why it is accepted.
        expires: The last day on which it counts, in UTC.
        environments: The only environments it is for; empty for all.
    """

    rule: _Text
    address: _Text
    owner: _Text
    reason: _Text
    expires: date
    environments: tuple[str, ...] = ()


class CheckSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the rules stop.

    Attributes:
        fail_on: The lowest severity that fails ``tap check`` and that ``tap apply`` refuses.
    """

    fail_on: FailOn = "medium"


class TrafficSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a shift of traffic is judged; ``docs/concepts/traffic-shift.md`` explains each.

    Attributes:
        bake: How long each step is watched, such as ``5m``.
        interval: Time between two looks.
        minimum_requests: Requests of a color below which its errors are not judged.
        error_margin_percent: By how much green's ratio of errors may exceed blue's.
        error_percent: Highest ratio of errors of green where blue has too few requests.
        significance: Probability of taking chance for a fault, in a whole step.
        latency_minimum_requests: Requests of a color below which its latency is not judged.
        latency_ratio: By which factor green's p99 may exceed blue's.
        latency_margin_seconds: By how much it may in any case.
        latency_seconds: Highest p99 of green where blue has too few requests.
        probe_percent: Share of probes that have to succeed.
    """

    bake: _Duration = "5m"
    interval: _Duration = "15s"
    minimum_requests: Annotated[int, msgspec.Meta(ge=1)] = 100
    error_margin_percent: Annotated[float, msgspec.Meta(ge=0, lt=100)] = 0.5
    error_percent: Annotated[float, msgspec.Meta(gt=0, lt=100)] = 1.0
    significance: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.01
    latency_minimum_requests: Annotated[int, msgspec.Meta(ge=1)] = 1000
    latency_ratio: Annotated[float, msgspec.Meta(ge=1)] = 1.5
    latency_margin_seconds: Annotated[float, msgspec.Meta(ge=0)] = 0.05
    latency_seconds: Annotated[float, msgspec.Meta(gt=0)] = 1.0
    probe_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 90


class EnvironmentSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One environment.

    Attributes:
        account_id: The only AWS account that target ``aws`` may touch for it.
        protected: Whether an apply or destroy on AWS has to be confirmed, needs a clean work
            tree, and ends nothing that holds data unless it is named.
    """

    account_id: _AccountId | None = None
    protected: bool = False


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    project: _ProjectName
    plan_max_age: _Age = "24h"
    state: StateSettings = StateSettings()
    emulator: EmulatorSettings = EmulatorSettings()
    timeouts: TimeoutSettings = TimeoutSettings()
    retries: RetrySettings = RetrySettings()
    drift: DriftSettings = DriftSettings()
    check: CheckSettings = CheckSettings()
    waivers: tuple[Waiver, ...] = ()
    traffic: TrafficSettings = TrafficSettings()
    environments: dict[str, EnvironmentSettings] = {}


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One deployable environment.

    Attributes:
        name: Its folder below ``environments/``.
        directory: Its Terraform root.
        account_id: The only AWS account it may touch; None if ``tap.toml`` names none.
        protected: Whether what ends or changes it on AWS is asked for more than once.
    """

    name: str
    directory: Path
    account_id: str | None
    protected: bool = False


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything ``tap`` knows before it looks at Terraform or AWS.

    Attributes:
        root: The folder that holds ``tap.toml``.
        project: Name of the project; bucket and table names start with it.
        state: Where states are kept.
        emulator: The embedded emulator.
        environments: By name, sorted.
        plan_max_age: How old a saved plan may be when it is applied.
        timeouts: After how long a stage is asked to stop.
        retries: How persistent commands are that only read.
        drift: What ``tap drift`` does not count.
        check: What the rules stop.
        waivers: What ``tap check`` accepts.
        traffic: How a shift of traffic is judged.
    """

    root: Path
    project: str
    state: StateSettings
    emulator: EmulatorSettings
    environments: Mapping[str, Environment]
    plan_max_age: timedelta = timedelta(hours=24)
    timeouts: TimeoutSettings = field(default_factory=TimeoutSettings)
    retries: RetrySettings = field(default_factory=RetrySettings)
    drift: DriftSettings = field(default_factory=DriftSettings)
    check: CheckSettings = field(default_factory=CheckSettings)
    traffic: TrafficSettings = field(default_factory=TrafficSettings)
    waivers: tuple[Waiver, ...] = ()

    @property
    def work_directory(self) -> Path:
        """The folder for everything ``tap`` writes; ignored by git."""
        return self.root / ".tap"

    def environment(self, name: str) -> Environment:
        """Return an environment by name.

        Raises:
            SettingsError: There is none of that name.
        """
        try:
            return self.environments[name]
        except KeyError:
            known = ", ".join(self.environments) or "none"
            raise SettingsError(
                f"unknown environment {name!r}; there are: {known}",
                "give one of these names, or add a folder below environments/",
            ) from None


def load_settings(start: Path, environ: Mapping[str, str]) -> Settings:
    """Read ``tap.toml`` from a folder or the nearest one above it.

    Args:
        start: Where to begin the search.
        environ: ``TAP_EMULATOR_PORT``, ``TAP_FAIL_ON``, ``TAP_PLAN_MAX_AGE`` (``24h``),
            ``TAP_RETRIES``, ``TAP_STATE_LOCKING`` (``s3,dynamodb``) and ``TAP_TIMEOUT_INIT``,
            ``_PLAN`` and ``_APPLY`` override the file.

    Raises:
        SettingsError: There is no file, or a value in it cannot be used.
    """
    file = find_file(start)
    if file is None:
        raise SettingsError(
            f"no {FILE_NAME} in {start.resolve()} or any folder above it",
            'run tap inside a project, or create the file with: project = "NAME"',
        )
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{file}: cannot be read: {error}", "correct the file") from None
    content = _convert(document, str(file))
    for variable, (table, key, value) in _overrides(environ).items():
        document |= {table: {**document.get(table, {}), key: value}} if table else {key: value}
        content = _convert(document, variable)
    root = file.parent
    found = _environments(root, content.environments)
    named = [("drift.ignore", ignore.environment) for ignore in content.drift.ignore]
    named += [("waivers", name) for waiver in content.waivers for name in waiver.environments]
    for table, name in named:
        if name and name not in found:
            raise SettingsError(
                f"{file}: an entry of [[{table}]] is for {name!r}, which has "
                f"no folder environments/{name}",
                "correct its environment, or remove the entry",
            )
    for name in content.environments:
        if name not in found:
            raise SettingsError(
                f"{file}: [environments.{name}] has no folder environments/{name}",
                "create the folder or remove the table",
            )
    return Settings(
        root=root,
        project=content.project,
        state=content.state,
        emulator=content.emulator,
        environments=found,
        plan_max_age=_duration(content.plan_max_age),
        timeouts=content.timeouts,
        retries=content.retries,
        drift=content.drift,
        check=content.check,
        traffic=content.traffic,
        waivers=content.waivers,
    )


def target_name(value: str) -> TargetName:
    """Return a target by name.

    Raises:
        SettingsError: There is no such target.
    """
    for name in TARGETS:
        if name == value:
            return name
    raise SettingsError(
        f"unknown target {value!r}; there are: {', '.join(TARGETS)}",
        "give one of these with --target, TAP_TARGET or make TARGET=",
    )


def check_suffix(value: str) -> str:
    """Return a name suffix for a second copy of an environment, such as ``pr42``.

    Raises:
        SettingsError: It cannot be part of every resource's name.
    """
    if re.fullmatch(r"[a-z0-9]{0,8}", value) is None:
        raise SettingsError(
            f"unusable name suffix {value!r}: up to 8 lowercase letters and digits are allowed",
            "give one such as pr42 with --suffix or TAP_SUFFIX",
        )
    return value


def _duration(text: str) -> timedelta:
    unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[text[-1]]
    return timedelta(**{unit: int(text[:-1])})


def find_file(start: Path) -> Path | None:
    """Return ``tap.toml`` of a folder or the nearest one above it; None without one."""
    start = start.resolve()
    files = (folder / FILE_NAME for folder in [start, *start.parents])
    return next((file for file in files if file.is_file()), None)


def _convert(document: object, origin: str) -> _File:
    try:
        return msgspec.convert(document, _File)
    except msgspec.ValidationError as error:
        raise SettingsError(
            f"{origin}: {error}", "correct the value; docs/guides/settings.md lists all keys"
        ) from None


def _overrides(environ: Mapping[str, str]) -> dict[str, tuple[str, str, object]]:
    """Return table (empty at the top), key and value for each variable that is set."""
    found: dict[str, tuple[str, str, object]] = {}
    if port := environ.get("TAP_EMULATOR_PORT"):
        found["TAP_EMULATOR_PORT"] = ("emulator", "port", int(port) if port.isdecimal() else port)
    if age := environ.get("TAP_PLAN_MAX_AGE"):
        found["TAP_PLAN_MAX_AGE"] = ("", "plan_max_age", age)
    if severity := environ.get("TAP_FAIL_ON"):
        found["TAP_FAIL_ON"] = ("check", "fail_on", severity)
    if attempts := environ.get("TAP_RETRIES"):
        value = int(attempts) if attempts.isdecimal() else attempts
        found["TAP_RETRIES"] = ("retries", "attempts", value)
    if locking := environ.get("TAP_STATE_LOCKING"):
        kinds = [kind.strip() for kind in locking.split(",")]
        found["TAP_STATE_LOCKING"] = ("state", "locking", kinds)
    for stage in ("init", "plan", "apply"):
        variable = f"TAP_TIMEOUT_{stage.upper()}"
        if limit := environ.get(variable):
            found[variable] = ("timeouts", stage, limit)
    return found


def seconds(duration: str) -> float:
    """Return the seconds of a duration such as ``90s``, ``30m`` or ``1h30m``."""
    units = {"h": 3600, "m": 60, "s": 1}
    return float(sum(int(n) * units[unit] for n, unit in re.findall(r"(\d+)([hms])", duration)))


def _environments(root: Path, tables: Mapping[str, EnvironmentSettings]) -> dict[str, Environment]:
    folder = root / "environments"
    no_table = EnvironmentSettings()
    names = sorted(
        child.name
        for child in (folder.iterdir() if folder.is_dir() else ())
        if child.is_dir() and not child.name.startswith(("_", "."))
    )
    return {
        name: Environment(
            name=name,
            directory=folder / name,
            account_id=tables.get(name, no_table).account_id,
            protected=tables.get(name, no_table).protected,
        )
        for name in names
    }
