"""RDS: parameter groups, subnet groups and event subscriptions that can be changed."""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.rds.exceptions import DBParameterGroupNotFoundError, DBSubnetGroupNotFoundError
from moto.rds.models import DBParameterGroup, RDSBackend
from moto.rds.responses import RDSResponse

from tap.emulator.extensions import Client, Extension, Patch, unless, wrap
from tap.emulator.extensions.refusals import REFUSED


def _keep_parameter_sources() -> None:
    @wrap(DBParameterGroup, "update_parameters")
    def _(original: Any, self: Any, new_parameters: Any) -> None:
        parameters = [
            {"Source": "user", "ApplyMethod": "immediate"} | dict(p) for p in new_parameters
        ]
        original(self, parameters)

    @wrap(RDSResponse, "describe_db_parameters")
    def _(original: Any, self: Any) -> Any:
        answer = original(self)
        if source := self.params.get("Source"):
            found = answer.result["Parameters"]
            answer.result["Parameters"] = [p for p in found if p.get("Source") == source]
        return answer

    def reset_db_parameter_group(self: RDSResponse) -> ActionResult:
        name = self.params["DBParameterGroupName"]
        group = self.backend.db_parameter_groups.get(name)
        if group is None:
            raise DBParameterGroupNotFoundError(name)
        if self.params.get("ResetAllParameters"):
            group.parameters.clear()
        for parameter in self.params.get("Parameters") or []:
            group.parameters.pop(parameter["ParameterName"], None)
        return ActionResult({"DBParameterGroupName": name})

    RDSResponse.reset_db_parameter_group = reset_db_parameter_group  # type: ignore[attr-defined] # the cure


def _loses_parameter_sources(client: Client) -> bool:
    rds = client("rds")
    name = "tap-probe-parameters"
    rds.create_db_parameter_group(
        DBParameterGroupName=name, DBParameterGroupFamily="mysql8.0", Description="probe"
    )
    parameter = {
        "ParameterName": "slow_query_log",
        "ParameterValue": "1",
        "ApplyMethod": "immediate",
    }
    rds.modify_db_parameter_group(DBParameterGroupName=name, Parameters=[parameter])
    found = rds.describe_db_parameters(DBParameterGroupName=name, Source="user")["Parameters"]
    try:
        rds.reset_db_parameter_group(DBParameterGroupName=name, Parameters=[parameter])
    except REFUSED:
        return True
    left = rds.describe_db_parameters(DBParameterGroupName=name)["Parameters"]
    return bool([each.get("Source") for each in found] != ["user"] or left)


def _modify_subnet_groups() -> None:
    @wrap(RDSBackend, "modify_db_subnet_group")
    def _(original: Any, self: Any, subnet_name: str, *args: Any, **kwargs: Any) -> Any:
        if subnet_name not in self.subnet_groups:
            raise DBSubnetGroupNotFoundError(subnet_name)
        group = original(self, subnet_name, *args, **kwargs)
        self.subnet_groups[subnet_name] = group
        return group


def _loses_subnet_groups(client: Client) -> bool:
    ec2, rds = client("ec2"), client("rds")
    vpc = ec2.create_vpc(CidrBlock="10.98.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(
            VpcId=vpc,
            CidrBlock=f"10.98.{number}.0/24",
            AvailabilityZone=f"{ec2.meta.region_name}{zone}",
        )["Subnet"]["SubnetId"]
        for number, zone in enumerate("abc")
    ]
    name = "tap-probe-subnets"
    rds.create_db_subnet_group(
        DBSubnetGroupName=name, DBSubnetGroupDescription="probe", SubnetIds=subnets[:2]
    )
    rds.modify_db_subnet_group(DBSubnetGroupName=name, SubnetIds=subnets)
    groups = rds.describe_db_subnet_groups()["DBSubnetGroups"]
    return name not in [group["DBSubnetGroupName"] for group in groups]


def _modify_subscriptions() -> None:
    def subscription_of(self: RDSResponse) -> Any:
        name = self.params["SubscriptionName"]
        return next(iter(self.backend.describe_event_subscriptions(name)))

    def modify_event_subscription(self: RDSResponse) -> ActionResult:
        subscription = subscription_of(self)
        for name in ("sns_topic_arn", "source_type", "event_categories", "enabled"):
            if (value := self.params.get(name)) is not None:
                setattr(subscription, name, value)
        return ActionResult({"EventSubscription": subscription})

    def add_source_identifier_to_subscription(self: RDSResponse) -> ActionResult:
        subscription = subscription_of(self)
        wanted = {*(subscription.source_ids or []), self.params["SourceIdentifier"]}
        subscription.source_ids = sorted(wanted)
        return ActionResult({"EventSubscription": subscription})

    def remove_source_identifier_from_subscription(self: RDSResponse) -> ActionResult:
        subscription = subscription_of(self)
        wanted = set(subscription.source_ids or []) - {self.params["SourceIdentifier"]}
        subscription.source_ids = sorted(wanted)
        return ActionResult({"EventSubscription": subscription})

    for operation in (
        modify_event_subscription,
        add_source_identifier_to_subscription,
        remove_source_identifier_from_subscription,
    ):
        setattr(RDSResponse, operation.__name__, operation)


def _cannot_modify_subscriptions(client: Client) -> bool:
    rds = client("rds")
    name = "tap-probe-events"
    rds.create_event_subscription(
        SubscriptionName=name,
        SnsTopicArn=client("sns").create_topic(Name=name)["TopicArn"],
        SourceType="db-instance",
        EventCategories=["failover"],
        SourceIds=["one"],
    )
    try:
        rds.modify_event_subscription(SubscriptionName=name, EventCategories=["failure"])
        rds.add_source_identifier_to_subscription(SubscriptionName=name, SourceIdentifier="two")
    except REFUSED:
        return True
    found = rds.describe_event_subscriptions(SubscriptionName=name)["EventSubscriptionsList"][0]
    return (found["EventCategoriesList"], found["SourceIdsList"]) != (["failure"], ["one", "two"])


EXTENSION = Extension(
    patches=(
        Patch(
            id="rds-parameter-sources",
            symptom="parameters of an aws_db_parameter_group show as added in every plan, and "
            "none can be removed",
            apply=_keep_parameter_sources,
            probe=_loses_parameter_sources,
        ),
        Patch(
            id="rds-modify-subnet-group",
            symptom="an aws_db_subnet_group is gone after its subnets were changed",
            apply=_modify_subnet_groups,
            probe=_loses_subnet_groups,
        ),
        Patch(
            id="rds-modify-subscription",
            symptom="changing an aws_db_event_subscription fails",
            apply=_modify_subscriptions,
            probe=_cannot_modify_subscriptions,
        ),
    ),
    counted={
        "rds.DBParameterGroup": unless(lambda group: group.name.startswith("default.")),
        "rds.Event": lambda _: (),
    },
)
