"""The HCL of a root: the root module and every local module that it calls, by any way."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tap.errors import HclError
from tap.hcl import Block, Local, load_module
from tap.plan.configuration import without_keys
from tap.policy.finding import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.hcl import (
        Check,
        Import,
        Module,
        ModuleCall,
        Move,
        Output,
        Provider,
        Removal,
        Resource,
        Variable,
    )

    Declared = (
        Check | Import | ModuleCall | Move | Output | Provider | Removal | Resource | Variable
    )
    Thing = Declared | Local | Block

_PLACE = re.compile(r"(.*?):(\d+):\d+: (.*)", re.DOTALL)
_LOCAL = ("./", "../")
# How Terraform begins the addresses of what some blocks declare; the others by the block's type.
_PREFIXES = {"resource": "", "variable": "var"}


@dataclass(frozen=True)
class SourceModule:
    """One module as it is written.

    Attributes:
        sources: The root it belongs to.
        folder: Where its files are.
        declared: What they declare.
        addresses: The calls it is reached by, such as ``module.stack.module.vpc``, sorted; one
            that is empty for the root.
        files: Its files that declare anything, sorted.
        complete: Whether each of its files could be read.
    """

    sources: Sources = field(repr=False)
    folder: Path
    declared: Module
    addresses: tuple[str, ...]
    files: tuple[Path, ...]
    complete: bool = True

    @property
    def is_root(self) -> bool:
        """Whether it is what Terraform is run in, or was given as such."""
        return "" in self.addresses

    @cached_property
    def read_variables(self) -> frozenset[str]:
        """Names of the variables that are read by anything but variables themselves."""
        declared = replace(self.declared, variables={})
        read = (item for item in declared.references() if item.startswith("var."))
        return frozenset(item.split(".")[1] for item in read)

    def fault(self, thing: Thing | None, message: str, *, at: str = "") -> Fault:
        """Return a fault of something that the module declares.

        Args:
            thing: What is at fault; None for the module as a whole.
            message: A clause that quotes the value, without a full stop.
            at: The argument whose line is given; by default the line where the block starts.
        """
        file, line, name = self._described(thing, at)
        return Fault(
            address=".".join(filter(None, (self.addresses[0], name))),
            message=message,
            file=self.sources.display(file),
            line=line,
        )

    def _described(self, thing: Thing | None, at: str) -> tuple[str, int, str]:
        """Return file, line and address of something in the module."""
        if thing is None:
            return str(self.files[0] if self.files else self.folder), 1, "terraform"
        if isinstance(thing, Local):
            return thing.file, thing.value.first_line, f"local.{thing.name}"
        block = thing if isinstance(thing, Block) else thing.body
        argument = block.attributes.get(at)
        line = argument.first_line if argument else block.first_line
        return block.file, line, _address(block)


class Sources:
    """The modules of one root, each read once.

    Args:
        root: The folder of the root module, or of any module.
        base: Files are told relative to this folder where they are below it.
        cache: A folder for parsed files; None for no cache.

    Attributes:
        cache: As given.
        modules: The root first, then the others in the order they are called.
        broken: What cannot be read, as faults; all other files are among the modules.
        read: Files that are no HCL and that rules looked at, or looked for.

    Raises:
        HclError: The folder of the root cannot be read, or holds no HCL.
    """

    def __init__(self, root: Path, *, base: Path, cache: Path | None = None) -> None:
        self.root = root.resolve()
        self._base = base.resolve()
        self.cache = cache
        self.broken: list[Fault] = []
        self.read: set[Path] = set()
        self._by_address: dict[str, Path] = {}
        self._read: dict[Path, Module] = {}
        self._incomplete: set[Path] = set()
        self._collect("", self.root)
        addresses: dict[Path, list[str]] = {}
        for address, folder in self._by_address.items():
            addresses.setdefault(folder, []).append(address)
        self._by_folder = {
            folder: SourceModule(
                sources=self,
                folder=folder,
                declared=module,
                addresses=tuple(sorted(addresses[folder])),
                files=tuple(sorted(_files(module))),
                complete=folder not in self._incomplete,
            )
            for folder, module in self._read.items()
        }
        self.modules = tuple(self._by_folder.values())

    def at(self, address: str) -> SourceModule | None:
        """Return the module that a call leads to; None if it is not local or cannot be read.

        Args:
            address: With or without instance keys; empty for the root.
        """
        folder = self._by_address.get(without_keys(address))
        return self._by_folder.get(folder) if folder else None

    def display(self, file: str) -> str:
        """Return a file's path as it is best told, with forward slashes."""
        path = Path(file)
        return (
            path.relative_to(self._base) if path.is_relative_to(self._base) else path
        ).as_posix()

    def beside(self) -> Iterator[tuple[Path, Module]]:
        """Yield the other folders beside the root that hold HCL, as far as they can be read."""
        for folder in sorted(self.root.parent.iterdir()):
            if folder == self.root or not any(folder.glob("*.tf")):
                continue
            try:
                yield folder, load_module(folder, cache=self.cache)
            except HclError:
                continue

    def _collect(self, address: str, folder: Path) -> None:
        """Read a module and those it calls; a folder that calls itself is read once."""
        if folder not in self._read:
            errors: list[HclError] = []
            self._read[folder] = load_module(folder, cache=self.cache, errors=errors)
            if errors:
                self._incomplete.add(folder)
            self.broken += [self._unreadable(address, error) for error in errors]
        self._by_address[address] = folder
        above = {self._by_address[parent] for parent in _parents(address)}
        for call in self._read[folder].module_calls.values():
            inner = (folder / call.source).resolve()
            if not call.source.startswith(_LOCAL) or inner in {folder, *above}:
                continue
            name = ".".join(filter(None, (address, "module", call.name)))
            try:
                self._collect(name, inner)
            except HclError as error:
                message = f'source = "{call.source}": {error.message}'
                line = call.body.attributes["source"].first_line
                self.broken.append(
                    Fault(address=name, message=message, file=self.display(call.file), line=line)
                )

    def _unreadable(self, address: str, error: HclError) -> Fault:
        found = _PLACE.fullmatch(error.message)
        file, line, message = found.groups() if found else (str(self.root), "0", error.message)
        return Fault(
            address=".".join(filter(None, (address, "terraform"))),
            message=message,
            file=self.display(file),
            line=int(line),
        )


def _files(module: Module) -> set[Path]:
    files = {block.file for block in module.blocks()}
    return set(map(Path, files | {local.file for local in module.locals.values()}))


def _parents(address: str) -> list[str]:
    """Return the addresses of the modules that a module is in, the root first."""
    steps = address.split(".")
    return [".".join(steps[:end]) for end in range(0, len(steps), 2)] if address else []


def _address(block: Block) -> str:
    """Return how Terraform names what a block declares, within its module."""
    prefix = _PREFIXES.get(block.type, block.type)
    return ".".join(filter(None, (prefix, *block.labels)))
