"""Reads botocore's descriptions of AWS services, megabytes of JSON, by msgspec."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import msgspec
from botocore.loaders import JSONFileLoader


class ServiceModelFiles(JSONFileLoader):
    """What a ``botocore.loaders.Loader`` reads files with; decodes them by msgspec."""

    def load_file(self, file_path: str) -> Any:  # noqa: ANN401 - as in botocore
        """Return the content of a file, compressed or not; None if there is none.

        Args:
            file_path: Without ``.json`` or ``.json.gz``.
        """
        plain, compressed = Path(f"{file_path}.json"), Path(f"{file_path}.json.gz")
        if plain.is_file():
            return msgspec.json.decode(plain.read_bytes())
        if compressed.is_file():
            return msgspec.json.decode(gzip.decompress(compressed.read_bytes()))
        return None
