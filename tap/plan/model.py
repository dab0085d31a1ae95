"""The plan JSON of Terraform (format 1.x) as typed, frozen structs.

Fields that a newer Terraform adds are ignored; a new major format is refused.
Source: https://developer.hashicorp.com/terraform/internals/json-format
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from tap.errors import PlanError
from tap.plan.configuration import (
    Configuration,
    ResourceConfiguration,
)

_SUPPORTED_MAJOR = "1"
_HINT = "make the file with: terraform show -json PLANFILE"


class Action(StrEnum):
    """What happens to one object. The order of the two halves of a replacement is dropped."""

    NO_OP = "no-op"
    CREATE = "create"
    READ = "read"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    FORGET = "forget"


# The whole list of combinations, from "Change Representation" of the source above. The last
# replacement leaves the old object alone instead of destroying it.
_ACTIONS = {
    ("no-op",): Action.NO_OP,
    ("create",): Action.CREATE,
    ("read",): Action.READ,
    ("update",): Action.UPDATE,
    ("delete",): Action.DELETE,
    ("forget",): Action.FORGET,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
    ("create", "forget"): Action.REPLACE,
}


class Importing(msgspec.Struct, frozen=True, kw_only=True):
    """The object exists and is taken into the state by this plan."""

    id: str = ""
    unknown: bool = False
    identity: Any = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One object before and after.

    Attributes:
        actions: Terraform's own words, in the order they will happen.
        before: The value now; None if there is none.
        after: The value then; unknown parts are missing from it.
        after_unknown: Shaped like ``after``, True where the value is not known yet.
        before_sensitive: Shaped like ``before``, True where the value is a secret.
        after_sensitive: Shaped like ``after``, True where the value is a secret.
        replace_paths: Attribute paths that force a replacement; steps are names or indices.
    """

    actions: tuple[str, ...]
    before: Any = None
    after: Any = None
    after_unknown: Any = False
    before_sensitive: Any = False
    after_sensitive: Any = False
    replace_paths: tuple[tuple[str | int, ...], ...] = ()
    importing: Importing | None = None
    generated_config: str = ""

    def __post_init__(self) -> None:
        if self.actions not in _ACTIONS:
            raise ValueError(f"unknown actions {list(self.actions)}")

    @property
    def action(self) -> Action:
        """The actions as one word."""
        return _ACTIONS[self.actions]

    @property
    def destroys(self) -> bool:
        """Whether the real object ends; a replacement that forgets it does not end it."""
        return "delete" in self.actions

    @property
    def changed_attributes(self) -> tuple[str, ...]:
        """Names of top-level attributes that differ or are not known yet, sorted."""
        before = self.before if isinstance(self.before, dict) else {}
        after = self.after if isinstance(self.after, dict) else {}
        unknown = self.after_unknown if isinstance(self.after_unknown, dict) else {}
        return tuple(
            name
            for name in sorted(before.keys() | after.keys() | unknown.keys())
            if any_marked(unknown.get(name)) or before.get(name) != after.get(name)
        )


class ResourceChange(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to one resource instance, or happened to it (drift).

    Attributes:
        module_address: Empty for the root module.
        index: The ``for_each`` key or ``count`` index; None without either.
        deposed: Key of a left-over of an earlier replacement, which this change removes.
        action_reason: Terraform's word for why, such as ``replace_because_tainted``.
    """

    address: str
    mode: str
    type: str
    name: str
    change: Change
    module_address: str = ""
    previous_address: str = ""
    index: str | int | None = None
    provider_name: str = ""
    deposed: str = ""
    action_reason: str = ""

    @property
    def action(self) -> Action:
        """What happens, as one word."""
        return self.change.action


class OutputValue(msgspec.Struct, frozen=True, kw_only=True):
    """An output in a state; ``value`` is unset while it is not known."""

    sensitive: bool = False
    type: Any = None
    value: Any = msgspec.UNSET


class StateResource(msgspec.Struct, frozen=True, kw_only=True):
    """A resource instance in a state."""

    address: str
    mode: str
    type: str
    name: str
    index: str | int | None = None
    provider_name: str = ""
    values: dict[str, Any] | None = None
    sensitive_values: Any = False
    depends_on: tuple[str, ...] = ()
    tainted: bool = False
    deposed_key: str = ""


class StateModule(msgspec.Struct, frozen=True, kw_only=True):
    """A module instance in a state; ``address`` is empty for the root module."""

    address: str = ""
    resources: tuple[StateResource, ...] = ()
    child_modules: tuple[StateModule, ...] = ()


class StateValues(msgspec.Struct, frozen=True, kw_only=True):
    """Outputs and resources of a state."""

    outputs: dict[str, OutputValue] = {}
    root_module: StateModule = StateModule()


class PriorState(msgspec.Struct, frozen=True, kw_only=True):
    """The state that the plan starts from, after the refresh."""

    terraform_version: str = ""
    values: StateValues = StateValues()


class VariableValue(msgspec.Struct, frozen=True, kw_only=True):
    """The value given to a root variable. Secrets are not marked here."""

    value: Any = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A saved plan, as ``terraform show -json`` prints it.

    Attributes:
        resource_changes: Every resource instance, also the ones that stay as they are.
        resource_drift: What differed from the state when it was refreshed. Terraform lists
            harmless differences too, such as null against an empty map.
        prior_state: None where the plan was made without a state.
        applyable: Whether applying it would do anything; None if Terraform is older than 1.8.
        complete: Whether another plan is not needed afterwards.
        errored: Whether planning failed half way.
    """

    format_version: str
    planned_values: StateValues
    configuration: Configuration
    terraform_version: str = ""
    variables: dict[str, VariableValue] = {}
    resource_changes: tuple[ResourceChange, ...] = ()
    resource_drift: tuple[ResourceChange, ...] = ()
    output_changes: dict[str, Change] = {}
    prior_state: PriorState | None = None
    relevant_attributes: tuple[dict[str, Any], ...] = ()
    checks: tuple[dict[str, Any], ...] = ()
    timestamp: str = ""
    applyable: bool | None = None
    complete: bool | None = None
    errored: bool = False

    @classmethod
    def decode(cls, text: bytes) -> Plan:
        """Read the output of ``terraform show -json``.

        Raises:
            PlanError: It is no JSON, no plan, damaged, or of another major format. The message
                never quotes values, which may be secrets.
        """
        try:
            plan = msgspec.json.decode(text, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _explained(text, error) from None
        if plan.format_version.partition(".")[0] != _SUPPORTED_MAJOR:
            raise _unsupported(plan.format_version)
        return plan

    def configuration_of(self, change: ResourceChange) -> ResourceConfiguration | None:
        """Return the block that a change comes from; None if it is gone."""
        module = self.configuration.module(change.module_address)
        relative = change.address.removeprefix(change.module_address).removeprefix(".")
        return module.resource(relative) if module else None


class _Header(msgspec.Struct):
    """The little that tells a plan from other JSON that Terraform prints."""

    format_version: str = ""
    planned_values: msgspec.Raw = msgspec.Raw()
    values: msgspec.Raw = msgspec.Raw()


def _explained(text: bytes, error: Exception) -> PlanError:
    """Say in words why a text is not a usable plan."""
    if text.startswith(b"PK"):
        return PlanError("not a plan in JSON: this is the binary plan file itself", _HINT)
    if not text.strip():
        return PlanError("not a plan in JSON: the input is empty", _HINT)
    try:
        header = msgspec.json.decode(text, type=_Header)
    except msgspec.ValidationError as wrong_shape:
        return PlanError(f"not a Terraform plan: {wrong_shape}", _HINT)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return PlanError(f"not a plan in JSON: {error}", _HINT)
    return _misfit(header, error)


def _misfit(header: _Header, error: Exception) -> PlanError:
    """Say in words why JSON of Terraform is not a usable plan."""
    version = header.format_version
    if version and version.partition(".")[0] != _SUPPORTED_MAJOR:
        return _unsupported(version)
    if not version:
        return PlanError("not a Terraform plan: it has no format_version", _HINT)
    if bytes(header.values) and not bytes(header.planned_values):
        return PlanError("not a Terraform plan: this is a state", _HINT)
    return PlanError(f"damaged or unknown Terraform plan: {error}", _HINT)


def _unsupported(version: str) -> PlanError:
    return PlanError(
        f"plan format {version} is not supported; {_SUPPORTED_MAJOR}.x is",
        "use a Terraform whose 'show -json' prints format 1.x, or a newer tap",
    )


def any_marked(marks: object) -> bool:
    """Return whether a tree of ``after_unknown`` or ``*_sensitive`` marks anything."""
    if isinstance(marks, dict):
        return any(map(any_marked, marks.values()))
    if isinstance(marks, list):
        return any(map(any_marked, marks))
    return marks is True
