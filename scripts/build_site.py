"""Build the site of the documents from the pages that lie all over the repository.

The pages are written for whoever reads them in the repository. The site's generator wants them in
one folder and is stricter about lists and links; so they are staged, with their folders, in a
temporary one: links to folders lead to their README, and what a list item goes on with is indented
as the generator expects it.
"""  # noqa: INP001 - a script is no package

from __future__ import annotations

import argparse
import logging
import re
import shutil
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = ("*.md", "backend/*.md", "docs/**/*.md", "modules/*/*.md")

_FENCE = re.compile(r"^ *(```|~~~)")
_ITEM = re.compile(r"^( *)([-*]|\d+\.)( +)")
_LINK = re.compile(r"(\]\()([^)\s#]+)((?:#[^)\s]*)?\))")
# Python-Markdown's indent of what belongs to a list item, at each level.
_INDENT = 4


def pages(root: Path) -> list[Path]:
    """Return every page, relative to the checkout."""
    found = {file for pattern in PAGES for file in root.glob(pattern)}
    return sorted(file.relative_to(root) for file in found)


def staged(text: str, page: Path, root: Path) -> tuple[str, set[Path]]:
    """Return a page as the generator wants it, and the files besides pages that it links to.

    Args:
        text: The page.
        page: Where it lies, relative to the checkout.
        root: The checkout.
    """
    files: set[Path] = set()

    def lead(match: re.Match[str]) -> str:
        before, link, after = match.groups()
        if re.match(r"[a-z]+:", link):
            return match[0]
        target = (root / page.parent / link).resolve()
        if target.is_dir() and (target / "README.md").is_file():
            return f"{before}{link.rstrip('/')}/README.md{after}"
        if target.is_file() and target.suffix != ".md":
            files.add(target.relative_to(root))
        return match[0]

    lines: list[str] = []
    for line, fenced in _with_fences(text):
        lines.append(line if fenced else _LINK.sub(lead, line))
    return reindented("\n".join(lines)), files


def reindented(text: str) -> str:
    """Return Markdown whose list items go on four columns further in, level by level."""
    found: list[str] = []
    levels: list[int] = []  # where the text of each open item begins
    loose = False  # whether the item before this line has several paragraphs
    for line, fenced in _with_fences(text):
        if not line.strip():
            found.append(line)
            loose = bool(levels)
            continue
        width = len(line) - len(line.lstrip())
        item = None if fenced else _ITEM.match(line)
        while levels and width < levels[-1] and not (fenced and width >= levels[0]):
            levels.pop()
        if item and found and found[-1].strip() and (loose or _ends_a_paragraph(found[-1])):
            found.append("")
        if item or not levels:
            loose = False
        shift = _INDENT * len(levels) - (levels[-1] if levels else 0)
        if item:
            found.append(" " * (_INDENT * len(levels)) + line.lstrip())
            levels.append(item.end())
        else:
            found.append(" " * (width + shift) + line.lstrip() if levels else line)
    return "\n".join(found) + "\n"


def _ends_a_paragraph(line: str) -> bool:
    return bool(line.strip()) and not line.startswith((" ", "-", "*", "#", "|", "<!--"))


def _with_fences(text: str) -> list[tuple[str, bool]]:
    """Return each line, and whether it belongs to a block of code."""
    found, inside = [], False
    for line in text.splitlines():
        fence = bool(_FENCE.match(line))
        found.append((line, inside or fence))
        inside ^= fence
    return found


def stage(root: Path, folder: Path) -> None:
    """Write every page, and what it shows or offers, below a folder."""
    pictures = {file.relative_to(root) for file in root.glob("docs/pictures/*.svg")}
    for page in pages(root):
        text, files = staged((root / page).read_text(encoding="utf-8"), page, root)
        (folder / page).parent.mkdir(parents=True, exist_ok=True)
        (folder / page).write_text(text, encoding="utf-8")
        pictures |= files
    for file in sorted(pictures):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / file, folder / file)


def build(root: Path, site: Path) -> int:
    """Build the site; return 1 if the generator has anything to say against it."""
    # Late, so that pages can be staged and looked at without the generator.
    from mkdocs.commands.build import build as build_site  # noqa: PLC0415
    from mkdocs.config import load_config  # noqa: PLC0415
    from mkdocs.exceptions import Abort, ConfigurationError  # noqa: PLC0415
    from pymdownx.slugs import slugify  # noqa: PLC0415

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    with tempfile.TemporaryDirectory(prefix="tap-site-") as folder:
        stage(root, Path(folder))
        try:
            config = load_config(
                str(root / "mkdocs.yml"), docs_dir=folder, site_dir=str(site), strict=True
            )
            # The anchors that links in the repository use.
            config.mdx_configs["toc"]["slugify"] = slugify(case="lower")
            build_site(config)
        except (Abort, ConfigurationError) as error:
            sys.stderr.write(f"ERROR {error}\n")
            return 1
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Build the site into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", type=Path, help="the folder; what is in it is replaced")
    parser.add_argument("--root", type=Path, default=REPOSITORY, help="the checkout")
    options = parser.parse_args(arguments)
    return build(options.root, options.site.resolve())


if __name__ == "__main__":
    sys.exit(main())
