"""Blocks to declarations: which block declares what.

Source: https://developer.hashicorp.com/terraform/language
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tap.errors import HclError
from tap.hcl.model import (
    Check,
    Import,
    Local,
    Module,
    ModuleCall,
    Move,
    Output,
    Provider,
    Removal,
    RequiredProvider,
    Resource,
    Settings,
    Validation,
    Variable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tap.hcl.blocks import Block, Expression

_LABELS = {
    "check": ("name",),
    "data": ("type", "name"),
    "ephemeral": ("type", "name"),
    "module": ("name",),
    "output": ("name",),
    "provider": ("name",),
    "resource": ("type", "name"),
    "variable": ("name",),
}
_MODES = {"resource": "managed", "data": "data", "ephemeral": "ephemeral"}
_CALL_ARGUMENTS = frozenset({"count", "depends_on", "for_each", "providers", "source", "version"})
# The fields of a module that hold one declaration a name, with the word for messages.
_NAMED = {
    "providers": "provider",
    "variables": "variable",
    "locals": "local",
    "resources": "resource",
    "module_calls": "module",
    "outputs": "output",
    "checks": "check",
    "attributes": "argument",
}


def module_of(file: Block) -> Module:
    """Return what one file declares.

    Raises:
        HclError: A block lacks a label or a required argument, or a name is declared twice.
    """
    collected = merged(file.file, map(declared_by, file.blocks))
    return msgspec.structs.replace(collected, attributes=file.attributes)


def merged(path: str, modules: Iterable[Module]) -> Module:
    """Return several files as one module.

    Raises:
        HclError: Two of them declare the same name.
    """
    fields: dict[str, Any] = {field.name: {} for field in msgspec.structs.fields(Module)}
    fields |= {"path": path, "settings": Settings()}
    fields |= dict.fromkeys(("moves", "imports", "removals", "others"), ())
    for module in modules:
        for field, word in _NAMED.items():
            _add_names(fields[field], getattr(module, field), word)
        for field in ("moves", "imports", "removals", "others"):
            fields[field] += getattr(module, field)
        fields["settings"] = merged_settings(fields["settings"], module.settings)
    return Module(**fields)


def _add_names(known: dict[str, Any], new: dict[str, Any], word: str) -> None:
    for name, declared in new.items():
        if name in known:
            first = known[name]
            raise HclError(
                f"{_where(declared)}: {word} '{name}' is declared twice, first at {_where(first)}",
                "remove or rename one of the two",
            )
        known[name] = declared


def _where(declared: Any) -> str:  # noqa: ANN401 - whatever a module holds by name
    if isinstance(declared, Local):
        return f"{declared.file}:{declared.value.first_line}:1"
    return f"{getattr(declared, 'file', 'line')}:{declared.first_line}:1"


def merged_settings(one: Settings, other: Settings) -> Settings:
    """Return the ``terraform`` blocks of two files as one; the second wins."""
    return Settings(
        required_version=other.required_version or one.required_version,
        required_providers=one.required_providers | other.required_providers,
        backend=other.backend or one.backend,
        blocks=one.blocks + other.blocks,
    )


def declared_by(block: Block) -> Module:
    """Return one top-level block as a module that declares nothing else.

    Raises:
        HclError: The block lacks a label or a required argument.
    """
    wanted = _LABELS.get(block.type, ())
    if block.type in _LABELS and len(block.labels) != len(wanted):
        raise HclError(
            f"{block.file}:{block.first_line}:1: a {block.type} block needs "
            f"{len(wanted)} label{'s' * (len(wanted) > 1)} ({', '.join(wanted)}), "
            f"got {len(block.labels)}",
            f"write: {block.type} "
            + " ".join(f'"{label.upper()}"' for label in wanted)
            + " { ... }",
        )
    make = _MAKERS.get(block.type)
    return make(block) if make else Module(path=block.file, others=(block,))


def _settings(block: Block) -> Module:
    required = {
        name: _required_provider(value)
        for inner in block.of_type("required_providers")
        for name, value in inner.attributes.items()
    }
    settings = Settings(
        required_version=block.text("required_version") or "",
        required_providers=required,
        backend=next(iter((*block.of_type("backend"), *block.of_type("cloud"))), None),
        blocks=(block,),
    )
    return Module(path=block.file, settings=settings)


def _required_provider(value: Expression) -> RequiredProvider:
    if value.string is not None:
        return RequiredProvider(version=value.string)
    source, version = (value.entries.get(key) for key in ("source", "version"))
    aliases = value.entries.get("configuration_aliases")
    return RequiredProvider(
        source=(source.string if source else None) or "",
        version=(version.string if version else None) or "",
        configuration_aliases=tuple(item.text for item in aliases.items) if aliases else (),
    )


def _provider(block: Block) -> Module:
    provider = Provider(body=block, name=block.labels[0], alias=block.text("alias") or "")
    return Module(path=block.file, providers={provider.address: provider})


def _variable(block: Block) -> Module:
    [name] = block.labels
    kind = block.attributes.get("type")
    variable = Variable(
        body=block,
        name=name,
        type=kind.text if kind else "",
        default=block.attributes.get("default"),
        description=block.text("description") or "",
        nullable=_flag(block, "nullable", default=True),
        sensitive=_flag(block, "sensitive"),
        ephemeral=_flag(block, "ephemeral"),
        validations=tuple(map(_validation, block.of_type("validation"))),
    )
    return Module(path=block.file, variables={name: variable})


def _locals(block: Block) -> Module:
    values = {
        name: Local(name=name, value=value, file=block.file)
        for name, value in block.attributes.items()
    }
    return Module(path=block.file, locals=values)


def _resource(block: Block) -> Module:
    kind, name = block.labels
    resource = Resource(body=block, mode=_MODES[block.type], type=kind, name=name)
    return Module(path=block.file, resources={resource.address: resource})


def _call(block: Block) -> Module:
    [name] = block.labels
    providers = block.attributes.get("providers")
    call = ModuleCall(
        body=block,
        name=name,
        source=block.text("source") or "",
        version=block.text("version") or "",
        arguments={
            argument: value
            for argument, value in block.attributes.items()
            if argument not in _CALL_ARGUMENTS
        },
        providers=(
            {inner: outer.text for inner, outer in providers.entries.items()} if providers else {}
        ),
    )
    return Module(path=block.file, module_calls={name: call})


def _output(block: Block) -> Module:
    [name] = block.labels
    output = Output(
        body=block,
        name=name,
        value=block.attributes.get("value"),
        description=block.text("description") or "",
        sensitive=_flag(block, "sensitive"),
        ephemeral=_flag(block, "ephemeral"),
    )
    return Module(path=block.file, outputs={name: output})


def _check(block: Block) -> Module:
    [name] = block.labels
    check = Check(
        body=block, name=name, assertions=tuple(map(_validation, block.of_type("assert")))
    )
    # A data source inside a check is one of the module, only its errors are treated otherwise.
    scoped = merged(block.file, map(_resource, block.of_type("data")))
    return Module(path=block.file, checks={name: check}, resources=scoped.resources)


def _move(block: Block) -> Module:
    source, destination = (_needed(block, name).text for name in ("from", "to"))
    return Module(
        path=block.file, moves=(Move(body=block, source=source, destination=destination),)
    )


def _import(block: Block) -> Module:
    to = _needed(block, "to").text
    return Module(
        path=block.file, imports=(Import(body=block, to=to, id=block.attributes.get("id")),)
    )


def _removal(block: Block) -> Module:
    source = _needed(block, "from").text
    return Module(path=block.file, removals=(Removal(body=block, source=source),))


def _validation(block: Block) -> Validation:
    return Validation(
        condition=_needed(block, "condition"),
        error_message=_needed(block, "error_message"),
        body=block,
    )


def _needed(block: Block, name: str) -> Expression:
    found = block.attributes.get(name)
    if found is None:
        raise HclError(
            f"{block.file}:{block.first_line}:1: a {block.type} block needs the argument '{name}'",
            f"add {name} to the block that begins on line {block.first_line}",
        )
    return found


def _flag(block: Block, name: str, *, default: bool = False) -> bool:
    found = block.attributes.get(name)
    return found.value is True if found else default


_MAKERS: dict[str, Callable[[Block], Module]] = {
    "check": _check,
    "data": _resource,
    "ephemeral": _resource,
    "import": _import,
    "locals": _locals,
    "module": _call,
    "moved": _move,
    "output": _output,
    "provider": _provider,
    "removed": _removal,
    "resource": _resource,
    "terraform": _settings,
    "variable": _variable,
}
