"""What ``tap plan`` found out about a plan, kept for the ``tap apply`` that follows.

A judgement is taken up only where everything that it depends on is as it was; else it is made
again. Why, and what is not kept: docs/adr/0021-kept-reviews.md.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from tap.policy import Judgement
    from tap.terraform.manifest import Manifest
    from tap.terraform.review import Review, Said
    from tap.terraform.root import Shown
    from tap.workspace import Workspace

_PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, kw_only=True)
class Reviewer:
    """Keeps what is said of a plan.

    Attributes:
        workspace: The environment.
        salt: Mixed into the digest of what the judgements depend on.
        basis: That digest, from before the first judgement.
    """

    workspace: Workspace
    salt: str
    basis: str

    @classmethod
    def start(cls, workspace: Workspace) -> Reviewer:
        """Note what there is before a plan is judged."""
        salt = secrets.token_hex(16)
        return cls(workspace=workspace, salt=salt, basis=basis(workspace, salt, _today()))

    def keep(
        self, shown: Shown, manifest: Manifest, judgement: Judgement, proofs: Said | None
    ) -> None:
        """Write down what was said, unless something changed while it was judged.

        Args:
            shown: The plan.
            manifest: What was saved of it.
            judgement: What the rules found.
            proofs: What the proofs say; None where there are no intents.
        """
        import msgspec

        from tap.cli.judging import said_by_rules
        from tap.terraform.review import Review, digest_present, keep_review

        read = {str(file): digest_present(file) for file in judgement.read}
        if basis(self.workspace, self.salt, _today()) != self.basis:
            return
        review = Review(
            plan=manifest.plan,
            shown=msgspec.Raw(shown.text.strip()),
            salt=self.salt,
            basis=self.basis,
            read=read,
            rules=said_by_rules(judgement),
            proofs=proofs,
        )
        keep_review(review, self.workspace.request.plan_file)


def still_holds(review: Review, workspace: Workspace) -> bool:
    """Tell whether a plan would be judged today as it was judged then."""
    from tap.terraform.review import digest_present

    return basis(workspace, review.salt, _today()) == review.basis and all(
        digest_present(Path(file)) == digest for file, digest in review.read.items()
    )


def basis(workspace: Workspace, salt: str, today: date) -> str:
    """Return a digest of everything but the plan that its judgements depend on.

    That is the day, because waivers end; all settings; every file of the modules, and beside the
    root, where the intents are and the environments that rules compare; and the rules themselves.

    Args:
        workspace: The environment.
        salt: Mixed into it, because files of variables can hold short secrets.
        today: The day, in UTC.
    """
    import msgspec

    from tap.terraform.inputs import digest_files

    request = workspace.request
    files = digest_files(
        [request.environment.directory.parent, *workspace.root.module_folders],
        project=request.settings.root,
        plan=request.plan_file,
        salt=salt,
        environ=workspace.root.environ,
    )
    settings = msgspec.to_builtins(request.settings, enc_hook=str)
    parts = [salt, today, request.label, settings, files, _rules()]
    return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()


def _today() -> date:
    return datetime.now(UTC).date()


def _rules() -> str:
    """Return a digest of all code that judges files and a plan."""
    from importlib.metadata import version

    digest = hashlib.sha256(version("python-hcl2").encode())
    for file in sorted(_PACKAGE.rglob("*.py")):
        content = file.read_bytes()
        digest.update(f"{file} {len(content)}\n".encode() + content)
    return digest.hexdigest()
