"""The modules of a root, read when they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.evaluation.addresses import parent_call
from tap.hcl import load_module

if TYPE_CHECKING:
    from pathlib import Path

    from tap.hcl import Module


class Folders:
    """Local modules by address.

    Args:
        root: The folder of the root module.
        cache: A folder that keeps parsed files; None to parse them each time.
    """

    def __init__(self, root: Path, *, cache: Path | None = None) -> None:
        self._cache = cache
        self._folders: dict[str, Path | None] = {"": root}
        self._modules: dict[Path, Module] = {}

    def module(self, address: str) -> Module | None:
        """Return a module; None if it is not local.

        Args:
            address: Without instance keys; empty for the root.

        Raises:
            HclError: A file of it cannot be read.
        """
        folder = self._folder(address)
        if folder is None:
            return None
        if folder not in self._modules:
            self._modules[folder] = load_module(folder, cache=self._cache)
        return self._modules[folder]

    def _folder(self, address: str) -> Path | None:
        if address not in self._folders:
            parent, name, _ = parent_call(address)
            outer, folder = self.module(parent), self._folder(parent)
            call = outer.module_calls.get(name) if outer else None
            local = call is not None and call.source.startswith(("./", "../"))
            self._folders[address] = (
                folder.joinpath(call.source).resolve() if call and local and folder else None
            )
        return self._folders[address]
