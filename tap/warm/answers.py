"""The answers of a provider that depend on the question alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.warm.wire import echoed_config, echoes_config

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap.warm.cache import AnswerCache

SCHEMA = "/tfplugin5.Provider/GetSchema"
PREPARE = "/tfplugin5.Provider/PrepareProviderConfig"


class Answers:
    """The answers that need no provider process.

    Args:
        cache: Where they are kept.
        digest: Of the provider package.
        environ: The variables of the command that is served.
    """

    def __init__(self, cache: AnswerCache, digest: str, environ: Mapping[str, str]) -> None:
        self._cache, self._digest, self._environ = cache, digest, environ
        self._schema: bytes | None = None

    def known(self, method: str, request: bytes) -> bytes | None:
        """Return the answer to a call, or None."""
        if method == SCHEMA:
            if self._schema is None:
                self._schema = self._cache.get(self._key(method, request))
            return self._schema
        if method == PREPARE and self._cache.get(self._key(method, request)) is not None:
            return echoed_config(request)
        return None

    def learn(self, method: str, request: bytes, response: bytes) -> None:
        """Keep an answer if it is one that may be given again."""
        if method == SCHEMA:
            self._schema = response
            self._cache.put(self._key(method, request), response)
        elif method == PREPARE and echoes_config(request, response):
            # The configuration may hold credentials; that it comes back unchanged is enough.
            self._cache.put(self._key(method, request), b"")

    def _key(self, method: str, request: bytes) -> str:
        return self._cache.key(self._digest, method, request, environ=self._environ)
