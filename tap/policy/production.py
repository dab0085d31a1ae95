"""Which environments have to bear production."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap.policy.planned import Planned


def is_production(planned: Planned) -> bool:
    """Tell whether a plan has to be fit for production.

    What is not known to be another environment has to: a plan without one, such as that of any
    root outside the project, is judged as strictly as a protected environment.
    """
    return planned.protected or not planned.environment
