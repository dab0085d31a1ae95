"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable


# Where a context keeps the value of --warm.
WARM = "tap.warm"

_F = TypeVar("_F", bound="Callable[..., Any]")


def environment_argument(function: _F) -> _F:
    """Add the ENV argument."""
    return click.argument("environment", metavar="ENV")(function)


def target_options(function: _F) -> _F:
    """Add ``--target`` and ``--suffix``."""
    function = click.option(
        "--suffix",
        default="",
        envvar="TAP_SUFFIX",
        metavar="TEXT",
        help="Work on a second copy of the environment, such as pr42. [env: TAP_SUFFIX]",
    )(function)
    return click.option(
        "--target",
        default="local",
        envvar="TAP_TARGET",
        metavar="NAME",
        help="local (the embedded emulator, the default), localstack or aws. [env: TAP_TARGET]",
    )(function)


def lock_option(function: _F) -> _F:
    """Add ``--lock-timeout``."""
    return click.option(
        "--lock-timeout",
        default="0s",
        envvar="TAP_LOCK_TIMEOUT",
        metavar="TIME",
        help="How long to wait for the state lock, such as 5m. [env: TAP_LOCK_TIMEOUT]",
    )(function)


def warm_option(function: _F) -> _F:
    """Add ``--no-warm``; :func:`tap.cli.session.warm_providers` heeds it."""

    def remember(context: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's
        context.meta[WARM] = value

    return click.option(
        "--warm/--no-warm",
        default=True,
        envvar="TAP_WARM",
        callback=remember,
        expose_value=False,
        help="Whether reading commands share provider processes that tap keeps ready. "
        "[env: TAP_WARM]",
    )(function)


def consent_options(function: _F) -> _F:
    """Add ``--yes``, ``--allow-destroy`` and ``--protect``."""
    function = click.option(
        "--allow-destroy",
        multiple=True,
        metavar="ADDRESS",
        help="What holds data and may end in a protected environment; may be given again.",
    )(function)
    return confirmation_options(function)


def confirmation_options(function: _F) -> _F:
    """Add ``--yes`` and ``--protect``."""
    function = click.option(
        "--protect",
        is_flag=True,
        envvar="TAP_PROTECT",
        help="Protect a protected environment on an emulator, too. [env: TAP_PROTECT]",
    )(function)
    return click.option(
        "--yes", is_flag=True, help="Where it is asked for, do not ask for the environment's name."
    )(function)


def summary_option(function: _F) -> _F:
    """Add ``--output`` with the forms of a summary."""
    return click.option(
        "--output",
        "output_format",
        type=click.Choice(["text", "json", "markdown"]),
        default="text",
        envvar="TAP_OUTPUT",
        help="Form of the data on standard output. [env: TAP_OUTPUT]",
    )(function)


def report_option(function: _F) -> _F:
    """Add ``--output`` with the forms of a report that is shown to others."""
    return click.option(
        "--output",
        "output_format",
        type=click.Choice(["text", "json", "markdown", "html"]),
        default="text",
        envvar="TAP_OUTPUT",
        help="Form of the report on standard output. [env: TAP_OUTPUT]",
    )(function)


def output_option(function: _F) -> _F:
    """Add ``--output``."""
    return click.option(
        "--output",
        "output_format",
        type=click.Choice(["text", "json"]),
        default="text",
        envvar="TAP_OUTPUT",
        help="Form of the data on standard output. [env: TAP_OUTPUT]",
    )(function)
