"""Where the configuration of a plan is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tap.evaluation import Folders

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Where the configuration of a plan is.

    Attributes:
        root: The folder of the root module.
        cache: A folder that keeps parsed files; None to parse them each time.
    """

    root: Path
    cache: Path | None = None

    @cached_property
    def folders(self) -> Folders:
        """The modules, which proofs of network and access read once between them."""
        return Folders(self.root, cache=self.cache)
