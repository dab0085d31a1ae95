"""Fixtures for the tests of Terraform modules."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tap.warm.commands import reason_against
from tap.warm.providers import WarmProviders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# The fixture ``terraform_coverage`` and its option.
pytest_plugins = ["tap.coverage.recording"]


@pytest.fixture(scope="session")
def warm_variables() -> Iterator[Callable[..., dict[str, str]]]:
    """Return a function that gives warm providers to commands that only read.

    It takes the folder of a root after ``terraform init`` and the variables that Terraform will
    be run with besides those of this process, and returns them with what warm providers need
    added. With ``TAP_WARM=0`` it adds nothing. Give the result to tftest::

        test = tftest.TerraformTest(folder)
        test.init()
        test.env.update(warm_variables(folder))
        plan = test.plan(output=True)

    Raises:
        ProviderMismatchError: The installed provider is not the one that the lock file names.
    """
    with WarmProviders() as providers:

        def variables(root: str | Path, environ: Mapping[str, str] | None = None) -> dict[str, str]:
            own = dict(environ or {})
            everything = {**os.environ, **own}
            if reason_against(everything):
                return own
            attached = providers.attach(Path(root), everything)
            return {**own, **attached.variables} if attached else own

        yield variables
