"""Whose a request is, and what finding it out makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from moto.core.config import default_user_config
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam import models
from moto.iam.models import get_account_id_from, iam_backends

from tap.emulator.extensions.iam import EXTENSION, account_of

if TYPE_CHECKING:
    from tests.unit.emulator.conftest import Patched

pytestmark = pytest.mark.requirement("TAP-2")

OTHER = "222222222222"


@pytest.mark.usefixtures("patched")
def test_a_key_is_of_its_account_and_nothing_is_made_to_find_it() -> None:
    backend: Any = iam_backends[OTHER]["aws-cn"]
    key = backend.create_temp_access_key().access_key_id

    assert (account_of(key), account_of("unknown")) == (OTHER, DEFAULT_ACCOUNT_ID)
    assert [*iam_backends[OTHER]] == ["aws-cn"]
    assert (account_of(key), account_of("unknown")) == (
        get_account_id_from(key),
        get_account_id_from("unknown"),
    )
    # Or there would be no need of another way.
    assert len(iam_backends[OTHER]) > 1


def test_requests_make_the_iam_of_one_partition(
    patched: Patched, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Set to what they are, so that they will be so again.
    monkeypatch.setattr(models, "get_account_id_from", get_account_id_from)
    monkeypatch.setitem(default_user_config, "iam", default_user_config["iam"])
    ec2 = patched(EXTENSION)("ec2")

    for _ in range(2):
        ec2.describe_vpcs()

    assert [*iam_backends[DEFAULT_ACCOUNT_ID]] == ["aws"]
