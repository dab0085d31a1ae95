"""Secrets in the user data of instances, also where a part of it is known only after apply.

Terraform then takes the whole text for unknown. Most of it still stands in the HCL: in a template,
in what the template is given, or in a heredoc.
"""

from __future__ import annotations

import base64
import re
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from tap.evaluation import StandIn, Unknown, trace
from tap.hcl import Expression
from tap.hcl.templates import parts
from tap.policy.values import UnknownValueError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.evaluation import Value
    from tap.evaluation.values import Trace
    from tap.policy.planned import Resource

_NAME = (
    r"(?P<name>(?:[A-Za-z0-9]+[_-])*(?:password|passwd|secret|secret_key|access_key|api_key"
    r"|auth_token|private_key))"
)
# What a shell or an environment file, and what JSON, YAML or a program gives a name. A value that
# is a reference to something, or an ARN, is no secret.
_GIVEN = (
    re.compile(rf"\b{_NAME}=(?P<value>\"?'?[^\s\"'$`{{<(|&;]+)", re.IGNORECASE),
    re.compile(rf"\b{_NAME}[\"']?\s*[:=]\s*[\"'](?P<value>[^\"'$`{{<]+)[\"']", re.IGNORECASE),
)
_INSERTED = re.compile(
    rf"\b{_NAME}[\"']?\s*[:=]\s*[\"']?\$\{{(?P<value>[^{{}}]+)\}}", re.IGNORECASE
)
_KEYS = (
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), "an access key"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"), "a private key"),
)
_SECRET_NAME = re.compile(rf"{_NAME}$", re.IGNORECASE)
# Resources with a secret that AWS or a provider chooses, and arguments that hold a given one.
_HOLDERS = re.compile(
    r"(?:^|\.)(?:aws_cognito_user_pool_client|aws_iam_access_key|aws_iam_service_specific_credential"
    r"|aws_iam_user_login_profile|aws_secretsmanager_random_password"
    r"|aws_secretsmanager_secret_version|random_bytes|random_password|tls_private_key)\."
)
_GIVEN_SECRET = re.compile(r"\.(?:master_password|password|auth_token|secret_string)$")
_HASH = re.compile(r"[0-9a-f]{40}")
# Functions that leave the text in what they return.
_WRAPPERS = {
    *("base64encode", "base64gzip", "chomp", "format", "indent", "join", "jsonencode", "merge"),
    *("replace", "sensitive", "textencodebase64", "trimspace", "yamlencode"),
}
_GZIP = 16 + zlib.MAX_WBITS


def secrets_in(resource: Resource, name: str) -> Iterator[str]:
    """Yield what says that a secret is in user data: a name, or the kind of a key.

    Args:
        resource: What is launched.
        name: The argument with the user data.

    Raises:
        UnknownValueError: At the end, if a part of it is known only after apply.
    """
    # The provider plans the hash of what an instance gets.
    known = None if resource.is_unknown(name) else resource.text(name)
    if known is not None and not _HASH.fullmatch(known):
        yield from dict.fromkeys(_in_text(decoded(known)))
        return
    argument = resource.source().attributes.get(name)
    if argument is None:
        raise UnknownValueError(resource.address, name)
    reader = _Reader(resource)
    yield from dict.fromkeys(reader.read(argument))
    if reader.is_unsure:
        raise UnknownValueError(resource.address, name)


class _Reader:
    """Reads the parts of an expression that become the text.

    Attributes:
        is_unsure: Whether a part could not be read.
    """

    def __init__(self, resource: Resource) -> None:
        self._resource = resource
        self.is_unsure = False

    def read(self, expression: Expression, name: str = "") -> Iterator[str]:
        value = self._resource.planned.evaluated(self._resource, expression)
        if expression.entries:
            for key, item in expression.entries.items():
                yield from self.read(item, key)
        elif not isinstance(value, Unknown):
            yield from self._in_value(value, name)
        elif expression.function in {"templatefile", "file"}:
            yield from self._in_file(expression)
        elif expression.function in _WRAPPERS:
            for item in expression.items:
                yield from self.read(item, name)
        elif expression.text.startswith(("<<", '"')):
            yield from self._in_template(expression)
        elif secret := next(filter(_GIVEN_SECRET.search, expression.references), ""):
            yield secret
        else:
            yield from self._in_value(value, name)

    def _in_file(self, expression: Expression) -> Iterator[str]:
        path, *given = expression.items
        text = self._text_of(path)
        if text is None:
            self.is_unsure = True
        else:
            yield from _in_text(text)
        for item in given:
            yield from self.read(item)

    def _in_template(self, expression: Expression) -> Iterator[str]:
        yield from _in_text(expression.text)
        named = {
            found["value"].strip(): found["name"] for found in _INSERTED.finditer(expression.text)
        }
        for part in parts(expression.text):
            if part.expression:
                yield from self.read(
                    Expression(
                        text=part.expression,
                        first_line=expression.first_line,
                        last_line=expression.last_line,
                    ),
                    named.get(part.expression, ""),
                )

    def _in_value(self, value: Value, name: str) -> Iterator[str]:
        if isinstance(value, dict):
            for key, item in value.items():
                yield from self._in_value(item, str(key))
        elif isinstance(value, list):
            for item in value:
                yield from self._in_value(item, name)
        elif isinstance(value, str):
            is_named = _SECRET_NAME.search(name) and value and not _is_reference(value)
            yield from [name] if is_named else _in_text(decoded(value))
        elif value is not None and not isinstance(value, bool | int | float):
            yield from self._in_unknown(trace(value), name)

    def _in_unknown(self, made_of: Trace, name: str) -> Iterator[str]:
        holders = sorted(filter(_HOLDERS.search, made_of.addresses))
        yield from holders
        # What AWS chooses for any other resource is a name, an address or the like.
        is_clear = made_of.complete and made_of.addresses and not _SECRET_NAME.search(name)
        self.is_unsure |= not holders and not is_clear

    def _text_of(self, path: Expression) -> str | None:
        """Return the text of a file that a template is read from; None if it is not at hand."""
        sources = self._resource.planned.sources
        module = sources.at(self._resource.module_address) if sources else None
        if module is None or sources is None:
            return None
        written = path.text.strip('"')
        for variable, folder in (("module", module.folder), ("root", sources.root)):
            written = written.replace(f"${{path.{variable}}}", str(folder))
        file = Path(sources.root, written)
        sources.read.add(file)
        try:
            return file.read_text()
        except (OSError, UnicodeDecodeError):
            return None


def _in_text(text: str) -> Iterator[str]:
    for pattern, kind in _KEYS:
        if pattern.search(text):
            yield kind
    for pattern in _GIVEN:
        for found in pattern.finditer(text):
            if not found["value"].startswith("arn:"):
                yield found["name"]


def _is_reference(value: str) -> bool:
    return isinstance(value, StandIn) or value.startswith("arn:")


def decoded(text: str) -> str:
    """Return text out of Base64, and out of gzip; as it is where it is neither."""
    try:
        content = base64.b64decode(text, validate=True)
        if content.startswith(b"\x1f\x8b"):
            content = zlib.decompress(content, _GZIP)
        return content.decode()
    except (ValueError, zlib.error):
        return text
