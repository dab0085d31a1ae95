"""Each patch cures a symptom that stock moto still shows.

Two servers run: one with moto as it is, one with every patch. A patch's own probe must find
the symptom on the first and not on the second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tap.emulator import Emulator, extensions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.emulator.extensions import Client, Patch

pytestmark = [pytest.mark.requirement("TAP-2", "TST-2"), pytest.mark.timeout(180)]

PATCHES = [patch for extension in extensions.load() for patch in extension.patches]


def client_of(emulator: Emulator) -> Client:
    """Return a function that makes clients of one emulator."""
    endpoint = emulator.start().endpoint
    session: Any = boto3.Session(
        region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    return lambda service: session.client(service, endpoint_url=endpoint)


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Clients of moto without any patch."""
    emulator = Emulator(tmp_path_factory.mktemp("stock"), stock=True)
    yield client_of(emulator)
    emulator.stop()


@pytest.fixture(scope="module")
def cured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Clients of moto with all patches."""
    emulator = Emulator(tmp_path_factory.mktemp("cured"))
    yield client_of(emulator)
    emulator.stop()


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.id)
def test_stock_moto_still_shows_the_symptom(patch: Patch, stock: Client) -> None:
    assert patch.probe(stock), f"moto no longer needs it: delete the patch {patch.id}"


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.id)
def test_the_patch_cures_the_symptom(patch: Patch, cured: Client) -> None:
    assert not patch.probe(cured), f"{patch.id} does not cure: {patch.symptom}"
