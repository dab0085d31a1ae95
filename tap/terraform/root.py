"""One Terraform root module and the commands that run in it."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from tap.process import run
from tap.terraform.events import Diagnostic, Event, failure, parse_event
from tap.warm.commands import READING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from tap.process import Completed
    from tap.warm.providers import Attachment, WarmProviders

# A provider that answers within this time on a busy machine; Terraform's own limits are inside.
_QUICK_TIMEOUT_SECONDS = 300
_NO_CHANGES, _FAILED, _CHANGES = 0, 1, 2


@dataclass(frozen=True, kw_only=True)
class Reporter:
    """Who is told what happens while Terraform runs.

    Attributes:
        event: Called with every event of Terraform's machine-readable output.
        notice: Called with sentences of ``tap`` itself.
    """

    event: Callable[[Event], None] = field(default=lambda _: None)
    notice: Callable[[str], None] = field(default=lambda _: None)


@dataclass(frozen=True, kw_only=True)
class Root:
    """A root module, the way Terraform is called in it, and who is told.

    Attributes:
        directory: The folder with the root's ``.tf`` files.
        data_directory: Where Terraform keeps what ``init`` makes (``TF_DATA_DIR``); one for
            each target, so that targets never share a backend configuration.
        terraform: The executable.
        environ: All environment variables of the child, but ``TF_DATA_DIR``.
        lock_timeout: How long to wait for the state lock, such as ``0s`` or ``5m``.
        reporter: Who is told what happens.
        warm: Serves the provider to commands that read; None lets Terraform start it.
    """

    directory: Path
    data_directory: Path
    terraform: Path
    environ: Mapping[str, str]
    lock_timeout: str = "0s"
    reporter: Reporter = field(default_factory=Reporter)
    warm: WarmProviders | None = None

    def init(self, backend: Mapping[str, str] | None) -> bool:
        """Initialise the root unless nothing that ``init`` reads has changed since the last time.

        Args:
            backend: Arguments of the backend; None initialises without a backend.

        Returns:
            Whether Terraform was run.

        Raises:
            TerraformError: Terraform refused.
        """
        stamp = self.data_directory / "tap-init"
        if _read(stamp) == self._init_digest(backend):
            return False
        self.data_directory.mkdir(parents=True, exist_ok=True)
        stamp.unlink(missing_ok=True)
        self._events("init", *_init_arguments(backend), "-reconfigure")
        # Only now are the modules known that the digest covers.
        stamp.write_text(self._init_digest(backend), encoding="utf-8")
        return True

    def migrate_state(self, backend: Mapping[str, str]) -> None:
        """Move the state from where it is into a backend.

        Raises:
            TerraformError: Terraform refused; the state is still where it was.
        """
        # Terraform accepts no -json here, because it could have to ask.
        arguments = [*_init_arguments(backend), "-migrate-state", "-force-copy"]
        done = self._run("init", *arguments)
        _check(done, "terraform init -migrate-state")

    def validate(self) -> None:
        """Check the configuration.

        Raises:
            TerraformError: It is invalid; the message holds file and line.
        """
        done = self._run("validate", "-json", timeout=_QUICK_TIMEOUT_SECONDS)
        try:
            report = msgspec.json.decode(done.stdout, type=_Validation)
        except msgspec.DecodeError:
            raise failure(
                "terraform validate", [], done.stderr, interrupted=done.interrupted
            ) from None
        _check(done, "terraform validate", report.diagnostics)

    def test(self) -> int:
        """Run the root's own tests and return how many runs passed.

        Raises:
            TerraformError: A run failed, or there is none.
        """
        diagnostics: list[Diagnostic] = []
        passed = 0

        def listen(line: str) -> None:
            nonlocal passed
            event = parse_event(line)
            if event is None:
                return
            if event.diagnostic is not None:
                diagnostics.append(event.diagnostic)
            passed = event.test_summary.passed if event.test_summary else passed
            self.reporter.event(event)

        done = self._run("test", "-json", on_line=listen)
        _check(done, "terraform test", diagnostics)
        return passed

    def plan(self, out: Path, *, destroy: bool = False) -> bool:
        """Plan into a file that only this user can read.

        Args:
            out: The file to write.
            destroy: Plan to destroy everything.

        Returns:
            Whether the plan changes anything.

        Raises:
            LockedError: Somebody else holds the state lock.
            TerraformError: Terraform refused, or was interrupted.
        """
        out.parent.mkdir(parents=True, exist_ok=True)
        # A plan that is refused, or cut off, must not cost the one that was saved before.
        fresh = out.with_name(f"{out.name}.{os.getpid()}")
        # Terraform keeps the mode of a file that exists.
        fresh.touch(mode=0o600)
        arguments = [f"-lock-timeout={self.lock_timeout}", "-detailed-exitcode", f"-out={fresh}"]
        if destroy:
            arguments.append("-destroy")
        try:
            done = self._events("plan", *arguments, accepted=(_NO_CHANGES, _CHANGES))
            fresh.replace(out)
        finally:
            fresh.unlink(missing_ok=True)
        return done.returncode == _CHANGES

    def show(self, plan: Path) -> bytes:
        """Return a saved plan as JSON.

        Raises:
            TerraformError: The file cannot be read.
        """
        done = self._run("show", "-json", str(plan), files=[plan], timeout=_QUICK_TIMEOUT_SECONDS)
        _check(done, "terraform show")
        return done.stdout.encode()

    def apply(self, plan: Path) -> None:
        """Apply a saved plan, exactly.

        Raises:
            StalePlanError: The state has changed since the plan was made.
            LockedError: Somebody else holds the state lock.
            TerraformError: Terraform refused, or was interrupted.
        """
        self._events("apply", f"-lock-timeout={self.lock_timeout}", str(plan))

    def output(self) -> dict[str, Output]:
        """Return the outputs of the applied state; empty when nothing is applied.

        Raises:
            TerraformError: The state cannot be read.
        """
        done = self._run("output", "-json", timeout=_QUICK_TIMEOUT_SECONDS)
        _check(done, "terraform output")
        return msgspec.json.decode(done.stdout, type=dict[str, Output])

    def _events(self, command: str, *arguments: str, accepted: Sequence[int] = (0,)) -> Completed:
        diagnostics: list[Diagnostic] = []

        def listen(line: str) -> None:
            event = parse_event(line)
            if event is None:
                return
            if event.diagnostic is not None:
                diagnostics.append(event.diagnostic)
            self.reporter.event(event)

        done = self._run(command, "-json", *arguments, on_line=listen, again=diagnostics.clear)
        _check(done, f"terraform {command}", diagnostics, accepted)
        return done

    def _run(
        self,
        command: str,
        *arguments: str,
        timeout: float | None = None,
        files: Iterable[Path] = (),
        on_line: Callable[[str], None] | None = None,
        again: Callable[[], None] = lambda: None,
    ) -> Completed:
        """Run a command of Terraform, with a warm provider if it only reads.

        Args:
            command: Such as ``plan``.
            arguments: What follows it.
            timeout: Seconds until it is interrupted.
            files: Plans and states that it reads.
            on_line: Called with each line of its standard output.
            again: Called before the command is repeated.
        """
        # -input=false makes a missing variable an error instead of a question nobody sees.
        asks = ("-input=false",) if command in {"init", "plan", "apply"} else ()
        environ = {**self.environ, "TF_DATA_DIR": str(self.data_directory)}

        def once(attached: Attachment | None) -> Completed:
            return run(
                [self.terraform, command, *asks, "-no-color", *arguments],
                env={**environ, **(attached.variables if attached else {})},
                cwd=self.directory,
                timeout=timeout,
                on_line=on_line,
                on_notice=self.reporter.notice,
            )

        if self.warm is None or command not in READING:
            return once(None)
        attached = self.warm.attach(self.directory, environ, files=files)
        done = once(attached)
        failed = command == "plan" and done.returncode == _FAILED and not done.interrupted
        if failed and attached and attached.lacks_types(self.terraform, self.directory, environ):
            again()
            done = once(self.warm.attach(self.directory, environ, full=True))
        return done

    def _init_digest(self, backend: Mapping[str, str] | None) -> str:
        """Digest what ``init`` reads: module sources, versions, backend, lock file, mirror."""
        digest = hashlib.sha256()
        digest.update(repr(sorted(backend.items()) if backend is not None else None).encode())
        digest.update(str(self.terraform).encode())
        for file in [
            self.environ.get("TF_CLI_CONFIG_FILE"),
            self.directory / ".terraform.lock.hcl",
        ]:
            digest.update((_read(file) if file else "").encode())
        for folder in self.module_folders():
            for file in sorted(folder.glob("*.tf")):
                relevant = _INIT_LINES.findall(_read(file))
                digest.update(repr((os.fspath(file), relevant)).encode())
        return digest.hexdigest()

    def module_folders(self) -> list[Path]:
        """Return the root and every local module that the last ``init`` found."""
        try:
            manifest = msgspec.json.decode(
                _read(self.data_directory / "modules" / "modules.json"), type=_Manifest
            )
        except msgspec.DecodeError:
            return [self.directory]
        folders = {(self.directory / module.dir).resolve() for module in manifest.modules}
        return sorted(folders | {self.directory.resolve()})


class Output(msgspec.Struct, frozen=True):
    """One output of an applied root."""

    value: object
    sensitive: bool = False
    type: object = None


class _Validation(msgspec.Struct, frozen=True):
    valid: bool
    diagnostics: list[Diagnostic] = []


class _ManifestModule(msgspec.Struct, frozen=True):
    dir: str = msgspec.field(name="Dir", default=".")


class _Manifest(msgspec.Struct, frozen=True):
    modules: list[_ManifestModule] = msgspec.field(name="Modules", default=[])


_INIT_LINES = re.compile(
    r"^\s*(?:(?:module|backend|required_\w+|provider)\b.*"
    r"|(?:source|version|key|encrypt|use_lockfile|dynamodb_table)\s*=.*)$",
    re.MULTILINE,
)


def _check(
    done: Completed,
    command: str,
    diagnostics: Sequence[Diagnostic] = (),
    accepted: Sequence[int] = (0,),
) -> None:
    """Raise what a run amounts to if it failed, or if somebody asked for its end.

    Whoever interrupts a plan that still succeeds does not want what would follow it.
    """
    finished_anyway = done.args[1] == "apply" and done.returncode == 0
    interrupted = done.interrupted and not finished_anyway
    if interrupted or done.returncode not in accepted:
        raise failure(command, diagnostics, done.stderr, interrupted=interrupted)


def _init_arguments(backend: Mapping[str, str] | None) -> list[str]:
    arguments = ["-lockfile=readonly"]
    if backend is None:
        return [*arguments, "-backend=false"]
    return arguments + [f"-backend-config={key}={value}" for key, value in backend.items()]


def _read(file: str | Path | None) -> str:
    try:
        with open(file or os.devnull, encoding="utf-8", errors="replace") as stream:  # noqa: PTH123
            return stream.read()
    except OSError:
        return ""
