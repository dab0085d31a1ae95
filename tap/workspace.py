"""An environment on a target, made ready for Terraform."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tap.ahead import Ahead, import_ahead
from tap.aws import Target, check_account, localstack_endpoint
from tap.emulator.control import Emulator
from tap.errors import AwsError, LockedError, TapError, TerraformError
from tap.settings import check_suffix
from tap.terraform.backend import Backend
from tap.terraform.backups import States
from tap.terraform.holders import Explanation, explain
from tap.terraform.installation import find_terraform, terraform_environ
from tap.terraform.locks import read_locks
from tap.terraform.manifest import Circumstances
from tap.terraform.operations import operations
from tap.terraform.retries import Retries
from tap.terraform.root import Reporter, Root

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tap.settings import Environment, Settings, TargetName
    from tap.warm.providers import WarmProviders

# Providers wait for a minute in places, whatever AWS answers, and Terraform counts that as work.
# The emulator limits no rates that more calls at once could exceed.
_LOCAL_PARALLELISM = 50


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a command was asked to work on.

    Attributes:
        settings: The project.
        environment: Which environment.
        target: What to talk to.
        suffix: Name suffix of a second copy of the environment; empty for the first.
        environ: The variables of the user.
        lock_timeout: How long to wait for the state lock, such as ``0s`` or ``5m``.
        reporter: Who is told what happens.
        warm: Serves the provider to commands that read; None lets Terraform start it.
    """

    settings: Settings
    environment: Environment
    target: TargetName
    environ: Mapping[str, str]
    suffix: str = ""
    lock_timeout: str = "0s"
    reporter: Reporter = field(default_factory=Reporter)
    warm: WarmProviders | None = None

    @property
    def label(self) -> str:
        """Name of this copy of the environment, such as ``prod`` or ``prod-pr42``."""
        return f"{self.environment.name}-{self.suffix}" if self.suffix else self.environment.name

    @property
    def directory(self) -> Path:
        """Folder for what belongs to the target."""
        return self.settings.work_directory / self.target

    @property
    def plan_file(self) -> Path:
        """The saved plan of this copy on this target."""
        return self.directory / "plans" / f"{self.label}.tfplan"

    @property
    def state_key(self) -> str:
        """Key of this copy's state in the bucket."""
        return f"{self.label}/terraform.tfstate"

    @property
    def states(self) -> Path:
        """The folder for backups of this copy's states."""
        return self.directory / "state-backups" / self.label

    @property
    def words(self) -> str:
        """What names this copy in a command, such as ``prod --target aws --suffix pr42``."""
        target = f" --target {self.target}" if self.target != "local" else ""
        suffix = f" --suffix {self.suffix}" if self.suffix else ""
        return f"{self.environment.name}{target}{suffix}"


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """An environment on a target, ready for Terraform.

    Attributes:
        request: What was asked for.
        target: Endpoint and credentials.
        account_id: The account that will be touched.
        root: Terraform in the environment's root.
        backend: Where its state is.
        terraform_version: Which Terraform runs.
    """

    request: Request
    target: Target
    account_id: str
    root: Root
    backend: Backend
    terraform_version: str = ""

    @property
    def circumstances(self) -> Circumstances:
        """What a plan is made or applied under."""
        return Circumstances(
            backend=self.backend,
            label=self.request.label,
            state_key=self.request.state_key,
            terraform_version=self.terraform_version,
            environ=self.root.environ,
        )

    @property
    def states(self) -> States:
        """All states of this copy, the current one and those it could go back to."""
        return States(
            backend=self.backend,
            key=self.request.state_key,
            directory=self.request.states,
            unsaved=self.request.states / "unsaved",
            root=self.root.directory,
        )

    def explain_locks(self) -> list[Explanation]:
        """Return what is known of the locks of the state; empty when nobody holds one.

        Raises:
            AwsError: S3 or DynamoDB gave no answer.
        """
        return _explain_locks(self.backend, self.request, self.root)

    @property
    def description(self) -> str:
        """One line that says what is talked to."""
        what = {
            "local": f"the embedded emulator at {self.target.endpoint}",
            "localstack": f"LocalStack at {self.target.endpoint}",
            "aws": "AWS",
        }[self.target.name]
        return f"{self.request.label} on {what}, account {self.account_id}"


def find_target(
    name: TargetName,
    settings: Settings,
    environ: Mapping[str, str],
    notice: Callable[[str], None] = lambda _: None,
) -> Target:
    """Return a target that answers; starts the embedded emulator for ``local``.

    Raises:
        EmulatorError: The emulator cannot be started.
        TapError: Target ``aws`` is meant, but an endpoint variable points elsewhere.
    """
    region = settings.state.region
    if name == "local":
        emulator = Emulator(settings.work_directory / "emulator", environ=environ)
        before = emulator.status()
        status = emulator.start(settings.emulator.port)
        if not before.running:
            notice(f"started the embedded emulator at {status.endpoint}")
        for line in status.notices:
            notice(line)
        return Target(name=name, endpoint=status.endpoint, region=region)
    if name == "localstack":
        return Target(name=name, endpoint=localstack_endpoint(environ), region=region)
    redirected = sorted(key for key in environ if key.startswith("AWS_ENDPOINT_URL"))
    if redirected:
        raise TapError(
            f"target aws is meant, but {', '.join(redirected)} points at something else",
            "unset it, or give --target localstack",
        )
    return Target(name=name, endpoint=None, region=region)


def open_workspace(
    request: Request,
    *,
    bootstrap: bool = False,
    initialize: bool = True,
    admit: Callable[[Workspace], None] = lambda _: None,
) -> Workspace:
    """Make an environment ready: target, account, state storage, ``terraform init``.

    On ``local`` and ``localstack`` the state storage is created when it is missing; on ``aws``
    only when asked for.

    Args:
        request: What was asked for.
        bootstrap: Create missing state storage on ``aws``, too.
        initialize: Run ``terraform init`` where it is due; a command that only looks at locks
            and states must work with a broken configuration, too.
        admit: Called when the account is known to be the right one and nothing has been made
            or changed; what it raises ends the command there.

    Raises:
        TapError: One of the steps failed; see the subclasses in :mod:`tap.errors`.
    """
    check_suffix(request.suffix)
    boto = import_ahead("botocore.session")
    # Before anything is started for it.
    terraform = find_terraform(request.environ)
    boto.result()
    notice = request.reporter.notice
    target = find_target(request.target, request.settings, request.environ, notice)
    account = check_account(
        target, environment=request.environment.name, allowed=request.environment.account_id
    )
    environ = terraform_environ(
        target.environ(request.environ), folder=request.settings.work_directory
    )
    root = Root(
        directory=request.environment.directory,
        data_directory=request.directory / "data" / request.label,
        terraform=terraform.path,
        environ={
            **environ,
            "TF_VAR_name_suffix": request.suffix,
            "TF_VAR_target": request.target,
        },
        lock_timeout=request.lock_timeout,
        parallelism=_parallelism(request),
        timeouts=request.settings.timeouts.seconds,
        unsaved=request.states / "unsaved",
        words=request.words,
        reporter=request.reporter,
        retries=Retries(attempts=request.settings.retries.attempts),
        warm=request.warm,
    )
    backend = Backend(settings=request.settings, target=target, account_id=account)
    bare = root
    root = replace(root, explain_lock=lambda error: _explained(error, backend, request, bare))
    workspace = Workspace(
        request=request,
        target=target,
        account_id=account,
        root=root,
        backend=backend,
        terraform_version=terraform.version,
    )
    ready = Ahead(backend.ready)
    admit(workspace)
    if not ready.result():
        if target.name == "aws" and not bootstrap:
            raise TapError(
                f"account {account} has no state bucket {backend.bucket}",
                f"create it once: tap init {request.environment.name} --target aws --bootstrap",
            )
        notice(f"creating the state bucket and lock table in account {account}")
        backend.bootstrap(root)
    if initialize and root.init(backend.configuration(request.state_key)):
        notice(f"initialized {request.environment.directory.relative_to(request.settings.root)}")
    return workspace


def _parallelism(request: Request) -> int | None:
    """Return how many resources an apply works on at once, unless the user has said it."""
    said = any(
        "-parallelism" in value
        for name, value in request.environ.items()
        if name in {"TF_CLI_ARGS", "TF_CLI_ARGS_apply"}
    )
    return _LOCAL_PARALLELISM if request.target == "local" and not said else None


def _explain_locks(backend: Backend, request: Request, root: Root) -> list[Explanation]:
    locks = read_locks(backend, request.state_key)
    return explain(locks, operations(root.operations), request.words)


def _explained(
    error: TerraformError, backend: Backend, request: Request, root: Root
) -> TerraformError:
    """Add to a lock that cannot be taken who holds it, where, since when, and the way out."""
    try:
        found = _explain_locks(backend, request, root)
    except AwsError:
        return error
    if not found:
        # It was released in this moment, or it is something else that prevents it.
        return error
    if not isinstance(error, LockedError):
        error = LockedError(f"the state of {request.label} is locked")
    now = datetime.now(UTC)
    lines = [f"  {line}" for explanation in found for line in explanation.lines(now)]
    return LockedError("\n".join([error.message, *lines]), found[0].advice)
