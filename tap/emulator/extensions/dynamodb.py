"""DynamoDB: conditional writes that exclude each other, as a lock table needs."""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

import threading
from typing import Any

from moto.dynamodb.models.table import Table

from tap.emulator.extensions import Client, Extension, Patch, arguments, attempts_that_win, wrap

_SLOW_CONDITION = " AND ".join(["attribute_not_exists(LockID)"] * 100)
"""moto reads the item, parses the condition and then writes: this leaves time in between."""


def _exclude_conditional_puts() -> None:
    lock = threading.RLock()

    @wrap(Table, "put_item")
    def _(original: Any, self: Table, *args: Any, **kwargs: Any) -> Any:
        given = arguments(original, self, *args, **kwargs)
        if not given.get("condition_expression") and not given.get("expected"):
            return original(self, *args, **kwargs)
        with lock:
            return original(self, *args, **kwargs)


def _lets_several_writers_win(client: Client) -> bool:
    dynamodb = client("dynamodb")
    dynamodb.create_table(
        TableName="tap-probe-lock",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
    )

    def put(lock_id: str) -> None:
        dynamodb.put_item(
            TableName="tap-probe-lock",
            Item={"LockID": {"S": lock_id}},
            ConditionExpression=_SLOW_CONDITION,
        )

    return attempts_that_win(put, "lock") > 1


EXTENSION = Extension(
    patches=(
        Patch(
            id="dynamodb-conditional-puts",
            symptom="two runs that lock a state at the same moment may both get the lock of the "
            "DynamoDB table",
            apply=_exclude_conditional_puts,
            probe=_lets_several_writers_win,
        ),
    ),
)
