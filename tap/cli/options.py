"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable


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
    """Add ``--no-warm``."""
    return click.option(
        "--warm/--no-warm",
        default=True,
        envvar="TAP_WARM",
        help="Whether reading commands share provider processes that tap keeps ready. "
        "[env: TAP_WARM]",
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
