"""Route 53: health checks that keep what they are given, can fail, and tell CloudWatch."""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.route53.models import HealthCheck, Route53Backend, route53_backends
from moto.route53.responses import Route53

from tap.emulator.extensions import Client, Extension, Patch, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator

_STATUS_SECONDS = 30.0
"""How often a health check tells its status; so does the fastest one that is not paid extra."""

unhealthy: set[str] = set()
"""Ids of health checks and names of alias targets that are said to be unhealthy."""

_told: dict[str, float] = {}


_telling = threading.Event()


def _keep_health_check_members() -> None:
    @wrap(Route53, "create_health_check")
    def _(original: Any, self: Route53) -> Any:
        answer = original(self)
        config = self._get_param("HealthCheckConfig")
        check = answer.result["HealthCheck"]
        check.more = {
            name: config[name]
            for name in ("AlarmIdentifier", "InsufficientDataHealthStatus", "RoutingControlArn")
            if name in config
        }
        return answer

    @wrap(Route53Backend, "update_health_check")
    def _(original: Any, self: Any, health_check_id: str, health_check_args: Any) -> Any:
        given = {name: value for name, value in health_check_args.items() if value != []}
        check = original(self, health_check_id, given)
        check.health_check_version += 1
        return check

    config: Any = HealthCheck.health_check_config
    HealthCheck.health_check_config = property(  # type: ignore[assignment,method-assign] # the cure
        lambda check: {**config.fget(check), **getattr(check, "more", {})}
    )


def _loses_health_check_members(client: Client) -> bool:
    route53 = client("route53")
    check = route53.create_health_check(
        CallerReference="tap-probe-members",
        HealthCheckConfig={
            "Type": "HTTPS",
            "FullyQualifiedDomainName": "probe.test",
            "Regions": ["eu-west-1", "us-east-1", "us-west-2"],
        },
    )["HealthCheck"]["Id"]
    route53.update_health_check(HealthCheckId=check, FailureThreshold=5)
    found = route53.get_health_check(HealthCheckId=check)["HealthCheck"]["HealthCheckConfig"]
    return "Regions" not in found


def _tell_health() -> None:
    @wrap(Route53, "get_health_check_status")
    def _(original: Any, self: Route53) -> Any:
        answer = original(self)
        if not is_healthy(self.backend, self._get_param("HealthCheckId")):
            for each in answer.result["HealthCheckObservations"]:
                each["StatusReport"]["Status"] = (
                    "Failure: HTTP Status Code 503, Service Unavailable."
                )
        return answer

    _telling.set()


def _tell_status() -> None:
    """Put the status of each health check among the metrics, as Route 53 does in us-east-1."""
    now = time.monotonic()
    for account_id, backend in _backends():
        metrics = cloudwatch_backends[account_id]["us-east-1"]
        for check in list(backend.health_checks.values()):
            if now - _told.get(check.id, -_STATUS_SECONDS) < _STATUS_SECONDS:
                continue
            _told[check.id] = now
            metrics.put_metric_data(
                "AWS/Route53",
                [
                    {
                        "MetricName": "HealthCheckStatus",
                        "Dimensions": [{"Name": "HealthCheckId", "Value": check.id}],
                        "Value": float(is_healthy(backend, check.id)),
                        "Unit": "None",
                    }
                ],
            )


def _tells_no_health(client: Client) -> bool:
    route53 = client("route53")
    cloudwatch = client("cloudwatch")
    cloudwatch.meta.events.register("before-sign.*", sign_for_virginia)
    check = route53.create_health_check(
        CallerReference="tap-probe-status",
        HealthCheckConfig={"Type": "HTTPS", "FullyQualifiedDomainName": "probe.test"},
    )["HealthCheck"]["Id"]
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline:
        found = cloudwatch.list_metrics(
            Namespace="AWS/Route53", Dimensions=[{"Name": "HealthCheckId", "Value": check}]
        )["Metrics"]
        if found:
            return False
        time.sleep(0.2)
    return True


def set_health(*, target: str, healthy: bool) -> None:
    """Say whether something is healthy.

    Args:
        target: Id of a health check, or the DNS name of an alias target.
        healthy: What it is from now on.
    """
    name = target.lower() if "." not in target else target.lower().rstrip(".") + "."
    (unhealthy.discard if healthy else unhealthy.add)(name)
    _told.clear()
    _tick()


def is_healthy(backend: Route53Backend, check_id: str | None) -> bool:
    """Tell whether a health check is healthy; None and a check that is gone always are."""
    check = backend.health_checks.get(check_id or "")
    if check is None or str(check.disabled).lower() == "true":
        return True
    healthy = check.id not in unhealthy
    if check.type_ == "CALCULATED":
        count = sum(is_healthy(backend, child) for child in check.children or [])
        healthy = count >= int(check.health_threshold or 0)
    return healthy != (str(check.inverted).lower() == "true")


def _backends() -> Iterator[tuple[str, Route53Backend]]:
    found: list[Any] = list(route53_backends.iter_backends())
    for account_id, _, backend in found:
        yield account_id, backend


def _reset() -> None:
    unhealthy.clear()
    _told.clear()


def _tick() -> None:
    if _telling.is_set():
        _tell_status()


def sign_for_virginia(request: Any, **_: Any) -> None:
    """Send a client's request to us-east-1; one endpoint serves all regions here."""
    request.context["signing"] = {**request.context.get("signing", {}), "region": "us-east-1"}


EXTENSION = Extension(
    patches=(
        Patch(
            id="route53-health-check-members",
            symptom="changing a health check loses its regions and children, which shows in "
            "every plan",
            apply=_keep_health_check_members,
            probe=_loses_health_check_members,
        ),
        Patch(
            id="route53-health-check-status",
            symptom="health checks are always healthy and emit no metric for alarms",
            apply=_tell_health,
            probe=_tells_no_health,
        ),
    ),
    routes={"route53/health": set_health},
    tick=_tick,
    reset=_reset,
)
