"""IAM: the policies that AWS manages."""

from __future__ import annotations

from moto.core.config import default_user_config

from tap.emulator.extensions import Client, Extension, Patch


def _load_managed_policies() -> None:
    default_user_config["iam"] = {"load_aws_managed_policies": True}


def _lacks_managed_policies(client: Client) -> bool:
    policies = client("iam").list_policies(Scope="AWS", MaxItems=1)["Policies"]
    return not policies


EXTENSION = Extension(
    patches=(
        Patch(
            id="iam-managed-policies",
            symptom="attaching arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore fails: no "
            "such entity",
            apply=_load_managed_policies,
            probe=_lacks_managed_policies,
        ),
    ),
)
