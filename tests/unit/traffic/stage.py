"""Two colors behind a load balancer of the emulator, and an environment whose outputs name them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap.emulator.control import Emulator
from tap.terraform.root import Output
from tap.traffic.places import Places, find_places
from tests.unit.conftest import ENVIRONMENT
from tests.unit.traffic.test_places import outputs

if TYPE_CHECKING:
    import subprocess

    from tap.aws import Target
    from tests.unit.conftest import World

NAME = "colored"
BY_HAND = f"{NAME}-by-hand"
ZONE = "example.com"
_COLORS = ("blue", "green")
_IMAGE = "ami-12c6146b"
_SIZE = {"min": 1, "desired": 2, "max": 3}


@dataclass(frozen=True)
class Stage:
    """An applied environment with traffic, made without the minutes that the real one takes.

    Attributes:
        world: The project and its emulator.
        places: Where the traffic is steered and watched.
    """

    world: World
    places: Places

    @property
    def target(self) -> Target:
        """The emulator as tap sees it."""
        return self.world.target

    @property
    def emulator(self) -> Emulator:
        """The emulator itself."""
        return Emulator(self.world.tap.project / ".tap" / "emulator")

    @property
    def vpc(self) -> str:
        """The network."""
        return _network(self.world)[0]

    @property
    def subnets(self) -> list[str]:
        """Its subnets."""
        return _network(self.world)[1]

    def client(self, service: str) -> Any:
        """Return a client of the emulator."""
        return self.target.client(service)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run tap in the project."""
        return self.world.tap(*arguments)

    def actions(self, arn: str) -> list[dict[str, Any]]:
        """Return what a rule does."""
        rules = self.client("elbv2").describe_rules(RuleArns=[arn])["Rules"]
        actions: list[dict[str, Any]] = rules[0]["Actions"]
        return actions

    def act(self, arn: str, *actions: dict[str, Any]) -> None:
        """Let a rule do something else, as by hand."""
        self.client("elbv2").modify_rule(RuleArn=arn, Actions=list(actions))

    def weights(self) -> dict[str, int]:
        """Return the weights of the traffic rule by ARN."""
        (action,) = self.actions(self.places.traffic_rule)
        groups = action["ForwardConfig"]["TargetGroups"]
        return {group["TargetGroupArn"]: group["Weight"] for group in groups}


def build_stage(world: World) -> Stage:
    """Make all that a shift reads and writes, and apply an environment that says where it is."""
    values: dict[str, Any] = {name: each.value for name, each in outputs().items()}
    values["monitoring"]["topic_arn"] = _client(world, "sns").create_topic(Name=NAME)["TopicArn"]
    values["stack"]["prefix"] = NAME
    values["traffic"]["parameter_name"] = f"/{NAME}/traffic"
    groups = {color: _group(world, color) for color in _COLORS}
    values["compute"] = {
        "autoscaling_group_names": {color: f"{NAME}-{color}" for color in _COLORS},
        "autoscaling_group_sizes": dict.fromkeys(_COLORS, _SIZE),
        "target_group_arns": groups,
        "target_group_arn_suffixes": {
            color: arn.rpartition(":")[2] for color, arn in groups.items()
        },
    }
    values["load_balancer"] = _load_balancer(world, groups)
    values["dns"] = _records(world)
    _alarms(world, values)
    _client(world, "ssm").put_parameter(
        Name=values["traffic"]["parameter_name"], Type="String", Value=record()
    )
    text = "".join(
        f'output "{name}" {{\n  value = {json.dumps(value)}\n}}\n' for name, value in values.items()
    )
    world.environment(NAME, f"{ENVIRONMENT}{text}")
    applied = world.tap("apply", NAME)
    assert applied.returncode == 0, applied.stderr
    named = {name: Output(value=value) for name, value in values.items()}
    return Stage(world, find_places(named, NAME))


def record() -> str:
    """Return the traffic record as Terraform makes it."""
    return json.dumps(
        {
            "version": 1,
            "phase": "initial",
            "weights": {"blue": 100, "green": 0},
            "capacity": {"blue": True, "green": True},
            "revision": 0,
            "history": [],
        }
    )


def _client(world: World, service: str) -> Any:
    return world.target.client(service)


def _network(world: World) -> tuple[str, list[str]]:
    ec2 = _client(world, "ec2")
    default = {"Name": "is-default", "Values": ["true"]}
    vpc = ec2.describe_vpcs(Filters=[default])["Vpcs"][0]["VpcId"]
    found = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    return vpc, [each["SubnetId"] for each in found]


def _group(world: World, color: str) -> str:
    """Make a target group with two instances of an Auto Scaling group; return its ARN."""
    vpc, subnets = _network(world)
    name = f"{NAME}-{color}"
    made = _client(world, "elbv2").create_target_group(
        Name=name, Protocol="HTTP", Port=80, VpcId=vpc
    )
    arn = str(made["TargetGroups"][0]["TargetGroupArn"])
    _client(world, "ec2").create_launch_template(
        LaunchTemplateName=name,
        LaunchTemplateData={"ImageId": _IMAGE, "InstanceType": "t3.micro"},
    )
    _client(world, "autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name,
        MinSize=1,
        DesiredCapacity=2,
        MaxSize=3,
        LaunchTemplate={"LaunchTemplateName": name, "Version": "1"},
        VPCZoneIdentifier=",".join(subnets),
        TargetGroupARNs=[arn],
    )
    return arn


def _load_balancer(world: World, groups: dict[str, str]) -> dict[str, str]:
    elb = _client(world, "elbv2")
    _, subnets = _network(world)
    balancer = elb.create_load_balancer(Name=NAME, Subnets=subnets)["LoadBalancers"][0]
    listener = elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    )["Listeners"][0]["ListenerArn"]
    weighted = [
        {"TargetGroupArn": arn, "Weight": 100 * (color == "blue")} for color, arn in groups.items()
    ]
    rules = {
        "traffic": {"Type": "forward", "ForwardConfig": {"TargetGroups": weighted}},
        "preview": {"Type": "forward", "TargetGroupArn": groups["green"]},
    }
    arns = {
        f"{name}_rule_arn": elb.create_rule(
            ListenerArn=listener,
            Priority=priority,
            Conditions=[{"Field": "path-pattern", "Values": [f"/{name}*"]}],
            Actions=[action],
        )["Rules"][0]["RuleArn"]
        for priority, (name, action) in enumerate(rules.items(), 1)
    }
    return {**arns, "arn_suffix": balancer["LoadBalancerArn"].rpartition("loadbalancer/")[2]}


def _records(world: World) -> dict[str, Any]:
    route53 = _client(world, "route53")
    zone = route53.create_hosted_zone(Name=ZONE, CallerReference=NAME)["HostedZone"]["Id"]
    changes = [
        {
            "Action": "CREATE",
            "ResourceRecordSet": {
                "Name": f"pay.{ZONE}",
                "Type": "CNAME",
                "TTL": 60,
                "SetIdentifier": identifier,
                "Weight": weight,
                "ResourceRecords": [{"Value": f"{identifier}.{ZONE}"}],
            },
        }
        for identifier, weight in (("legacy", 100), ("stack", 0))
    ]
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    names = dict.fromkeys(("legacy", "stack"), f"pay.{ZONE}")
    return {"record_names": names, "zone_id": zone.rpartition("/")[2]}


def _alarms(world: World, values: dict[str, Any]) -> None:
    """Make the gate, over an alarm that rings when green answers with errors, and one by hand."""
    cloudwatch = _client(world, "cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=BY_HAND,
        Namespace="Hand",
        MetricName="Nothing",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    cloudwatch.put_metric_alarm(
        AlarmName=f"{NAME}-errors",
        Namespace="AWS/ApplicationELB",
        MetricName="HTTPCode_Target_5XX_Count",
        Dimensions=[
            {"Name": "LoadBalancer", "Value": values["load_balancer"]["arn_suffix"]},
            {
                "Name": "TargetGroup",
                "Value": values["compute"]["target_group_arn_suffixes"]["green"],
            },
        ],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    cloudwatch.put_composite_alarm(
        AlarmName=values["monitoring"]["gate_alarm_name"],
        AlarmRule=f'ALARM("{NAME}-errors") OR ALARM("{BY_HAND}")',
    )
