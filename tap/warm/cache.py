"""Answers of a provider, kept on disk.

An entry is one file: a header with a checksum, then the answer. Whatever is wrong with an
entry or with the folder, the answer is asked for again; a cache is never a reason to fail.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Raised whenever entries written before must not be read any more.
_MAGIC = b"tap warm provider answers 1\n"
_DIGEST_BYTES = 32

_LARGEST_BYTES = 64 * 1024 * 1024
_MOST = 1000

# What only Terraform itself reads; it differs from command to command.
# Source: https://developer.hashicorp.com/terraform/cli/config/environment-variables
_TERRAFORM_ONLY = (
    "TF_CLI_",
    "TF_DATA_DIR",
    "TF_IGNORE",
    "TF_INPUT",
    "TF_IN_AUTOMATION",
    "TF_LOG",
    "TF_PLUGIN_",
    "TF_REATTACH_PROVIDERS",
    "TF_REGISTRY_",
    "TF_STATE_",
    "TF_TOKEN_",
    "TF_VAR_",
    "TF_WORKSPACE",
)
_NEVER_READ = frozenset({"PYTEST_CURRENT_TEST", "PYTEST_XDIST_TESTRUNUID", "OLDPWD", "SHLVL", "_"})


def inherited_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what a provider gets of the variables of the command that it serves.

    That is all of them but those that only Terraform reads and that change from test to test.
    """
    return {
        key: value
        for key, value in environ.items()
        if not key.startswith(_TERRAFORM_ONLY) and key not in _NEVER_READ
    }


@dataclass(frozen=True)
class AnswerCache:
    """Answers by key in a folder that only the user can enter.

    Attributes:
        folder: Made when it is missing.
    """

    folder: Path

    @staticmethod
    def key(*parts: bytes | str, environ: Mapping[str, str] | None = None) -> str:
        """Return the key of an answer: a digest of all it depends on.

        Args:
            parts: The provider's digest, the method, the request.
            environ: Variables of which those count that a provider reads.
        """
        digest = hashlib.sha256(_MAGIC)
        variables = sorted(
            (name, value)
            for name, value in inherited_variables(environ or {}).items()
            if name.startswith(("AWS_", "TF_"))
        )
        for part in (*parts, repr(variables)):
            content = part.encode(errors="surrogateescape") if isinstance(part, str) else part
            digest.update(len(content).to_bytes(8, "big") + content)
        return digest.hexdigest()

    def get(self, key: str) -> bytes | None:
        """Return an answer; None if there is none that can be used."""
        try:
            content = (self.folder / key).read_bytes()
        except OSError:
            return None
        start = len(_MAGIC) + _DIGEST_BYTES
        answer = content[start:]
        if content[:start] != _MAGIC + hashlib.sha256(answer).digest():
            return None
        return answer

    def put(self, key: str, answer: bytes) -> None:
        """Keep an answer, unless the folder cannot be written."""
        with suppress(OSError):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Written aside and renamed, so that no other command reads half of it.
            handle, fresh = tempfile.mkstemp(prefix=".", dir=self.folder)
            try:
                with os.fdopen(handle, "wb") as stream:
                    stream.write(_MAGIC + hashlib.sha256(answer).digest() + answer)
                Path(fresh).replace(self.folder / key)
            except BaseException:
                Path(fresh).unlink(missing_ok=True)
                raise
            self._shrink()

    def _shrink(self) -> None:
        """Remove the oldest beyond 64 MiB, where a schema has about 5, or 1000 answers."""
        files = sorted(
            ((file.stat().st_mtime, file.stat().st_size, file) for file in self.folder.iterdir()),
            reverse=True,
        )
        total = 0
        for number, (_, size, file) in enumerate(files, start=1):
            total += size
            if total > _LARGEST_BYTES or number > _MOST:
                file.unlink(missing_ok=True)
