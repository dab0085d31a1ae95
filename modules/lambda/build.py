"""Pack the functions of this module: ``functions/<name>/`` becomes ``functions/<name>.zip``.

Terraform takes a zip file only, and the AWS provider cannot make one. The zip files are kept next
to their sources, so that a plan needs nothing but Terraform, and the same sources give the same
bytes on every machine. Run it after each change of a source: ``python modules/lambda/build.py``.
"""  # noqa: INP001 - a script is no package

from __future__ import annotations

import argparse
import io
import sys
import zipfile
from pathlib import Path

FUNCTIONS = Path(__file__).resolve().parent / "functions"
# The earliest that a zip file can tell; the time of a checkout says nothing about the code.
TIME = (1980, 1, 1, 0, 0, 0)
# Lambda runs the code as another user, who must be able to read it.
READABLE = 0o100644 << 16
UNIX = 3


def pack(folder: Path) -> bytes:
    """Return the zip file of a function.

    Names are sorted, times, permissions and origin fixed. Nothing is compressed: what deflate
    makes of the same input differs between versions of zlib.

    Args:
        folder: Its Python files, in folders or not.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as package:
        for path in sorted(folder.rglob("*.py"), key=lambda path: path.as_posix()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), date_time=TIME)
            entry.create_system = UNIX
            entry.external_attr = READABLE
            package.writestr(entry, path.read_bytes())
    return stream.getvalue()


def main(arguments: list[str] | None = None) -> int:
    """Write or check the zip files; return 1 if one is not what its source would give."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="change nothing, list stale files")
    parser.add_argument("--functions", type=Path, default=FUNCTIONS, help="the folder of sources")
    options = parser.parse_args(arguments)
    stale = []
    for folder in sorted(path for path in options.functions.iterdir() if path.is_dir()):
        file, wanted = folder.with_suffix(".zip"), pack(folder)
        if file.is_file() and file.read_bytes() == wanted:
            continue
        stale.append(file)
        if not options.check:
            file.write_bytes(wanted)
    for file in stale:
        sys.stderr.write(f"{'stale' if options.check else 'written'}: {file.name}\n")
    return 1 if stale and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
