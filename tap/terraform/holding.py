"""Hold the lock of a state without Terraform, so that no Terraform changes the same at that time.

The locks are taken and written as Terraform 1.11 does it (``internal/backend/remote-state/s3/
client.go``): first the lock file, then the entry of the table, each by a conditional write; where
the second is refused, the first is given back. Terraform then names the holder as it names any
other, and ``tap lock show`` finds the process in its notes (:mod:`tap.terraform.operations`).
"""

from __future__ import annotations

import getpass
import time
import uuid
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from tap import __version__
from tap.errors import AwsError, LockedError, TapError
from tap.terraform.locks import Info, read_locks, refusal, release
from tap.terraform.operations import recorded, this_host
from tap.terraform.storage import asked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.terraform.backend import Backend
    from tap.terraform.root import Root

_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 4.0


@contextmanager
def hold(
    root: Root, backend: Backend, key: str, operation: str, *, info: str = "", timeout: float = 0.0
) -> Iterator[str]:
    """Hold the lock of a state for the time of a ``with`` block.

    Args:
        root: Whose state it is: where its runs are noted, and who explains a lock and is told.
        backend: Where the state is; its settings say which locks there are.
        key: Key of the state object.
        operation: What it is held for, in one word, such as ``shift``.
        info: What exactly, for those who find it, such as ``green 10 % to 50 %``.
        timeout: Seconds to wait while somebody else holds it.

    Yields:
        The id of the lock.

    Raises:
        LockedError: Somebody else holds it.
        AwsError: S3 or DynamoDB gave no answer, or the lock could not be given back.
    """
    lock_id = str(uuid.uuid4())
    content = lock_content(backend, key, lock_id, operation, info)
    with recorded(root.operations, operation, lock_id=lock_id) as recording:
        # Of a lock that stays behind the note stays, too.
        recording.ended(1, done=False)
        try:
            _take(root, backend, key, content, timeout)
            yield lock_id
        except BaseException:
            # What went wrong first is what must be told.
            try:
                _give_back(backend, key, content)
            except TapError as error:
                root.reporter.notice(_left(root, lock_id, error))
            else:
                recording.ended(0, done=True)
            raise
        try:
            _give_back(backend, key, content)
        except TapError as error:
            raise AwsError(_left(root, lock_id, error), f"tap lock show {root.words}") from None
        recording.ended(0, done=True)


def lock_content(backend: Backend, key: str, lock_id: str, operation: str, info: str) -> str:
    """Return what stands in a lock that this process takes now."""
    content = Info(
        id=lock_id,
        operation=operation,
        info=info,
        who=f"{getpass.getuser()}@{this_host()}",
        version=f"tap {__version__}",
        created=datetime.now(UTC),
        path=f"{backend.bucket}/{key}",
    )
    return msgspec.json.encode(content).decode()


def _take(root: Root, backend: Backend, key: str, content: str, timeout: float) -> None:
    until = time.monotonic() + timeout
    pause = _FIRST_PAUSE_SECONDS
    told = False
    while not _took(backend, key, content):
        locks = read_locks(backend, key)
        left = until - time.monotonic()
        if left <= 0:
            raise root.explain_lock(refusal(locks))
        if locks and not told:
            told = True
            root.reporter.notice(f"{refusal(locks).message}; waiting for it")
        time.sleep(min(pause, left))
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def _took(backend: Backend, key: str, content: str) -> bool:
    """Take all locks, or none."""
    locking = backend.settings.state.locking
    try:
        if "s3" in locking:
            _put_file(backend, key, content)
        if "dynamodb" in locking:
            _put_entry(backend, key, content)
    except LockedError:
        # A request that was sent twice, because its answer was lost, is refused by itself.
        held = [lock.kind for lock in read_locks(backend, key) if lock.content == content]
        if len(held) == len(locking):
            return True
        _give_back(backend, key, content)
        return False
    return True


def _put_file(backend: Backend, key: str, content: str) -> None:
    place = f"s3://{backend.bucket}/{key}.tflock"
    answer = asked(
        place,
        lambda: backend.target.client("s3").put_object(
            Bucket=backend.bucket,
            Key=f"{key}.tflock",
            Body=content.encode(),
            ContentType="application/json",
            ChecksumAlgorithm="SHA256",
            IfNoneMatch="*",
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=backend.configuration(key)["kms_key_id"],
        ),
    )
    _expect(answer, place, f"bucket {backend.bucket}")


def _put_entry(backend: Backend, key: str, content: str) -> None:
    name = f"{backend.bucket}/{key}"
    place = f"{name} in table {backend.table}"
    answer = asked(
        place,
        lambda: backend.target.client("dynamodb").put_item(
            TableName=backend.table,
            Item={"LockID": {"S": name}, "Info": {"S": content}},
            ConditionExpression="attribute_not_exists(LockID)",
        ),
    )
    _expect(answer, place, f"table {backend.table}")


def _expect(answer: object, place: str, missing: str) -> None:
    if answer is None:
        raise AwsError(
            f"the lock {place} cannot be taken: there is no {missing}",
            "create the state storage: tap init ENV --bootstrap",
        )


def _give_back(backend: Backend, key: str, content: str) -> None:
    """Release what carries this content, and nothing that somebody else has taken since."""
    for lock in read_locks(backend, key):
        if lock.content == content:
            release(backend, key, lock)


def _left(root: Root, lock_id: str, error: TapError) -> str:
    return (
        f"the lock {lock_id} could not be released ({error.message}); when the storage answers: "
        f"tap lock release {root.words} --id {lock_id}"
    )
