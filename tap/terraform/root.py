"""One Terraform root module and the commands that run in it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import msgspec

from tap.errors import LockedError, TerraformError
from tap.plan import Plan
from tap.process import run
from tap.terraform.events import (
    ACQUIRING,
    Diagnostic,
    Event,
    failure,
    lock_holder,
    parse_event,
    released_meanwhile,
)
from tap.terraform.initialization import init_arguments, init_digest, module_folders, read_text
from tap.terraform.operations import recorded
from tap.terraform.retries import Retries, reasons, transient
from tap.terraform.unsaved import claim, refuse_unsaved
from tap.warm.commands import APPLYING, DECODING, READING
from tap.warm.installed import link_known, remember
from tap.warm.package import unread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from tap.process import Completed
    from tap.terraform.operations import Recording
    from tap.warm.providers import Attachment, WarmProviders

# A provider that answers within this time on a busy machine; Terraform's own limits are inside.
_QUICK_TIMEOUT_SECONDS = 300
_NO_CHANGES, _FAILED, _CHANGES = 0, 1, 2
_ATTEMPTS_AT_A_LOCK = 3
# They change nothing but a lock that they release, so a failure costs nothing but time.
_REPEATED = {"init", "plan"}


@dataclass(frozen=True, kw_only=True)
class Reporter:
    """Who is told what happens while Terraform runs.

    Attributes:
        event: Called with every event of Terraform's machine-readable output.
        notice: Called with sentences of ``tap`` itself.
        plan: Called with every plan that was read, whose secrets must not be printed.
    """

    event: Callable[[Event], None] = field(default=lambda _: None)
    notice: Callable[[str], None] = field(default=lambda _: None)
    plan: Callable[[Plan], None] = field(default=lambda _: None)


@dataclass(frozen=True)
class Shown:
    """What is in a plan file.

    Attributes:
        text: As ``terraform show -json`` printed it.
        plan: The same, read.
    """

    text: bytes
    plan: Plan


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
        parallelism: How many resources an apply works on at once; None for Terraform's 10.
        timeouts: Seconds after which ``init``, ``plan`` or ``apply`` is asked to stop; a
            missing one has no limit.
        unsaved: The folder for states that Terraform could not save; None leaves them where
            Terraform writes them.
        words: What names the environment in a command of ``tap``, for hints.
        explain_lock: Adds to a lock that cannot be taken what is known of it.
        reporter: Who is told what happens.
        retries: How often init, plan, show and output are tried when what fails passes.
        warm: Serves the provider to commands that read, and to an apply if it is meant to; None
            lets Terraform start it.
    """

    directory: Path
    data_directory: Path
    terraform: Path
    environ: Mapping[str, str]
    lock_timeout: str = "0s"
    parallelism: int | None = None
    timeouts: Mapping[str, float] = field(default_factory=dict)
    unsaved: Path | None = None
    words: str = "ENV"
    explain_lock: Callable[[TerraformError], TerraformError] = field(default=lambda error: error)
    reporter: Reporter = field(default_factory=Reporter)
    retries: Retries = field(default_factory=Retries)
    warm: WarmProviders | None = None

    @property
    def operations(self) -> Path:
        """The folder with the notes of the runs that may hold the lock."""
        return self.data_directory / "operations"

    @property
    def module_folders(self) -> list[Path]:
        """The root and every local module that the last ``init`` found."""
        return module_folders(self.directory, self.data_directory)

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
        if read_text(stamp) == init_digest(self, backend):
            return False
        self.data_directory.mkdir(parents=True, exist_ok=True)
        stamp.unlink(missing_ok=True)
        self._init(*init_arguments(backend), "-reconfigure")
        # Only now are the modules known that the digest covers.
        stamp.write_text(init_digest(self, backend), encoding="utf-8")
        return True

    def _init(self, *arguments: str) -> None:
        """Initialise, and let Terraform read the provider only if it may find another one."""
        if self.warm is None or not unread(self.directory):
            self._events("init", *arguments)
            return
        # For the rest, and to know the modules.
        self._unread()._events("init", *arguments)  # noqa: SLF001 - of the same class
        if not link_known(self.directory, self.data_directory, self.module_folders, self.environ):
            self._events("init", *arguments)
            remember(self.directory, self.data_directory, self.module_folders, self.environ)

    def _unread(self) -> Root:
        """Return this root for commands that never ask the provider, whoever starts it."""
        if self.warm is None:
            return self
        return replace(self, environ={**self.environ, **unread(self.directory)})

    def migrate_state(self, backend: Mapping[str, str]) -> None:
        """Move the state from where it is into a backend; ``init`` comes before it.

        Raises:
            TerraformError: Terraform refused; the state is still where it was.
        """
        # Terraform accepts no -json here, because it could have to ask.
        arguments = [*init_arguments(backend), "-migrate-state", "-force-copy"]
        done = self._unread()._noted("init", *arguments)  # noqa: SLF001 - of the same class
        self._check(done, "terraform init -migrate-state")

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
        self._check(done, "terraform validate", report.diagnostics)

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
        self._check(done, "terraform test", diagnostics)
        return passed

    def observe_tests(self, on_line: Callable[[str], None]) -> None:
        """Run the root's own tests, whatever becomes of them.

        Args:
            on_line: Called with each line of the machine-readable output, plans and states of
                the runs included.

        Raises:
            TerraformError: It was interrupted, or could not begin.
        """
        done = self._run("test", "-json", "-verbose", on_line=on_line)
        self._check(done, "terraform test", accepted=(0, _FAILED))

    def plan(self, out: Path, *, destroy: bool = False, refresh_only: bool = False) -> bool:
        """Plan into a file that only this user can read.

        Args:
            out: The file to write.
            destroy: Plan to destroy everything.
            refresh_only: Plan nothing but to take what was found into the state.

        Returns:
            Whether the plan changes anything.

        Raises:
            LockedError: Somebody else holds the state lock.
            TapError: A state that could not be saved has to be pushed first.
            TerraformError: Terraform refused, or was interrupted.
        """
        refuse_unsaved(self.unsaved, self.words)
        out.parent.mkdir(parents=True, exist_ok=True)
        # A plan that is refused, or cut off, must not cost the one that was saved before.
        fresh = out.with_name(f"{out.name}.{os.getpid()}")
        # Terraform keeps the mode of a file that exists.
        fresh.touch(mode=0o600)
        arguments = [f"-lock-timeout={self.lock_timeout}", "-detailed-exitcode", f"-out={fresh}"]
        if destroy:
            arguments.append("-destroy")
        if refresh_only:
            arguments.append("-refresh-only")
        try:
            done = self._events("plan", *arguments, accepted=(_NO_CHANGES, _CHANGES))
            fresh.replace(out)
        finally:
            fresh.unlink(missing_ok=True)
        return done.returncode == _CHANGES

    def show(self, plan: Path) -> Shown:
        """Return what is in a saved plan.

        Raises:
            TerraformError: The file cannot be read.
            PlanError: Terraform printed something else.
        """
        done = self._read("show", "-json", str(plan), files=[plan])
        text = done.stdout.encode()
        shown = Shown(text, Plan.decode(text))
        self.reporter.plan(shown.plan)
        return shown

    def apply(self, plan: Path) -> None:
        """Apply a saved plan, exactly.

        Raises:
            StalePlanError: The state has changed since the plan was made.
            LockedError: Somebody else holds the state lock.
            TapError: A state that could not be saved has to be pushed first.
            TerraformError: Terraform refused, was interrupted, or could not save the state.
        """
        refuse_unsaved(self.unsaved, self.words)
        started = time.time()
        arguments = [f"-lock-timeout={self.lock_timeout}"]
        if self.parallelism is not None:
            arguments.append(f"-parallelism={self.parallelism}")
        try:
            self._events("apply", *arguments, str(plan), files=[plan])
        except TerraformError as error:
            kept = claim(self.directory, self.unsaved, since=started)
            if kept is None:
                raise
            raise type(error)(
                f"{error.message}\nthe state could not be saved; it is kept in {kept}",
                f"when the storage answers again: tap state recover {self.words}",
            ) from None

    def push_state(self, file: Path) -> None:
        """Write a state over the one in the backend; Terraform compares lineage and serial.

        Raises:
            LockedError: Somebody else holds the state lock.
            TerraformError: Terraform refused; the state is as it was.
        """
        arguments = (f"-lock-timeout={self.lock_timeout}", str(file))
        self._check(self._noted("state push", *arguments), "terraform state push")

    def output(self) -> dict[str, Output]:
        """Return the outputs of the applied state; empty when nothing is applied.

        Raises:
            TerraformError: The state cannot be read.
        """
        done = self._unread()._read("output", "-json")  # noqa: SLF001 - of the same class
        return msgspec.json.decode(done.stdout, type=dict[str, Output])

    def _events(
        self,
        command: str,
        *arguments: str,
        accepted: Sequence[int] = (0,),
        files: Sequence[Path] = (),
    ) -> Completed:
        def listened() -> tuple[Completed, list[Diagnostic]]:
            return self._listen(command, *arguments, accepted=accepted, files=files)

        for attempt in range(1, _ATTEMPTS_AT_A_LOCK + 1):
            repeated = command in _REPEATED
            done, diagnostics = self._persist(listened, accepted) if repeated else listened()
            again = released_meanwhile(diagnostics) and not done.interrupted
            if not again or attempt == _ATTEMPTS_AT_A_LOCK:
                break
            # Nothing has been done yet.
            self.reporter.notice("the lock was released in this moment: trying again")
        self._check(done, f"terraform {command}", diagnostics, accepted)
        return done

    def _listen(
        self, command: str, *arguments: str, accepted: Sequence[int], files: Sequence[Path]
    ) -> tuple[Completed, list[Diagnostic]]:
        diagnostics: list[Diagnostic] = []

        def listen(line: str) -> None:
            event = parse_event(line)
            if event is None:
                return
            if event.diagnostic is not None:
                diagnostics.append(event.diagnostic)
            self.reporter.event(event)

        if command == "init":
            done = self._run(command, "-json", *arguments, on_line=listen)
        else:
            done = self._noted(
                command,
                "-json",
                *arguments,
                accepted=accepted,
                files=files,
                on_line=listen,
                again=diagnostics.clear,
            )
        return done, diagnostics

    def _noted(
        self,
        command: str,
        *arguments: str,
        accepted: Sequence[int] = (0,),
        files: Sequence[Path] = (),
        on_line: Callable[[str], None] | None = None,
        again: Callable[[], None] = lambda: None,
    ) -> Completed:
        """Run what takes the lock, with a note of it for those who find the lock."""
        with recorded(self.operations, command) as recording:
            done = self._run(
                command, *arguments, recording=recording, files=files, on_line=on_line, again=again
            )
            recording.ended(done.returncode, done=done.returncode in accepted)
        return done

    def _read(self, command: str, *arguments: str, files: Sequence[Path] = ()) -> Completed:
        """Run a quick command that prints a document, and check it."""

        def once() -> tuple[Completed, list[Diagnostic]]:
            return self._run(command, *arguments, files=files, timeout=_QUICK_TIMEOUT_SECONDS), []

        done, _ = self._persist(once, (0,))
        self._check(done, f"terraform {command}")
        return done

    def _persist(
        self, attempt: Callable[[], tuple[Completed, list[Diagnostic]]], accepted: Sequence[int]
    ) -> tuple[Completed, list[Diagnostic]]:
        """Run something that changes nothing again while its failure passes by itself."""

        def passing(outcome: tuple[Completed, list[Diagnostic]]) -> str | None:
            done, diagnostics = outcome
            if done.returncode in accepted or done.interrupted or lock_holder(diagnostics):
                return None
            return transient(reasons(diagnostics, done.stderr))

        return self.retries.run(attempt, passing=passing, notice=self.reporter.notice)

    def _run(
        self,
        command: str,
        *arguments: str,
        timeout: float | None = None,
        recording: Recording | None = None,
        files: Iterable[Path] = (),
        on_line: Callable[[str], None] | None = None,
        again: Callable[[], None] = lambda: None,
    ) -> Completed:
        """Run a command of Terraform, with a warm provider if it may have one.

        Args:
            command: Such as ``plan``.
            arguments: What follows it.
            timeout: Seconds until it is interrupted.
            recording: Notes of it for those who find its lock.
            files: Plans and states that it reads.
            on_line: Called with each line of its standard output.
            again: Called before the command is repeated.
        """
        # -input=false makes a missing variable an error instead of a question nobody sees.
        asks = ("-input=false",) if command in {"init", "plan", "apply"} else ()
        environ = {**self.environ, "TF_DATA_DIR": str(self.data_directory)}

        def once(attached: Attachment | None) -> Completed:
            return run(
                [self.terraform, *command.split(), *asks, "-no-color", *arguments],
                env={**environ, **(attached.variables if attached else {})},
                cwd=self.directory,
                timeout=self.timeouts.get(command, timeout),
                output=recording.output if recording is not None else None,
                on_start=recording.started if recording is not None else lambda _: None,
                on_line=on_line,
                on_notice=self.reporter.notice,
            )

        if self.warm is None:
            return once(None)
        if self.warm.applying and command in APPLYING:
            # Nothing may be missing, for an apply is never repeated. The plan names every type and
            # holds the values, but for those that are known only now.
            return once(self.warm.attach(self.directory, environ, files=files, every_block=True))
        if command not in READING:
            return once(None)
        attached = self.warm.attach(
            self.directory, environ, files=files, decoding=command in DECODING
        )
        done = once(attached)
        failed = command == "plan" and done.returncode == _FAILED and not done.interrupted
        if failed and attached and attached.lacks_schemas(self.terraform, self.directory, environ):
            again()
            if recording is not None:
                recording.again()
            done = once(self.warm.attach(self.directory, environ, full=True))
        return done

    def _check(
        self,
        done: Completed,
        command: str,
        diagnostics: Sequence[Diagnostic] = (),
        accepted: Sequence[int] = (0,),
    ) -> None:
        """Raise what a run amounts to if it failed, or if somebody asked for its end.

        Whoever interrupts a plan that still succeeds does not want what would follow it.
        """
        finished_anyway = done.args[1] in {"apply", "state"} and done.returncode == 0
        interrupted = done.interrupted and not finished_anyway
        if not interrupted and done.returncode in accepted:
            return
        error = failure(
            command,
            diagnostics,
            done.stderr,
            interrupted=interrupted,
            returncode=done.returncode,
            words=self.words,
        )
        # Of a lock with broken content Terraform does not say that it is held.
        locked = isinstance(error, LockedError) or ACQUIRING in error.message
        raise self.explain_lock(error) if locked else error


class Output(msgspec.Struct, frozen=True):
    """One output of an applied root."""

    value: object
    sensitive: bool = False
    type: object = None


class _Validation(msgspec.Struct, frozen=True):
    valid: bool
    diagnostics: list[Diagnostic] = []
