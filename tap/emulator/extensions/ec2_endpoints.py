"""EC2: gateway endpoints whose route tables change."""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

from typing import Any

from moto.ec2.models import EC2Backend

from tap.emulator.extensions import Client, Extension, Patch, arguments, wrap
from tap.emulator.extensions.refusals import REFUSED


def _route_through_added_tables() -> None:
    @wrap(EC2Backend, "modify_vpc_endpoint")
    def _(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
        # moto names the endpoint's id so.
        endpoint_id = arguments(original, self, *args, **kwargs)["vpc_id"]
        endpoint = self.describe_vpc_endpoints(vpc_end_point_ids=[endpoint_id])[0]
        before = set(endpoint.route_table_ids or ())
        original(self, *args, **kwargs)
        after = set(endpoint.route_table_ids or ())
        target = endpoint.destination_prefix_list_id
        if not target:
            return
        for table in after - before:
            self.create_route(
                table, None, gateway_id=endpoint_id, destination_prefix_list_id=target
            )
        for table in before - after:
            self.delete_route(table, target)


def _forgets_routes_of_endpoints(client: Client) -> bool:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.97.0.0/16")["Vpc"]["VpcId"]
    first, second = (
        ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"] for _ in range(2)
    )
    endpoint = ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{ec2.meta.region_name}.s3",
        VpcEndpointType="Gateway",
        RouteTableIds=[first],
    )["VpcEndpoint"]["VpcEndpointId"]
    ec2.modify_vpc_endpoint(
        VpcEndpointId=endpoint, AddRouteTableIds=[second], RemoveRouteTableIds=[first]
    )
    tables = ec2.describe_route_tables(RouteTableIds=[first, second])["RouteTables"]
    routed = {
        table["RouteTableId"]
        for table in tables
        for route in table["Routes"]
        if route.get("GatewayId") == endpoint
    }
    try:
        ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    except REFUSED:
        return True
    return routed != {second}


EXTENSION = Extension(
    patches=(
        Patch(
            id="ec2-endpoint-routes",
            symptom="a route table added to a gateway endpoint gets no route, and the endpoint "
            "cannot be destroyed: InvalidRoute.NotFound",
            apply=_route_through_added_tables,
            probe=_forgets_routes_of_endpoints,
        ),
    ),
)
