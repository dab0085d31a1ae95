"""The generated reference: inputs and outputs of modules, environments, commands and emulator."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any

import click

from tap.errors import TapError
from tap.plan import MASK
from tap.reports.markdown import one_line, prose, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tap.emulator.extensions import Patch
    from tap.hcl import Module, Variable

_CELL_LENGTH = 60
_ENV_IN_HELP = re.compile(r"\s*\[env: \w+\]")
_OTHER_EXIT_CODES = (
    (0, "", "Done."),
    (70, "", "A bug in `tap`: an exception that is none of the above."),
    (130, "", "Interrupted by Ctrl-C."),
)


def module_tables(module: Module) -> str:
    """Return the tables of inputs and outputs of a module, as Markdown.

    Types and defaults that do not fit a table follow it in full.
    """
    variables = sorted(module.variables.values(), key=lambda item: (not item.required, item.name))
    inputs = [
        (
            f"`{item.name}`",
            prose(item.description),
            _code(item.type),
            _code(_default(item)) if item.default else "",
            "yes" if item.required else "no",
        )
        for item in variables
    ]
    outputs = [
        (f"`{item.name}`", prose(item.description) + (" Sensitive." if item.sensitive else ""))
        for item in sorted(module.outputs.values(), key=lambda item: item.name)
    ]
    parts = ["### Inputs", table(["Name", "Description", "Type", "Default", "Required"], inputs)]
    parts += [part for item in variables for part in _in_full(item)]
    parts += ["### Outputs", table(["Name", "Description"], outputs)]
    return "\n\n".join(parts)


def environment_table(inventories: Mapping[str, Mapping[str, Any]]) -> str:
    """Return how the environments differ, as Markdown with a trailing newline.

    Args:
        inventories: By environment: ``facts`` (subject to text), ``total`` and ``counts``
            (resource type to number) of its plan from nothing.
    """
    names = list(inventories)
    subjects = list(inventories[names[0]]["facts"])
    kinds = sorted({kind for inventory in inventories.values() for kind in inventory["counts"]})
    facts = [
        (subject, *(str(inventories[name]["facts"][subject]) for name in names))
        for subject in subjects
    ]
    totals = ("**all**", *(str(inventories[name]["total"]) for name in names))
    counts = [
        (f"`{kind}`", *(str(inventories[name]["counts"].get(kind, 0)) for name in names))
        for kind in kinds
    ]
    parts = [
        "# How the environments differ",
        "Read off the plans of the environments.",
        table(["", *names], facts),
        "## Resources",
        table(["Type", *names], [*counts, totals]),
    ]
    return "\n\n".join(parts) + "\n"


_SUBNETS = """\
`public`, `private` and `database` are tiers of subnets: any host in there, even one without a
security group, so that only routes and network ACLs stand in its way. They let pass the high ports
on which answers arrive."""


def network_reference(flows: Sequence[tuple[str, str, str]]) -> str:
    """Return who reaches whom in prod, as Markdown with a trailing newline.

    Args:
        flows: Source, destination and what gets through.
    """
    rows = [(f"`{source}`", f"`{destination}`", what) for source, destination, what in flows]
    parts = [
        "# Who reaches whom",
        "Proved from the plan of prod by [`tap prove`](../guides/prove.md); no more gets through.",
        "![Who reaches whom in prod](../pictures/network.svg)",
        _SUBNETS,
        table(["From", "To", "What gets through"], rows),
    ]
    return "\n\n".join(parts) + "\n"


def output_table(stack: Module) -> str:
    """Return the outputs of every environment, as Markdown with a trailing newline.

    Args:
        stack: The composition; each output is an object whose entries are listed.
    """
    sections = []
    for output in sorted(stack.outputs.values(), key=lambda item: item.name):
        entries = output.value.entries if output.value is not None else {}
        rows = [
            (f"`{output.name}.{key}`", f"`{' '.join(value.text.split())}`")
            for key, value in sorted(entries.items())
        ]
        sections += [
            f"## {output.name}",
            output.description,
            table(["Output", "Value"], rows),
        ]
    head = (
        "# Outputs of an environment\n\nEvery environment has them; other stacks read them "
        "from its state. Where a value is a map, it is keyed by tier, zone, color or name. "
        "No secret is among them."
    )
    return "\n\n".join([head, *sections]) + "\n"


def emulator_table(patches: Iterable[Patch]) -> str:
    """Return what the embedded emulator cures, as Markdown with a trailing newline.

    Args:
        patches: All of them; the first word of an id is the service.
    """
    services: dict[str, list[Patch]] = {}
    for patch in sorted(patches, key=lambda item: item.id):
        services.setdefault(patch.id.partition("-")[0], []).append(patch)
    introduction = (
        "The emulator is moto's server with these patches. Each symptom is what stock moto shows; "
        "`tests/integration/emulator/test_patches.py` finds it there and not here."
    )
    parts = ["# What the embedded emulator cures", introduction]
    for service, cured in services.items():
        rows = [(f"`{patch.id}`", prose(patch.symptom)) for patch in cured]
        parts += [f"## {service}", table(["Patch", "Symptom in stock moto"], rows)]
    return "\n\n".join(parts) + "\n"


def cli_reference(command: click.Command, name: str) -> str:
    """Return the reference of a command and all below it, as Markdown with a trailing newline.

    Args:
        command: The root of the tree.
        name: What a person types to run it.
    """
    sections = list(_sections(command, _context(command, name)))
    sections += [
        "## Exit codes",
        table(["Code", "Error", "Meaning"], [(str(c), e, m) for c, e, m in _exit_codes()]),
    ]
    return "\n\n".join(["# Command-line reference", *sections]) + "\n"


def _sections(command: click.Command, context: click.Context) -> Iterator[str]:
    yield f"## `{context.command_path}`"
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f"```text\n{usage}\n```"
    yield inspect.cleandoc((command.help or "").partition("\f")[0]).replace("\b\n", "")
    options = [
        _option(parameter, context)
        for parameter in command.get_params(context)
        if isinstance(parameter, click.Option)
        and not parameter.hidden
        and not (context.parent and parameter is command.get_help_option(context))
    ]
    if options:
        yield table(["Option", "Description", "Default", "Variable"], options)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                yield from _sections(inner, _context(inner, name, context))


def _context(
    command: click.Command, name: str, parent: click.Context | None = None
) -> click.Context:
    return click.Context(command, info_name=name, parent=parent, **command.context_settings)


def _option(option: click.Option, context: click.Context) -> tuple[str, str, str, str]:
    names = ", ".join([*option.opts, *option.secondary_opts])
    metavar = "" if option.is_flag or option.count else f" {option.make_metavar(context)}"
    default = option.get_default(context, call=False)
    shown = isinstance(default, str | int | float) and default not in {"", False}
    variables = [option.envvar] if isinstance(option.envvar, str) else option.envvar or []
    return (
        _code(names + metavar, limit=False),
        prose(_ENV_IN_HELP.sub("", option.help or "")),
        _code(str(default)) if shown else "",
        ", ".join(f"`{variable}`" for variable in variables),
    )


def _exit_codes() -> list[tuple[int, str, str]]:
    """Return code, class name and meaning of every error of ``tap``, by code."""
    rows = [
        (kind.exit_code, f"`{kind.__name__}`", prose((kind.__doc__ or "").split("\n\n")[0]))
        for kind in _with_subclasses(TapError)
    ]
    return sorted([*rows, *_OTHER_EXIT_CODES], key=lambda row: row[0])


def _with_subclasses(kind: type[TapError]) -> Iterator[type[TapError]]:
    yield kind
    for inner in kind.__subclasses__():
        if inner.__module__ == TapError.__module__:
            yield from _with_subclasses(inner)


def _in_full(variable: Variable) -> Iterator[str]:
    """Yield the type and default of a variable that the table had to cut."""
    for word, text in (("Type", variable.type), ("Default", _default(variable))):
        if one_line(text) != text or len(text) > _CELL_LENGTH:
            yield f"{word} of `{variable.name}`:"
            first, _, rest = text.partition("\n")
            yield f"```text\n{first}\n{_outdented(rest)}\n```" if rest else f"```text\n{text}\n```"


def _default(variable: Variable) -> str:
    if variable.default is None:
        return ""
    if variable.sensitive and variable.default.value is not None:
        return MASK
    return variable.default.text


def _code(text: str, *, limit: bool = True) -> str:
    """Return source for a cell; where it is long, without what its brackets hold."""
    line = one_line(text)
    if not line:
        return ""
    if limit and (len(line) > _CELL_LENGTH or "\n" in text):
        start = re.match(r"[\w({\[]*[({\[]", line)
        line = f"{start.group()}...{_closing(start.group())}" if start else line[:_CELL_LENGTH]
    escaped = line.replace("|", "\\|")
    return f"`{escaped}`"


def _outdented(lines: str) -> str:
    """Take the indent of the last line, which closes the first, off all lines."""
    indent = re.search(r"[ \t]*(?=[^\n]*\Z)", lines)
    return re.sub(f"^{indent.group() if indent else ''}", "", lines, flags=re.MULTILINE)


def _closing(opened: str) -> str:
    pairs = {"(": ")", "{": "}", "[": "]"}
    return "".join(pairs[sign] for sign in reversed(opened) if sign in pairs)
