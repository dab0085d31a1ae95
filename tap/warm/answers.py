"""The answers of a provider that depend on the question alone."""

from __future__ import annotations

import hashlib
import zlib
from functools import cached_property
from typing import TYPE_CHECKING

from tap.warm.wire import WireError, contents, echoed_config, echoes_config, encode_field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap.warm.cache import AnswerCache
    from tap.warm.package import Package

SCHEMA = "/tfplugin5.Provider/GetSchema"
PREPARE = "/tfplugin5.Provider/PrepareProviderConfig"

# Terraform asks it for each resource before it configures the provider, and once more in a plan. An
# answer may not depend on AWS, as there is none to ask the first time.
_VALIDATE = "/tfplugin5.Provider/ValidateResourceTypeConfig"
_DIGEST_BYTES = 32
# As many valid configurations are remembered; prod has 380.
_MOST_VALID = 10_000

# Resources of so many nested blocks that the provider takes seconds for each of these calls. None
# of them asks AWS: there is no upgrade of an old schema, and what plans besides the schema itself
# (CustomizeDiff) only adds the default tags, which stand in the provider's configuration.
# Source: internal/service/wafv2/web_acl.go of the AWS provider 5.100
_COSTLY_TYPES = ("aws_wafv2_web_acl",)
# From version 6 on, a resource is planned with the region that the provider finds in any place.
_COSTLY_IN = "5."

# Each such call, and the fields of an answer without warnings and errors.
# Source: https://github.com/hashicorp/terraform/blob/v1.11/docs/plugin-protocol/tfplugin5.9.proto
_COSTLY_CALLS = {
    "/tfplugin5.Provider/UpgradeResourceState": frozenset({1}),
    # planned_state, requires_replace, planned_private, legacy_type_system
    "/tfplugin5.Provider/PlanResourceChange": frozenset({1, 2, 3, 5}),
}
_COSTLY_STARTS = tuple(encode_field(1, name.encode()) for name in _COSTLY_TYPES)

# So far back deflate finds what was there before (RFC 1951); an answer that could repeat what is
# further away is not kept.
_WINDOW_BYTES = 32_000
# The cache has a checksum of its own; one of answer and request would say something of both.
_WITHOUT_CHECKSUM = -zlib.MAX_WBITS

# How to reach AWS and as whom, which differs from run to run, is nothing to one who does not ask.
_ACCESS = ("AWS_ACCESS_KEY", "AWS_SECRET", "AWS_SESSION_TOKEN", "AWS_SECURITY", "AWS_ENDPOINT_URL")


class Answers:
    """The answers that need no provider process.

    Args:
        cache: Where they are kept.
        package: The provider.
        environ: The variables of the command that is served.
    """

    def __init__(self, cache: AnswerCache, package: Package, environ: Mapping[str, str]) -> None:
        self._cache, self._package, self._environ = cache, package, environ
        self._schema: bytes | None = None
        self._new_valid: set[bytes] = set()

    def known(self, method: str, request: bytes, configuration: bytes) -> bytes | None:
        """Return the answer to a call, or None.

        Args:
            method: Its path.
            request: What is asked.
            configuration: The request that configured the provider; empty before there was one.
        """
        if method == SCHEMA:
            if self._schema is None:
                self._schema = self._cache.get(self._key(method, request))
            return self._schema
        if method == PREPARE and self._cache.get(self._key(method, request)) is not None:
            return echoed_config(request)
        if method == _VALIDATE:
            asked = _digest(request, configuration)
            return b"" if asked in self._new_valid or asked in self._valid else None
        if self._is_costly(method, request):
            kept = self._cache.get(self._key_without_access(method, request, configuration))
            return None if kept is None else _whole(kept, request)
        return None

    def learn(self, method: str, request: bytes, response: bytes, configuration: bytes) -> None:
        """Keep an answer if it is one that may be given again."""
        if method == SCHEMA:
            self._schema = response
            self._cache.put(self._key(method, request), response)
        elif method == PREPARE and echoes_config(request, response):
            # The configuration may hold credentials; that it comes back unchanged is enough.
            self._cache.put(self._key(method, request), b"")
        elif method == _VALIDATE and response == b"":
            self._new_valid.add(_digest(request, configuration))
        elif self._is_costly(method, request) and _is_plain(method, request, response):
            key = self._key_without_access(method, request, configuration)
            self._cache.put(key, _difference(response, request))

    def close(self) -> None:
        """Remember which configurations of resources were valid."""
        if self._new_valid:
            kept = b"".join([*self._new_valid, *(self._valid - self._new_valid)][:_MOST_VALID])
            self._cache.put(self._valid_key, kept)

    @cached_property
    def _valid(self) -> set[bytes]:
        """The digests of configurations that had neither an error nor a warning."""
        kept = self._cache.get(self._valid_key) or b""
        starts = range(0, len(kept), _DIGEST_BYTES)
        return {kept[start : start + _DIGEST_BYTES] for start in starts}

    @property
    def _valid_key(self) -> str:
        return self._key_without_access(_VALIDATE, b"", b"")

    def _key(self, method: str, request: bytes) -> str:
        return self._cache.key(self._package.digest, method, request, environ=self._environ)

    def _key_without_access(self, method: str, request: bytes, configuration: bytes) -> str:
        read = {key: text for key, text in self._environ.items() if not key.startswith(_ACCESS)}
        return self._cache.key(self._package.digest, method, request, configuration, environ=read)

    def _is_costly(self, method: str, request: bytes) -> bool:
        return (
            method in _COSTLY_CALLS
            and request.startswith(_COSTLY_STARTS)
            and self._package.version.startswith(_COSTLY_IN)
        )


def _digest(request: bytes, configuration: bytes) -> bytes:
    return hashlib.sha256(len(request).to_bytes(8, "big") + request + configuration).digest()


def _is_plain(method: str, request: bytes, response: bytes) -> bool:
    try:
        found = {number for number, _ in contents(response)}
    except WireError:
        return False
    return found <= _COSTLY_CALLS[method] and len(request) + len(response) <= _WINDOW_BYTES


def _difference(response: bytes, request: bytes) -> bytes:
    """Return what a response adds to its request: an argument may be a secret, and is not kept."""
    deflated = zlib.compressobj(level=9, wbits=_WITHOUT_CHECKSUM, zdict=request)
    return deflated.compress(response) + deflated.flush()


def _whole(kept: bytes, request: bytes) -> bytes | None:
    inflated = zlib.decompressobj(wbits=_WITHOUT_CHECKSUM, zdict=request)
    try:
        response = inflated.decompress(kept)
    except zlib.error:
        return None
    return response if inflated.eof else None
