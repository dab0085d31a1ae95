from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap.plan import Plan
from tap.proofs.access.from_plan import read_plan
from tap.proofs.access.scopes import Sources
from tests.unit.proofs.access.documents import ACCOUNT

if TYPE_CHECKING:
    from pathlib import Path

    from tap.proofs.access.facts import Facts

pytestmark = pytest.mark.requirement("TAP-4", "TAP-3")

ROOT = """
data "aws_caller_identity" "current" {}

variable "suffix" {
  type = string
}

locals {
  prefix = join("-", compact(["shop", var.suffix]))
}

module "storage" {
  source = "./storage"
  name   = "${local.prefix}-${data.aws_caller_identity.current.account_id}"
  kind   = null
  tier   = null
}

resource "aws_kms_key" "k" {
  for_each = { data = 1, logs = 2 }
}

locals {
  statements = {
    bucket = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "${module.storage.arn}/*" }]
    key    = [{ Effect = "Allow", Action = "kms:Decrypt", Resource = aws_kms_key.k["data"].arn }]
    kind   = [{ Effect = "Allow", Action = "s3:GetObject", Resource = module.storage.kind }]
    other  = [{ Effect = "Allow", Action = "a:b", Resource = timestamp() }]
  }
}

resource "aws_iam_role_policy" "app" {
  for_each = local.statements
  role     = "app"
  policy   = jsonencode({ Version = "2012-10-17", Statement = each.value })
}
"""
STORAGE = """
variable "name" {
  type = string
}

variable "kind" {
  type     = string
  nullable = false
  default  = "data"
}

variable "tier" {
  type    = string
  default = "hot"
}

resource "aws_s3_bucket" "this" {
  bucket = var.name
}

output "arn" {
  value = aws_s3_bucket.this.arn
}

output "kind" {
  value = "arn:aws:s3:::${var.kind}${var.tier == null ? "" : "-tier"}"
}
"""


def change(address: str, module: str = "", index: Any = None, **more: Any) -> Any:
    kind, name = address.split(".")
    unknown = more.pop("unknown", {})
    key = "" if index is None else f'["{index}"]'
    return {
        "address": f"{module}.{address}{key}".lstrip("."),
        "module_address": module,
        "mode": "managed",
        "type": kind,
        "name": name,
        "index": index,
        "change": {"actions": ["create"], "after": more, "after_unknown": unknown},
    }


@pytest.fixture
def facts(tmp_path: Path) -> Facts:
    """Return what is read of a plan whose policies Terraform does not know."""
    (tmp_path / "storage").mkdir()
    (tmp_path / "main.tf").write_text(ROOT)
    (tmp_path / "storage" / "main.tf").write_text(STORAGE)
    late = {"policy": True}
    plan = {
        "format_version": "1.2",
        "planned_values": {},
        "variables": {"suffix": {"value": "pr1"}},
        "configuration": {},
        "prior_state": {
            "values": {
                "root_module": {
                    "resources": [
                        {
                            "address": "data.aws_caller_identity.current",
                            "mode": "data",
                            "type": "aws_caller_identity",
                            "name": "current",
                            "values": {"account_id": ACCOUNT},
                        }
                    ]
                }
            }
        },
        "resource_changes": [
            change("aws_iam_role.app", name="app", assume_role_policy='{"Statement": []}'),
            change(
                "aws_s3_bucket.this",
                "module.storage",
                bucket=f"shop-pr1-{ACCOUNT}",
                unknown={"arn": True},
            ),
            change("aws_kms_key.k", index="data", unknown={"arn": True}),
            change("aws_kms_key.k", index="logs", unknown={"arn": True}),
            *(
                change("aws_iam_role_policy.app", index=name, role="app", unknown=late)
                for name in ("bucket", "key", "kind", "other")
            ),
        ],
    }
    read = Plan.decode(json.dumps(plan).encode())
    return read_plan(read, region="eu-west-1", sources=Sources(root=tmp_path))


def resources(facts: Facts) -> dict[str, Any]:
    """Return the resources of each policy; None where it is not known."""
    (role,) = facts.roles
    return {
        policy.name.partition("[")[2]: policy.statements[0].resources.patterns
        if policy.statements and policy.statements[0].resources
        else None
        for policy in role.policies
    }


def test_documents_are_followed_through_locals_modules_and_loops(facts: Facts) -> None:
    assert resources(facts) == {
        '"bucket"]': (f"arn:aws:s3:::shop-pr1-{ACCOUNT}/*",),
        '"key"]': (f'arn:aws:kms:eu-west-1:{ACCOUNT}:key/{{aws_kms_key.k["data"]}}',),
        '"kind"]': ("arn:aws:s3:::data",),
        '"other"]': None,
    }


def test_what_takes_the_place_of_an_arn_is_the_same_as_that_of_the_resource(facts: Facts) -> None:
    arns = {each.arn for each in facts.resources}

    assert resources(facts)['"key"]'][0] in arns
    assert resources(facts)['"bucket"]'][0].removesuffix("/*") in arns
