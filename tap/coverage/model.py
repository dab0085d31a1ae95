"""What can be covered, and what was."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """What a part of a module is, in the order of reports."""

    RESOURCE = "resource"
    OUTPUT = "output"
    VARIABLE = "variable"
    VALIDATION = "validation"
    CONDITION = "condition"


BRANCHES: dict[str, tuple[str, ...]] = {
    Kind.RESOURCE: ("asserted",),
    Kind.OUTPUT: ("asserted",),
    Kind.VARIABLE: ("given",),
    Kind.VALIDATION: ("passed", "tripped"),
    "choice": ("true", "false"),
    "filter": ("kept", "left out"),
    "gate": ("some", "none"),
}


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a module that a test can exercise.

    Attributes:
        kind: What it is.
        module: The folder, from the root of the repository, such as ``modules/vpc``.
        file: The file within the repository.
        line: Where it starts, from 1.
        last_line: Where it ends.
        name: An address, or the source of a condition.
        owner: The block or local value that it is part of, such as ``aws_lb.this``.
        branches: What must be seen of it.
        repeats: Whether it decides how many instances its owner has.
    """

    kind: Kind
    module: str
    file: str
    line: int
    last_line: int
    name: str
    owner: str
    branches: tuple[str, ...]
    repeats: bool = False

    def is_at(self, file: str, line: int) -> bool:
        """Tell whether it stands on a line; the file without its folder."""
        return self.line <= line <= self.last_line and self.file.rpartition("/")[2] == file


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """One branch of an item with what was seen of it.

    Attributes:
        item: The item.
        name: Which of its branches.
        tests: The asserting tests that exercise it, sorted.
        excused: Why no test can; empty where one could.
        unknown: Whether it was reached but its value could not be worked out.
    """

    item: Item
    name: str
    tests: tuple[str, ...] = ()
    excused: str = ""
    unknown: bool = False

    @property
    def covered(self) -> bool:
        """Whether some asserting test exercises it."""
        return bool(self.tests)

    @property
    def counts(self) -> bool:
        """Whether it is part of the total."""
        return self.covered or not self.excused


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """All branches, in the order of modules, files and lines."""

    branches: tuple[Branch, ...]

    def modules(self) -> tuple[str, ...]:
        """Return the modules, in order."""
        return tuple(dict.fromkeys(branch.item.module for branch in self.branches))

    def of(self, *, module: str = "", kind: Kind | None = None, file: str = "") -> Coverage:
        """Return a part: of a module, a kind, a file; of each for which nothing is given."""
        return Coverage(
            branches=tuple(
                branch
                for branch in self.branches
                if (not module or branch.item.module == module)
                and (kind is None or branch.item.kind == kind)
                and (not file or branch.item.file == file)
            )
        )

    @property
    def total(self) -> int:
        """How many branches there are that a test could exercise."""
        return sum(branch.counts for branch in self.branches)

    @property
    def covered(self) -> int:
        """How many branches are exercised."""
        return sum(branch.covered for branch in self.branches)

    @property
    def percent(self) -> float:
        """The share that is exercised, 0 to 100; 100 where there is nothing to exercise."""
        return 100 * self.covered / self.total if self.total else 100.0

    @property
    def missing(self) -> tuple[Branch, ...]:
        """What no asserting test exercises though one could."""
        return tuple(each for each in self.branches if each.counts and not each.covered)
