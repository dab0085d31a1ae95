"""The intents of the repository, as they are for an applied environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.proofs.intents import Intents, read_intents
from tests.conftest import ENVIRONMENTS, REPOSITORY

if TYPE_CHECKING:
    from tap.testing.deployment import Deployment


def intents_of(deployment: Deployment) -> Intents:
    """Read the intents of an environment."""
    stack = deployment.outputs["stack"]
    return read_intents(
        REPOSITORY / "environments" / "_stack" / "intents.txt",
        environment=deployment.name,
        environments=ENVIRONMENTS,
        words={
            "account": stack["account_id"],
            "environment": deployment.name,
            "prefix": stack["prefix"],
            "region": stack["region"],
        },
    )
