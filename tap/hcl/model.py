"""What a Terraform module declares, with the file and lines of each part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tap.hcl.blocks import Block, Expression

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Declared(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something declared by a block of its own."""

    body: Block

    @property
    def file(self) -> str:
        """The file it stands in, as it was opened."""
        return self.body.file

    @property
    def first_line(self) -> int:
        """Where its block starts, from 1."""
        return self.body.first_line

    @property
    def last_line(self) -> int:
        """Where its block ends."""
        return self.body.last_line

    @property
    def depends_on(self) -> tuple[str, ...]:
        """The source of each element of ``depends_on``."""
        found = self.body.attributes.get("depends_on")
        return tuple(item.text for item in found.items) if found else ()


class _Repeated(_Declared, frozen=True, kw_only=True, omit_defaults=True):
    """Something that can be declared several times by one block."""

    @property
    def for_each(self) -> Expression | None:
        """The ``for_each`` argument."""
        return self.body.attributes.get("for_each")

    @property
    def count(self) -> Expression | None:
        """The ``count`` argument."""
        return self.body.attributes.get("count")


class RequiredProvider(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of ``required_providers``."""

    source: str = ""
    version: str = ""
    configuration_aliases: tuple[str, ...] = ()


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All ``terraform`` blocks of a module together."""

    required_version: str = ""
    required_providers: dict[str, RequiredProvider] = {}
    backend: Block | None = None
    blocks: tuple[Block, ...] = ()


class Provider(_Declared, frozen=True, kw_only=True):
    """A provider configuration."""

    name: str
    alias: str = ""

    @property
    def address(self) -> str:
        """The name that ``provider`` arguments use: ``aws`` or ``aws.replica``."""
        return f"{self.name}.{self.alias}" if self.alias else self.name


class Validation(msgspec.Struct, frozen=True, kw_only=True):
    """A validation, precondition, postcondition or assertion."""

    condition: Expression
    error_message: Expression
    body: Block


class Variable(_Declared, frozen=True, kw_only=True):
    """An input of the module.

    Attributes:
        type: The type constraint as written; empty without one.
        default: None where the variable must be given.
    """

    name: str
    type: str = ""
    default: Expression | None = None
    description: str = ""
    nullable: bool = True
    sensitive: bool = False
    ephemeral: bool = False
    validations: tuple[Validation, ...] = ()

    @property
    def required(self) -> bool:
        """Whether a caller must give it."""
        return self.default is None


class Local(msgspec.Struct, frozen=True, kw_only=True):
    """A local value."""

    name: str
    value: Expression
    file: str


class Resource(_Repeated, frozen=True, kw_only=True):
    """A resource; ``mode`` is ``managed``, ``data`` or ``ephemeral``."""

    mode: str
    type: str
    name: str

    @property
    def address(self) -> str:
        """The address within the module, such as ``data.aws_region.this``."""
        prefix = "" if self.mode == "managed" else f"{self.mode}."
        return f"{prefix}{self.type}.{self.name}"

    @property
    def lifecycle(self) -> Block | None:
        """The ``lifecycle`` block."""
        return next(iter(self.body.of_type("lifecycle")), None)

    @property
    def ignore_changes(self) -> tuple[str, ...]:
        """The attributes in ``ignore_changes`` as written; ``("all",)`` for all of them."""
        found = self.lifecycle.attributes.get("ignore_changes") if self.lifecycle else None
        if found is None:
            return ()
        return tuple(item.text for item in found.items) or (found.text,)

    @property
    def provider(self) -> str:
        """The provider configuration as written, such as ``aws.replica``; empty by default."""
        found = self.body.attributes.get("provider")
        return found.text if found else ""


class ModuleCall(_Repeated, frozen=True, kw_only=True):
    """A call of another module.

    Attributes:
        arguments: What is given to its variables.
        providers: Provider configurations by the name they have inside.
    """

    name: str
    source: str = ""
    version: str = ""
    arguments: dict[str, Expression] = {}
    providers: dict[str, str] = {}


class Output(_Declared, frozen=True, kw_only=True):
    """An output of the module; ``value`` is None where it is missing."""

    name: str
    value: Expression | None = None
    description: str = ""
    sensitive: bool = False
    ephemeral: bool = False


class Move(_Declared, frozen=True, kw_only=True):
    """A ``moved`` block; both addresses as written."""

    source: str
    destination: str


class Import(_Declared, frozen=True, kw_only=True):
    """An ``import`` block; the address as written."""

    to: str
    id: Expression | None = None


class Removal(_Declared, frozen=True, kw_only=True):
    """A ``removed`` block; the address as written."""

    source: str


class Check(_Declared, frozen=True, kw_only=True):
    """A ``check`` block."""

    name: str
    assertions: tuple[Validation, ...] = ()


class Module(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything that the files of one folder declare, or one file of it.

    Attributes:
        path: The folder or file.
        resources: Resources and data sources by address.
        providers: Provider configurations by address.
        attributes: Top-level arguments, as in ``.tfvars`` files.
        others: Blocks of other kinds, such as ``run`` in test files.
    """

    path: str
    settings: Settings = Settings()
    providers: dict[str, Provider] = {}
    variables: dict[str, Variable] = {}
    locals: dict[str, Local] = {}
    resources: dict[str, Resource] = {}
    module_calls: dict[str, ModuleCall] = {}
    outputs: dict[str, Output] = {}
    checks: dict[str, Check] = {}
    moves: tuple[Move, ...] = ()
    imports: tuple[Import, ...] = ()
    removals: tuple[Removal, ...] = ()
    attributes: dict[str, Expression] = {}
    others: tuple[Block, ...] = ()

    def blocks(self) -> Iterator[Block]:
        """Yield every top-level block except ``locals``, in no order across kinds."""
        declared: tuple[_Declared, ...] = (
            *self.providers.values(),
            *self.variables.values(),
            *self.resources.values(),
            *self.module_calls.values(),
            *self.outputs.values(),
            *self.checks.values(),
            *self.moves,
            *self.imports,
            *self.removals,
        )
        yield from self.settings.blocks
        yield from (item.body for item in declared)
        yield from self.others

    def references(self) -> tuple[str, ...]:
        """Return everything the module refers to, sorted, each once.

        Addresses in ``moved`` and ``removed`` blocks are left out: they name what is gone.
        """
        gone = {id(declared.body) for declared in (*self.moves, *self.removals)}
        found = {
            reference
            for block in self.blocks()
            if id(block) not in gone
            for reference in block.references()
        }
        found.update(*(local.value.references for local in self.locals.values()))
        return tuple(sorted(found))
