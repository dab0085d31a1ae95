"""The locks of a state: the lock file beside it and the entry of the lock table.

Both are read and released here and not by ``terraform force-unlock``, which needs both to be
there: with one of them left over it fails half way, and a lock whose content is broken it cannot
release at all. A release is a conditional delete, so that it never hits a lock that somebody took
in the meantime.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from tap.errors import LockedError
from tap.terraform.storage import asked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap.terraform.backend import Backend

Kind = Literal["lock file", "lock table"]


class Info(msgspec.Struct, frozen=True, rename="pascal"):
    """What Terraform writes into a lock (``internal/states/statemgr/locker.go``).

    Attributes:
        id: What releases it.
        operation: What it is held for.
        info: More about that; empty in a lock of Terraform.
        who: User and machine.
        version: Of Terraform, or of ``tap`` in a lock that it took itself.
        created: Since when.
        path: The locked state.
    """

    id: str = msgspec.field(name="ID")
    operation: str = ""
    info: str = ""
    who: str = ""
    version: str = ""
    created: datetime | None = None
    path: str = ""


@dataclass(frozen=True, kw_only=True)
class Lock:
    """One lock that is held.

    Attributes:
        kind: Where it is.
        place: The object or entry, to be named in messages.
        id: What releases it; of a lock with broken content a digest of that content.
        content: What stands in it.
        etag: What S3 knows the content by; empty for an entry of the table.
        broken: Whether the content is not what Terraform writes.
        operation: What it is held for, such as ``apply``.
        who: User and machine.
        version: Of Terraform, or ``tap`` and its version.
        created: Since when.
        info: More about what it is held for; empty in a lock of Terraform.
    """

    kind: Kind
    place: str
    id: str
    content: str
    etag: str = ""
    broken: bool = False
    operation: str = ""
    who: str = ""
    version: str = ""
    created: datetime | None = None
    info: str = ""

    @property
    def host(self) -> str:
        """The machine that took it; empty if unknown."""
        return self.who.rpartition("@")[2]

    @property
    def own(self) -> bool:
        """Whether ``tap`` took it itself, see :mod:`tap.terraform.holding`."""
        return self.version.startswith("tap ")

    def age(self, now: datetime) -> str:
        """Return how long it has been held, such as ``2 h 5 min``."""
        if self.created is None:
            return "an unknown time"
        seconds = max(0, int((now - self.created).total_seconds()))
        days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
        if days:
            return f"{days} d {hours} h"
        if hours:
            return f"{hours} h {minutes} min"
        return f"{minutes} min" if minutes else f"{seconds} s"


def read_locks(backend: Backend, key: str) -> list[Lock]:
    """Return the locks of a state, in both places whatever the settings say.

    Args:
        backend: Where the state is.
        key: Key of the state object.

    Raises:
        AwsError: S3 or DynamoDB gave no answer.
    """
    return [lock for lock in (_lock_file(backend, key), _lock_entry(backend, key)) if lock]


def refusal(locks: Sequence[Lock]) -> LockedError:
    """Return what is said to somebody who wants the lock.

    Args:
        locks: As they were read just now; none if they have been released since.
    """
    known = [lock for lock in locks if not lock.broken]
    if not known:
        what = "the state is locked" if locks else "the state was locked until this moment"
        return LockedError(what, "run it again")
    lock = known[0]
    since = f"{lock.created:%Y-%m-%d %H:%M:%S} UTC" if lock.created else "unknown"
    return LockedError(
        f"the state is locked: {lock.operation or 'an operation'} by {lock.who or 'somebody'} "
        f"since {since} (lock id {lock.id})",
        "wait until it has finished, or give --lock-timeout 5m to wait for it",
    )


def release(backend: Backend, key: str, lock: Lock) -> None:
    """Delete a lock if it still is the one that was read.

    Raises:
        LockedError: Somebody else has taken it in the meantime.
        AwsError: S3 or DynamoDB refused.
    """
    if lock.kind == "lock file":
        asked(
            lock.place,
            lambda: backend.target.client("s3").delete_object(
                Bucket=backend.bucket, Key=f"{key}.tflock", IfMatch=lock.etag
            ),
        )
        return
    # An entry that somebody made by hand may lack the content.
    condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(#info)"}
    if lock.content:
        condition = {
            "ConditionExpression": "#info = :seen",
            "ExpressionAttributeValues": {":seen": {"S": lock.content}},
        }
    asked(
        lock.place,
        lambda: backend.target.client("dynamodb").delete_item(
            TableName=backend.table,
            Key={"LockID": {"S": f"{backend.bucket}/{key}"}},
            ExpressionAttributeNames={"#info": "Info"},
            **condition,
        ),
    )


def _lock_file(backend: Backend, key: str) -> Lock | None:
    place = f"s3://{backend.bucket}/{key}.tflock"
    answer = asked(
        place,
        lambda: backend.target.client("s3").get_object(Bucket=backend.bucket, Key=f"{key}.tflock"),
    )
    if answer is None:
        return None
    content = answer["Body"].read().decode(errors="replace")
    return _parse("lock file", place, content, etag=answer["ETag"])


def _lock_entry(backend: Backend, key: str) -> Lock | None:
    name = f"{backend.bucket}/{key}"
    place = f"{name} in table {backend.table}"
    answer = asked(
        place,
        lambda: backend.target.client("dynamodb").get_item(
            TableName=backend.table, Key={"LockID": {"S": name}}, ConsistentRead=True
        ),
    )
    if answer is None or "Item" not in answer:
        return None
    return _parse("lock table", place, answer["Item"].get("Info", {}).get("S", ""))


def _parse(kind: Kind, place: str, content: str, etag: str = "") -> Lock:
    try:
        info = msgspec.json.decode(content, type=Info)
    except msgspec.DecodeError:
        digest = hashlib.sha256(content.encode()).hexdigest()[:12]
        name = f"broken-{digest}"
        return Lock(kind=kind, place=place, id=name, content=content, etag=etag, broken=True)
    return Lock(
        kind=kind,
        place=place,
        id=info.id,
        content=content,
        etag=etag,
        operation=info.operation.removeprefix("OperationType").lower(),
        who=info.who,
        version=info.version,
        created=info.created,
        info=info.info,
    )
