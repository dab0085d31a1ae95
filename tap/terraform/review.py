"""What ``tap plan`` showed and judged, kept beside the plan that it saved.

It holds the plan as Terraform printed it, secrets and all, so it is as private as the plan file.
What it may be used for, and what not: docs/adr/0021-kept-reviews.md.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from tap.terraform.inputs import digest_file
from tap.terraform.saved import review_file

if TYPE_CHECKING:
    from pathlib import Path

    from tap.terraform.saved import TakenPlan

FORMAT: Final = 1


class Said(msgspec.Struct, frozen=True):
    """What a judgement says of a plan.

    Attributes:
        lines: What is told of it, the outcome first.
        against: How many things speak against an apply.
    """

    lines: tuple[str, ...]
    against: int


class Review(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was shown and judged.

    Attributes:
        format: Version of this structure.
        plan: SHA-256 of the plan file.
        shown: The plan as ``terraform show -json`` printed it.
        salt: Mixed into ``basis``.
        basis: Digest of everything but the plan that the judgements depend on.
        read: SHA-256 of further files that rules looked at, None for one that was not there.
        rules: What the rules said.
        proofs: What the proofs said; None where there are no intents.
    """

    format: Literal[1] = FORMAT
    plan: str
    shown: msgspec.Raw
    salt: str
    basis: str
    read: dict[str, str | None]
    rules: Said
    proofs: Said | None


def keep_review(review: Review, public: Path) -> None:
    """Write a review beside its plan, unless another plan was saved in the meantime."""
    content = msgspec.json.encode(review)
    checksum = hashlib.sha256(content).hexdigest().encode()
    fresh = public.with_name(f"{public.name}.{os.getpid()}.shown")
    # Without it an apply looks at the plan itself.
    with suppress(OSError):
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(checksum + b"\n" + content)
            if digest_file(public) == review.plan:
                fresh.replace(review_file(public))
        finally:
            fresh.unlink(missing_ok=True)


def find_review(taken: TakenPlan, plan: str) -> Review | None:
    """Return the review of a plan; None if there is none, it is damaged or of another plan.

    Args:
        taken: The plan.
        plan: SHA-256 of the plan file.
    """
    try:
        checksum, _, content = review_file(taken.file).read_bytes().partition(b"\n")
        if hashlib.sha256(content).hexdigest().encode() != checksum:
            return None
        review = msgspec.json.decode(content, type=Review)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return review if review.plan == plan else None


def digest_present(file: Path) -> str | None:
    """Return the SHA-256 of a file; None if it cannot be read."""
    try:
        return digest_file(file)
    except OSError:
        return None
