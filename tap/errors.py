"""Every error that ``tap`` raises on purpose.

    TapError                   1   the command failed
    |-- SettingsError          2   an argument, tap.toml or the machine is not usable
    |-- HclError               1   a .tf file cannot be read
    |-- PlanError              1   a plan in JSON cannot be read
    |-- TerraformError         1   Terraform failed
    |   |-- StalePlanError     5   the saved plan no longer fits what it was made of
    |   |-- LockedError        6   somebody else holds the state lock
    |   `-- InterruptedRunError 130 Ctrl-C or SIGTERM ended it early
    |-- ProviderMismatchError  1   the installed provider is not the locked one
    |-- EmulatorError          1   the embedded emulator cannot be used
    |-- AwsError               1   AWS, or the emulator, refused a call of tap itself
    |-- PolicyError            1   an IAM policy or a question about access cannot be used
    |-- RecordError            1   the traffic record is missing, broken or contradicted
    |-- RulesBrokenError       3   what was judged breaks rules that count
    `-- ShiftError             4   a shift of traffic was held, rolled back or taken over

The number is the exit code. ``tap drift`` also exits with 2 when it found drift, without an error,
as ``terraform plan -detailed-exitcode`` does. A bug in ``tap`` (any other exception) exits with 70,
Ctrl-C with 130.
"""

from typing import ClassVar


class TapError(Exception):
    """A command could not do its work.

    Args:
        message: What failed, on which input, with the value.
        hint: The next command or change that helps.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class SettingsError(TapError):
    """An argument, ``tap.toml`` or this machine's set-up cannot be used."""

    exit_code = 2


class HclError(TapError):
    """A ``.tf`` file cannot be read or parsed."""


class PlanError(TapError):
    """Text that should be ``terraform show -json`` of a plan is not."""


class RulesBrokenError(TapError):
    """Rules are broken at or above the limit and not waived, or a waiver expired or is unused."""

    exit_code = 3


class TerraformError(TapError):
    """Terraform ended with an error."""


class StalePlanError(TerraformError):
    """The saved plan was altered, is too old, or was made of something else than there is now."""

    exit_code = 5


class LockedError(TerraformError):
    """The state is locked by another operation."""

    exit_code = 6


class InterruptedRunError(TerraformError):
    """Terraform was asked to stop, by Ctrl-C, SIGTERM or a time limit, and stopped."""

    exit_code = 130


class ProviderMismatchError(TapError):
    """The provider that is installed is not the one that ``.terraform.lock.hcl`` names."""


class EmulatorError(TapError):
    """The embedded emulator did not start, answer or stop."""


class AwsError(TapError):
    """A call that ``tap`` made to AWS, or to the emulator, failed."""


class PolicyError(TapError):
    """An IAM policy, or a question about access, cannot be read or answered."""


class ShiftError(TapError):
    """A shift of traffic was held, rolled back, or taken over by somebody else."""

    exit_code = 4


class RecordError(TapError):
    """The traffic record is missing, broken, contradicted by what is live, or was changed."""
