"""Whose a request is, and what finding it out makes."""

from __future__ import annotations

from typing import Any

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.models import get_account_id_from, iam_backends

from tap.emulator.extensions.iam import account_of

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
