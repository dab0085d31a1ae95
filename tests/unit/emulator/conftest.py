"""Extensions of the emulator in this process: moto is patched for one test and asked by boto3."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap.emulator.extensions import Client, Extension

    Patched = Callable[..., Client]


@pytest.fixture(scope="session")
def session() -> Any:
    """Return a session that reads what it knows of each service once."""
    return boto3.Session(
        region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test"
    )


@pytest.fixture
def patched(session: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Patched]:
    """Return a function: an extension, and the classes of moto it changes -> clients."""

    def patched(extension: Extension, *owners: type) -> Client:
        for owner in owners:
            for name, _ in inspect.getmembers(owner, inspect.isroutine):
                if not name.startswith("__"):
                    # Set to what it is, so that it will be so again.
                    monkeypatch.setattr(owner, name, inspect.getattr_static(owner, name))
        for patch in extension.patches:
            patch.apply()
        made: Client = session.client
        return made

    with mock_aws():
        yield patched
