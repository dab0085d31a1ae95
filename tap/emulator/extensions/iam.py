"""IAM: the policies that AWS manages."""

from __future__ import annotations

from moto.core.config import default_user_config
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam import models

from tap.emulator.extensions import Client, Extension, Patch


def account_of(access_key: str) -> str:
    """Return the account that a key belongs to, as moto does, but make no backend for it.

    moto asks the backend of every partition, which would make each, and load all policies for it.
    """
    # A list, because other requests make accounts meanwhile.
    for account, partitions in list(models.iam_backends.items()):
        if any(access_key in backend.access_keys for backend in list(partitions.values())):
            return account
    return DEFAULT_ACCOUNT_ID


def _load_managed_policies() -> None:
    default_user_config["iam"] = {"load_aws_managed_policies": True}
    models.get_account_id_from = account_of


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
