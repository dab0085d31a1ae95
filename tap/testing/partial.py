"""An environment on a target that does not have all services: applied as far as that goes.

What the target lacks is told by its own answers. A test that needs it is skipped, by name and with
that answer as the reason; everything else is asserted as on any target.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

from tap.testing.deployment import Deployment

if TYPE_CHECKING:
    from tap.testing.project import Ended

# What LocalStack answers for what it does not have.
_LACKING = re.compile(
    r"(?:The API for service '?(?P<service>[\w-]+)'? is either not included"
    r"|(?:API action|The) '?(?P<action>\w+)'? .*?(?:not yet implemented|not implemented))",
    re.DOTALL,
)
_LACKING_STATUS = 501


@dataclass
class PartialDeployment(Deployment):
    """An environment of which only what the target has can be applied.

    Attributes:
        gaps: Beside the services that are not there, what fails on the target: a regular expression
            that matches the error, and the reason.
    """

    gaps: Mapping[str, str] | None = None

    @cached_property
    def lacking(self) -> list[str]:
        """What could not be applied, and why; empty if all could."""
        return self._reasons(self._applied["applied"])

    @cached_property
    def outputs(self) -> dict[str, Any]:
        """The outputs as far as they are known; asking for another one skips the test."""
        again = self.plan_again
        if again is None:
            return super().outputs
        after = {name: output.after for name, output in again.output_changes.items()}
        found: dict[str, Any] = known(after, "", self.lacking)
        return found

    def client(self, service: str, region: str | None = None) -> Any:  # noqa: ANN401 - boto3's
        """Return a boto3 client; an answer that the service is not there skips the test."""
        client = super().client(service, region)
        client.meta.events.register("after-call.*", skip_lacking, unique_id="tap-lacking")
        return client

    def accepted(self, ended: Ended) -> bool:
        """Tell whether an apply failed of nothing but what the target lacks."""
        if ended.returncode == 0:
            return True
        blocks = _errors(ended)
        return bool(blocks) and all(self._reason(block) for block in blocks)

    def require_whole(self) -> None:
        """Skip the test if not everything could be applied."""
        self.require()
        if self.lacking:
            pytest.skip(f"LocalStack {'; '.join(self.lacking)}: not everything is applied")

    def require_types(self, types: Iterable[str]) -> None:
        """Skip the test if something of these types could not be applied.

        Args:
            types: Such as ``aws_lambda_function``.
        """
        again = self.plan_again
        left = {change.type for change in again.resource_changes} if again else set()
        if missing := sorted(left & set(types)):
            pytest.skip(f"LocalStack {'; '.join(self.lacking)}: not applied: {', '.join(missing)}")

    def _reasons(self, ended: Ended) -> list[str]:
        found = [self._reason(block) for block in _errors(ended)]
        return sorted(set(filter(None, found)))

    def _reason(self, error: str) -> str:
        if lacking := _LACKING.search(error):
            return f"has no {lacking['service'] or lacking['action']}"
        for pattern, reason in (self.gaps or {}).items():
            if re.search(pattern, error):
                return reason
        return ""


def _errors(ended: Ended) -> list[str]:
    errors = ended.stderr.partition("Error: ")[2].partition("\nNext: ")[0]
    return [block for block in errors.split("\n\n") if block.strip()]


class _Known(dict[str, Any]):
    """A mapping that skips the test that asks for what could not be applied."""

    def __init__(self, values: Mapping[str, Any], place: str, reasons: list[str]) -> None:
        super().__init__(values)
        self._place, self._reasons = place, reasons

    def __missing__(self, key: str) -> Any:  # noqa: ANN401 - skips
        place = f"{self._place}.{key}".strip(".")
        pytest.skip(f"LocalStack {'; '.join(self._reasons)}: not known: {place}")


def known(value: Any, place: str, reasons: list[str]) -> Any:  # noqa: ANN401 - any output
    """Return a value whose missing parts skip whoever asks for them."""
    if isinstance(value, Mapping):
        found = {
            key: known(item, f"{place}.{key}".strip("."), reasons)
            for key, item in value.items()
            if item is not None
        }
        return _Known(found, place, reasons)
    return value


def skip_lacking(http_response: Any, parsed: Any, model: Any, **_: object) -> None:  # noqa: ANN401
    """Skip the test whose call the target answered with: there is no such thing here."""
    if http_response.status_code == _LACKING_STATUS:
        service = model.service_model.service_name
        message = json.dumps(parsed.get("Error", {}).get("Message", ""))
        found = _LACKING.search(message)
        pytest.skip(f"LocalStack has no {service if found else model.name}")
