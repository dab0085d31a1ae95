"""The command line: parse arguments, call one function, map errors to exit codes."""

from tap.cli.main import main

__all__ = ["main"]
