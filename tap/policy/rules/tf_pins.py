"""Rules of what a root or module is run with: versions, lock file, backend."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.policy.rule import Severity, source_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.sources import SourceModule

_LOCK_FILE = ".terraform.lock.hcl"
# Made by Terraform itself, so that they have no version.
_BUILT_IN = {"terraform"}


def _is_deployed(module: SourceModule) -> bool:
    """Tell whether it is a root that makes something: it configures a provider."""
    return module.is_root and bool(module.declared.providers)


@source_rule(
    "TF-03",
    Severity.MEDIUM,
    "Any version of Terraform may run it",
    rationale="Another version reads the same files in another way, or writes a state that the "
    "others cannot read.",
    remediation="""\
terraform {
  required_version = "~> 1.11"
}
""",
)
def unpinned_terraform(module: SourceModule) -> Iterator[Fault]:
    """Each module says which versions of Terraform it is for."""
    if module.complete and not module.declared.settings.required_version:
        yield module.fault(None, "required_version is missing")


@source_rule(
    "TF-04",
    Severity.MEDIUM,
    "Any version of a provider may be used",
    rationale="The next init can bring one that plans something else.",
    remediation="""\
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}
""",
)
def unpinned_provider(module: SourceModule) -> Iterator[Fault]:
    """Each provider that makes resources has a constraint of its version."""
    if not module.complete:
        return
    required = module.declared.settings.required_providers
    used: dict[str, object] = {}
    for resource in module.declared.resources.values():
        used.setdefault(resource.type.partition("_")[0], resource)
    for name in sorted(used.keys() - _BUILT_IN):
        if name not in required:
            yield module.fault(None, f'required_providers has no "{name}"')
        elif not required[name].version:
            yield module.fault(None, f'required_providers gives "{name}" no version')


@source_rule(
    "TF-05",
    Severity.MEDIUM,
    "A root has no lock file",
    rationale="Each machine takes the newest provider that fits, and nothing proves that it is "
    "the one that was tested.",
    remediation="Run terraform providers lock for every platform, and commit the file.\n",
)
def no_lock_file(module: SourceModule) -> Iterator[Fault]:
    """A root that configures a provider has a lock file beside it."""
    if _is_deployed(module) and not (module.folder / _LOCK_FILE).is_file():
        yield module.fault(None, f"{_LOCK_FILE} is missing")


@source_rule(
    "TF-06",
    Severity.MEDIUM,
    "The state of a root stays on one machine",
    rationale="Whoever else applies it makes everything a second time, and when the machine is "
    "gone nobody knows what there is.",
    remediation="""\
terraform {
  backend "s3" {}
}
""",
)
def no_backend(module: SourceModule) -> Iterator[Fault]:
    """A root that configures a provider has a backend that is not local."""
    if not _is_deployed(module) or not module.complete:
        return
    backend = module.declared.settings.backend
    if backend is None:
        yield module.fault(None, "backend is missing")
    elif backend.labels == ("local",):
        yield module.fault(backend, 'backend is "local"')


@source_rule(
    "TF-07",
    Severity.HIGH,
    "Two may write a state at once",
    rationale="One of two applies at the same time loses what it made.",
    remediation="""\
terraform {
  backend "s3" {
    bucket       = "payments-terraform-state"
    use_lockfile = true
  }
}
""",
)
def no_locking(module: SourceModule) -> Iterator[Fault]:
    """An s3 backend that is written out locks by a file or by a table."""
    backend = module.declared.settings.backend
    # What is not given here comes from -backend-config, which no file shows.
    if backend is None or backend.labels != ("s3",) or "bucket" not in backend.attributes:
        return
    file = backend.attributes.get("use_lockfile")
    if "dynamodb_table" not in backend.attributes and not (file and file.value is True):
        yield module.fault(backend, "neither use_lockfile nor dynamodb_table is set")


@source_rule(
    "TF-08",
    Severity.HIGH,
    "A state is not encrypted",
    rationale="A state holds everything that Terraform knows, secrets included.",
    remediation="""\
terraform {
  backend "s3" {
    bucket  = "payments-terraform-state"
    encrypt = true
  }
}
""",
    references=("PCI 3.5.1",),
)
def plain_state(module: SourceModule) -> Iterator[Fault]:
    """An s3 backend that is written out encrypts."""
    backend = module.declared.settings.backend
    if backend is None or backend.labels != ("s3",) or "bucket" not in backend.attributes:
        return
    encrypt = backend.attributes.get("encrypt")
    if encrypt is None or encrypt.value is not True:
        told = f"encrypt = {encrypt.text}" if encrypt else "encrypt is missing"
        yield module.fault(backend, told, at="encrypt")
