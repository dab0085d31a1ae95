"""Roots that need no provider, run by the real Terraform."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tap.terraform.installation import Terraform, find_terraform

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def terraform() -> Terraform:
    """Return the Terraform of this machine."""
    return find_terraform(os.environ)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Return what Terraform needs to run alone, with a home of its own."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "CHECKPOINT_DISABLE": "1",
        "TF_CLI_CONFIG_FILE": os.devnull,
        "TF_IN_AUTOMATION": "1",
    }
