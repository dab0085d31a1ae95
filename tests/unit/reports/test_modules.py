"""The pages of modules and of decisions."""

from __future__ import annotations

import pytest

from tap.hcl.declarations import module_of
from tap.hcl.syntax import parse
from tap.reports.modules import decisions_index, modules_reference

pytestmark = pytest.mark.requirement("DOC-1")

MODULE = """
variable "size" {
  description = "How large."
  type        = number
  default     = 3

  validation {
    condition     = var.size > 0
    error_message = "size must <so>; got \\"${var.size}\\" of ${join(", ", ["${var.size}=1"])}."
  }
}

output "made" {
  description = "What was made."
  value       = var.size
}
"""


def test_a_module_shows_inputs_outputs_and_what_it_refuses() -> None:
    page = modules_reference({"vpc": module_of(parse(MODULE, file="a.tf"))})

    assert "## vpc\n" in page
    assert "[README](../../modules/vpc/README.md)" in page
    assert "| `size` | How large. | `number` | `3` | no |" in page
    assert "| `made` | What was made. |" in page
    assert '| `size` | size must &lt;so>; got "${...}" of ${...}. |' in page


def test_a_module_that_refuses_nothing_says_so() -> None:
    page = modules_reference(
        {"a": module_of(parse('variable "x" {\n  type = string\n}\n', file="a.tf"))}
    )

    assert "### Refused inputs\n\nNone." in page


def test_decisions_are_listed_in_their_order_with_their_status() -> None:
    page = decisions_index(
        {
            "0002-b.md": "# 2. Two\n\nStatus: accepted; adds to 1\n",
            "0001-a.md": "# 1. One\n\nStatus: accepted\n",
        }
    )

    assert page.splitlines()[-2:] == [
        "| [1. One](0001-a.md) | accepted |",
        "| [2. Two](0002-b.md) | accepted; adds to 1 |",
    ]
