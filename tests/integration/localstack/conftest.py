"""The option by which what LocalStack shows is recorded again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--write-localstack``."""
    parser.addoption(
        "--write-localstack",
        action="store_true",
        default=False,
        help="record which requirements LocalStack shows instead of comparing them",
    )
