"""Every value that an applied environment exports has the form its name promises."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap.testing.deployment import Deployment

Path = tuple[str, ...]

# What an environment does not have is null, and nothing else is.
NULL = {
    "dev": {
        "stack.replica_region",
        "storage.replica_bucket_arn",
        "storage.replica_bucket_name",
        "storage.replication_role_arn",
        "storage.replication_rule_id",
    },
    "prod": set[str](),
}

DOMAIN = r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}"
REGION = r"[a-z]{2}-[a-z]+-\d"
NAME = r"[\w./:#@ -]+"


def matches(pattern: str) -> Callable[[Any], bool]:
    """Return a check that a value is a string of a form, from its start to its end."""
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def is_network(value: Any) -> bool:
    """Return whether a value is a private range of addresses, without host bits."""
    return ipaddress.ip_network(value).is_private


def is_address(value: Any) -> bool:
    """Return whether a value is an IPv4 address."""
    return isinstance(ipaddress.ip_address(value), ipaddress.IPv4Address)


def is_port(value: Any) -> bool:
    """Return whether a value is the number of a port."""
    return type(value) is int and 1 <= value <= 65535


def is_size(value: Any) -> bool:
    """Return whether a value is a number of instances."""
    return type(value) is int and value >= 0


def is_weight(value: Any) -> bool:
    """Return whether a value is a whole number of percents."""
    return type(value) is int and 0 <= value <= 100


# By the last words of a name; the first that fits counts.
FORMS: dict[str, Callable[[Any], bool]] = {
    "bucket_arn": matches(r"arn:aws:s3:::[a-z0-9.-]+"),
    "role_arn": matches(r"arn:aws:iam::\d{12}:role/[\w/-]+"),
    "dashboard_arn": matches(r"arn:aws:cloudwatch::\d{12}:dashboard/[\w-]+"),
    "profile_arn": matches(r"arn:aws:iam::\d{12}:instance-profile/[\w-]+"),
    "secret_arn": matches(rf"arn:aws:secretsmanager:{REGION}:\d{{12}}:secret:[\w!/+=.@-]+"),
    "arn_suffix": matches(r"(app|targetgroup)/[\w-]+/[0-9a-f]{16}"),
    "arn": matches(rf"arn:aws:[a-z0-9]+:{REGION}:\d{{12}}:{NAME}"),
    "account_id": matches(r"\d{12}"),
    "availability_zone": matches(rf"{REGION}[a-z]"),
    "address": matches(DOMAIN),
    "endpoint": matches(rf"{DOMAIN}:\d+"),
    "dns_name": matches(DOMAIN),
    "zone_name": matches(DOMAIN),
    "record_name": matches(DOMAIN),
    "name_server": matches(DOMAIN),
    "endpoint_id": matches(r"vpce-[0-9a-f]{8,17}"),
    "prefix_list_id": matches(r"pl-[0-9a-f]{8,17}"),
    "flow_log_id": matches(r"fl-[0-9a-f]{8,17}"),
    "gateway_id": matches(r"(igw|nat)-[0-9a-f]{8,17}"),
    "acl_id": matches(r"acl-[0-9a-f]{8,17}"),
    "route_table_id": matches(r"rtb-[0-9a-f]{8,17}"),
    "subnet_id": matches(r"subnet-[0-9a-f]{8,17}"),
    "group_id": matches(r"sg-[0-9a-f]{8,17}"),
    "template_id": matches(r"lt-[0-9a-f]{8,17}"),
    "vpc_id": matches(r"vpc-[0-9a-f]{8,17}"),
    "key_id": matches(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "check_id": matches(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "resource_id": matches(r"db-[A-Z0-9]+"),
    "instance_id": matches(r"[a-z][a-z0-9-]{0,62}"),
    "rule_id": matches(r"[\w-]+"),
    "zone_id": matches(r"[A-Z0-9]{8,32}"),
    "cidr_block": is_network,
    "public_ip": is_address,
    "port": is_port,
    "weight": is_weight,
    "size": is_size,
    "region": matches(REGION),
    "environment": matches(r"[a-z][a-z0-9]{1,11}"),
    "prefix": matches(r"payments-[a-z0-9-]+"),
    "color": matches(r"blue|green"),
    "phase": matches(r"initial|canary|half|complete|rolled-back"),
    "status": matches(r"not started|in progress|complete|rolled back"),
    "bucket_name": matches(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"),
    "alias_name": matches(r"alias/[\w/-]+"),
    "header": matches(r"[\w-]+"),
    "namespace": matches(r"[\w.#/-]+"),
    "split": matches(r"dns|listener"),
    "name": matches(NAME),
}


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every single value under the keys that lead to it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from leaves(inner, (*path, str(place)))
    else:
        yield path, value


def form(path: Path) -> Callable[[Any], bool]:
    """Return the check for a value, by the name under its group; keys further in are data.

    Raises:
        LookupError: The name promises no form.
    """
    for end, check in FORMS.items():
        if re.search(rf"(^|_){end}(es|s)?$", path[1]):
            return check
    raise LookupError(f"{'.'.join(path)} promises no form")


def holders(outputs: dict[str, Any]) -> Iterator[tuple[Path, Any]]:
    """Yield every map and list of the outputs."""
    for name, value in outputs.items():
        yield (name,), value
        if isinstance(value, dict):
            for path, inner in holders(value):
                yield (name, *path), inner


@pytest.mark.requirement("STK-7")
def test_an_environment_exports_at_least_sixty_values_in_groups(deployment: Deployment) -> None:
    assert set(deployment.outputs) == {
        "compute",
        "database",
        "dns",
        "load_balancer",
        "monitoring",
        "probe",
        "security",
        "stack",
        "storage",
        "traffic",
        "vpc",
    }
    found = [path for path, value in leaves(deployment.outputs) if value is not None]
    assert len(found) >= 60
    # Counted without the keys that zones and colors add.
    assert len({path[:2] for path in found}) >= 60


@pytest.mark.requirement("STK-7")
def test_every_value_has_the_form_its_name_promises(deployment: Deployment) -> None:
    wrong = [
        f"{'.'.join(path)} = {value!r}"
        for path, value in leaves(deployment.outputs)
        if value is not None and not form(path)(value)
    ]
    assert wrong == []


@pytest.mark.requirement("STK-7", "STK-2")
def test_nothing_is_empty_but_what_the_environment_does_not_have(deployment: Deployment) -> None:
    nulls = {".".join(path) for path, value in leaves(deployment.outputs) if value is None}
    assert nulls == NULL[deployment.name]
    empty = [path for path, value in holders(deployment.outputs) if value in ("", [], {})]
    assert empty == []


@pytest.mark.requirement("STK-7", "STK-4")
def test_every_arn_is_of_this_account_and_of_a_region_of_the_stack(deployment: Deployment) -> None:
    found = [
        (path, value.split(":"))
        for path, value in leaves(deployment.outputs)
        if isinstance(value, str) and value.startswith("arn:")
    ]
    assert len(found) >= 30
    for path, (_, partition, service, region, account, *_) in found:
        assert partition == "aws"
        # IAM and dashboards have no region, and buckets not even an account.
        regions = {"eu-west-1"}
        if path[0] == "dns":
            regions = {"us-east-1"}
        elif path[-1] == "replica":
            regions = {"eu-central-1"}
        elif service in {"iam", "s3"} or path[-1] == "dashboard_arn":
            regions = {""}
        assert region in regions, path
        assert account == ("" if service == "s3" else deployment.account_id), path


@pytest.mark.requirement("STK-7", "STK-6")
def test_names_start_with_the_prefix_of_the_environment(deployment: Deployment) -> None:
    prefix = f"payments-{deployment.name}"
    assert deployment.outputs["stack"]["prefix"] == prefix
    seen = 0
    others = {("database", "database_name"), ("dns",), ("load_balancer", "dns_name")}
    for path, value in leaves(deployment.outputs):
        if value is None or path[:2] in others or path[:1] in others:
            continue
        if any(re.search(r"(^|_)names?$", word) for word in path):
            assert prefix in value, ".".join(path)
            seen += 1
    assert seen >= 40


@pytest.mark.requirement("STK-7", "RDS-2")
def test_no_value_holds_a_secret(deployment: Deployment) -> None:
    values = [str(value) for _, value in leaves(deployment.outputs) if value is not None]
    manager = deployment.client("secretsmanager")
    secrets: set[str] = set()
    for listed in manager.list_secrets()["SecretList"]:
        # Those of other environments may go at any time.
        if not any(f":db:payments-{deployment.name}-" in tag["Value"] for tag in listed["Tags"]):
            continue
        text = manager.get_secret_value(SecretId=listed["ARN"])["SecretString"]
        # The name of the user is no secret; what stands beside it is.
        beside = {value for key, value in json.loads(text).items() if key != "username"}
        secrets |= {text, *beside}
    assert any(16 <= len(secret) <= 64 for secret in secrets)
    assert not [value for value in values for secret in secrets if secret in value]
    names = {word for path, _ in leaves(deployment.outputs) for word in path[1].split("_")}
    assert not names & {"credentials", "password", "token"}
