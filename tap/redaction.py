"""Text without secrets.

Three nets, one behind the other: values that are known to be secret, the forms of well-known
credentials, and strings so random that nothing but a key looks like them. What identifies
something must stay readable: ids, ARNs, hashes and digests. A digest in base64 has the form of a
random key, so such a key is hidden only where it is known or where its name says what it is.

Sources of the forms:

- AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html (prefixes of
  unique ids) and https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
- GitHub: https://github.blog/2021-04-05-behind-githubs-new-authentication-token-formats/
- GitLab: https://docs.gitlab.com/security/tokens/#token-prefixes
- Slack: https://docs.slack.dev/authentication/tokens
- HashiCorp: https://developer.hashicorp.com/vault/docs/concepts/tokens; tokens of HCP Terraform
- JSON web tokens: RFC 7515; private keys: RFC 7468; passwords in URLs: RFC 3986, 3.2.1
- the others: plugins of detect-secrets 1.5, https://github.com/Yelp/detect-secrets
"""

from __future__ import annotations

import base64
import html
import io
import json
import math
import re
from collections import Counter
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, TextIO
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MARK = "(redacted)"

# What is shorter cannot be told from ordinary text; what is short may be part of a word.
_SHORTEST_KNOWN = 4
_STANDS_ALONE_BELOW = 8
_HARMLESS = {"true", "false", "null", "none"}

# A value ends before what would break the JSON, XML or URL that it stands in.
_VALUE = r"[^\s\"'\\<>&,;(){}\[\]]"

# A key that was cut off is hidden as far as it goes.
_PRIVATE_KEY = (
    r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
    r"(?:(?s:.{0,20000}?)-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
    r"|(?:[\s\u2502]|\\[rn]|[A-Za-z0-9+/=]{16,})*)"
)

# Each with texts of which one is in everything that has the form: looking for those first takes a
# hundredth of the time.
_SHAPES = tuple(
    (re.compile(pattern), replacement, needles.split())
    for pattern, replacement, needles in (
        (_PRIVATE_KEY, MARK, "-----BEGIN"),
        (
            r"\b(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)[A-Z0-9]{16}\b",
            MARK,
            "A3T ABIA ACCA AKIA ASIA",
        ),
        (
            r"\b(?:gh[oprsu]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})",
            MARK,
            "gho_ ghp_ ghr_ ghs_ ghu_ github_pat_",
        ),
        (
            r"\bgl(?:agent|cbt|dt|ft|imt|oas|pat|ptt|rt|soat)-[A-Za-z0-9_.-]{20,}",
            MARK,
            "glagent- glcbt- gldt- glft- glimt- gloas- glpat- glptt- glrt- glsoat-",
        ),
        (r"\bx(?:app|ox[abeoprs])-[A-Za-z0-9-]{10,}", MARK, "xapp- xox"),
        (r"(https://hooks\.slack\.com/[a-z]+/)[A-Za-z0-9/_-]+", rf"\1{MARK}", "hooks.slack.com"),
        (r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?", MARK, ".eyJ"),
        (r"\b[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_-]{20,}", MARK, ".atlasv1."),
        (r"\bhv[bsr]\.[A-Za-z0-9_-]{24,}", MARK, "hvb. hvs. hvr."),
        (r"\bnpm_[A-Za-z0-9]{36}\b", MARK, "npm_"),
        (r"\bpypi-AgE[A-Za-z0-9_-]{50,}", MARK, "pypi-AgE"),
        (r"\b[rs]k_live_[A-Za-z0-9]{16,}", MARK, "k_live_"),
        (r"\bAIza[A-Za-z0-9_-]{35}\b", MARK, "AIza"),
        (r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}\b", MARK, "SG."),
        (rf"(?i)\b(X-Amz-(?:Signature|Security-Token)=){_VALUE}+", rf"\1{MARK}", "="),
        (rf"(?i)\b((?:Basic|Bearer) )(?={_VALUE}*[0-9=+/._~-]){_VALUE}{{16,}}", rf"\1{MARK}", ""),
        (r"([A-Za-z][A-Za-z0-9+.-]*://[^\s/:@\"'<>]*:)[^\s/@\"'<>]+(?=@)", rf"\1{MARK}", "://"),
    )
)

# Names that end like this hold a secret: db_password, SecretAccessKey, "api-key". A name that
# goes on (secret_arn, password_length, token_type) says something about one.
_NAME = (
    r"(?:(?<![A-Za-z])|(?<=[a-z])(?=[A-Z])|(?<=_))"
    r"(?i:passw(?:or)?d|passphrase|pwd|secret|secret_?(?:access_?)?key|access_?token|auth_?token"
    r"|session_?token|security_?token|refresh_?token|token|private_?key|api[_-]?key"
    r"|client_?secret|credentials?|secret_?string|connection_?string)"
)
# What stands there instead of a secret: a reference, an ARN, a switch, a mark.
_NOTHING = r"(?!(?i:true|false|null|none|var\.|local\.|module\.|data\.|each\.|arn:|\())"
# A call of a function, or the first half of a word such as couldn't.
_NO_CALL = r"(?![(\[]|'[a-z])"
# In prose only what is no word counts.
_ODD_VALUE = rf"(?={_VALUE}*(?:[0-9]|[^\sA-Za-z0-9.,:;_-])){_VALUE}{{6,}}+"
_NAMED = tuple(
    re.compile(pattern)
    for pattern in (
        # JSON, HCL and YAML with quotes, XML
        rf"(?P<before>{_NAME}\\?[\"']?\s*[:=]\s*\\?[\"']){_NOTHING}(?P<value>[^\"'\\\s]{{4,}})",
        rf"(?P<before><{_NAME}>){_NOTHING}(?P<value>[^<\s]{{4,}})",
        # a shell variable, an argument, a query; what tap itself prints, and prose
        rf"(?P<before>{_NAME}=){_NOTHING}(?P<value>{_VALUE}{{4,}}+){_NO_CALL}",
        rf"(?P<before>{_NAME}\s*(?:[:=]|=>)\s+){_NOTHING}(?P<value>{_ODD_VALUE}){_NO_CALL}",
    )
)

# Where such a name can begin, in small letters; to try all of them everywhere is slow.
_BEGINNING = re.compile(
    r"passw|passphrase|pwd|secret|access_?token|auth_?token|session_?token|security_?token"
    r"|refresh_?token|token|private_?key|api[_-]?key|client_?secret|credential|connection_?string"
)

# Long enough that chance does not make one, of an alphabet that keys are written in.
_TOKEN = re.compile(r"[A-Za-z0-9+/_-]{20,}={0,2}")
_SHORTEST_RANDOM = 20
# Lengths of MD5, SHA-1, SHA-224, SHA-256, SHA-384 and SHA-512 in base64, where they are padded.
_DIGEST_LENGTHS = {24, 28, 40, 44, 64, 88}
_WORD = re.compile(r"[a-z][a-z_-]{3,}|[A-Z][a-z]{3,}")
# Ids of AWS's own log, which its support asks for.
_REQUEST = re.compile(r"(?:RequestID|HostID|[Rr]equest [Ii][Dd]|x-amz-[a-z0-9-]+)\"?[:=]?\s*\"?$")
# Measured: of random strings of letters and digits, 94 of 100 of 20 characters, 99 of 100 of 32 and
# 995 of 1000 of 40 are above both; of the names, ids, paths and hashes in this project's files, in
# its plans and in the applied state of prod only user data in base64 is.
_LEAST_SHARE_OF_ENTROPY = 0.83
_MOST_ENTROPY_ASKED = 4.4
_LEAST_CHANGES = 0.38
# The kind of thing in front of an id that AWS writes in capitals, such as db-ABCDEFGHIJ0123456789.
_KIND_OF_ID = re.compile(r"^[a-z]{1,12}-(?=[A-Z0-9]+$)")


class Redactor:
    """Takes secrets out of text.

    Args:
        known: Values that are secret wherever they appear, also as JSON, HTML, a URL or base64
            writes them. Those of less than 4 characters are not looked for.
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        self.known = frozenset(filter(_worth_hiding, known))
        forms = {form for value in self.known for form in _forms(value)}
        patterns = map(_known_pattern, sorted(forms, key=lambda form: (-len(form), form)))
        self._known = re.compile("|".join(patterns)) if forms else None

    def knowing(self, values: Iterable[str]) -> Redactor:
        """Return one that knows further values."""
        return Redactor(self.known.union(values))

    def __call__(self, text: str) -> str:
        """Return a text with :data:`MARK` in place of every secret."""
        if self._known is not None:
            text = self._known.sub(MARK, text)
        for pattern, replacement, needles in _SHAPES:
            if not needles or any(needle in text for needle in needles):
                text = pattern.sub(replacement, text)
        for pattern in _NAMED:
            text = _without_named(pattern, text)
        return _TOKEN.sub(_without_randomness, text)

    def document(self, text: str) -> str:
        """Return JSON that is still JSON; any other text like :meth:`__call__`."""
        numbers = {value for value in self.known if value.replace(".", "").isdigit()}
        if numbers and text[:1] in {"{", "["}:
            with suppress(ValueError):
                hidden = _without_numbers(json.loads(text), numbers)
                indent = 2 if "\n" in text else None
                text = json.dumps(hidden, indent=indent, ensure_ascii=False)
        return self(text)


class RedactedStream(io.TextIOBase):
    """Writes to another stream what is left without secrets, such as a log of a server.

    Args:
        stream: Where the text goes.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._redact = Redactor()

    def write(self, text: str) -> int:
        """Write a text; a secret that is written in pieces is not seen."""
        self._stream.write(self._redact(text))
        return len(text)

    def flush(self) -> None:
        """Flush the other stream."""
        self._stream.flush()

    def fileno(self) -> int:
        """Return the descriptor of the other stream."""
        return self._stream.fileno()


def is_random(token: str) -> bool:
    """Tell whether a string of letters, digits and ``+/_-`` looks like a key.

    Hexadecimal strings, UUIDs and ids that AWS writes in one case do not, nor do names of words.
    """
    bare = _KIND_OF_ID.sub("", token.rstrip("="))
    if len(bare) < _SHORTEST_RANDOM:
        return False
    letters = re.sub(r"[^A-Za-z0-9]", "", bare)
    kinds = [_kind(character) for character in letters]
    if len(set(kinds)) < len("aA0"):
        return False
    changes = sum(one != other for one, other in pairwise(kinds))
    if changes < _LEAST_CHANGES * (len(kinds) - 1):
        return False
    asked = min(_LEAST_SHARE_OF_ENTROPY * math.log2(len(bare)), _MOST_ENTROPY_ASKED)
    return _entropy(bare) >= asked


def strings_in(value: object) -> Iterator[str]:
    """Yield every string and number in a JSON value, as text, and what JSON in a string holds."""
    if isinstance(value, dict):
        for item in value.values():
            yield from strings_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings_in(item)
    elif isinstance(value, str):
        yield value
        if value[:1] in {"{", "["}:
            try:
                inner = json.loads(value)
            except ValueError:
                return
            yield from strings_in(inner)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)


def _without_numbers(value: object, secret: set[str]) -> object:
    if isinstance(value, dict):
        return {key: _without_numbers(item, secret) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_numbers(item, secret) for item in value]
    return MARK if isinstance(value, int | float) and str(value) in secret else value


def _worth_hiding(value: str) -> bool:
    return len(value.strip()) >= _SHORTEST_KNOWN and value.strip().lower() not in _HARMLESS


def _forms(value: str) -> Iterator[str]:
    """Yield a value as text, and as the documents write it that it may stand in."""
    value = value.strip()
    in_json = json.dumps(value)[1:-1]
    yield from (value, in_json, json.dumps(value, ensure_ascii=False)[1:-1])
    # Go's JSON also escapes what HTML would take for a tag.
    yield in_json.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    yield from (html.escape(value), quote(value, safe=""), quote_plus(value), quote(value))
    yield base64.b64encode(value.encode(errors="replace")).decode()


def _known_pattern(form: str) -> str:
    # Terraform wraps and indents what it prints in a box.
    pattern = r"[\s\u2502]+".join(map(re.escape, form.split()))
    if len(form) >= _STANDS_ALONE_BELOW:
        return pattern
    return rf"(?<![A-Za-z0-9]){pattern}(?![A-Za-z0-9])"


def _without_named(pattern: re.Pattern[str], text: str) -> str:
    """Return a text with a mark for each value whose name the pattern knows."""
    # The letters of other alphabets may become more when they are made small.
    if not text.isascii() or not pattern.pattern.startswith(f"(?P<before>{_NAME}"):
        return pattern.sub(rf"\g<before>{MARK}", text)
    small = text.lower()
    parts, end, place = [], 0, _BEGINNING.search(small)
    while place:
        if found := pattern.match(text, place.start()):
            parts += [text[end : found.end("before")], MARK]
            end = found.end()
        place = _BEGINNING.search(small, max(end, place.start() + 1))
    return "".join([*parts, text[end:]])


def _without_randomness(match: re.Match[str]) -> str:
    token = match[0]
    before = match.string[max(0, match.start() - 40) : match.start()]
    if _is_digest(token) or _REQUEST.search(before):
        return token
    # A path of words and ids is no key as a whole, but a key may be one step of it.
    if not any(_WORD.fullmatch(part) for part in token.split("/")) and is_random(token):
        return MARK
    return "/".join(MARK if is_random(part) else part for part in token.split("/"))


def _is_digest(token: str) -> bool:
    return token.endswith("=") and len(token) in _DIGEST_LENGTHS


def _kind(character: str) -> str:
    if character.isdigit():
        return "0"
    return "a" if character.islower() else "A"


def _entropy(text: str) -> float:
    """Return Shannon's entropy in bits a character."""
    shares = [count / len(text) for count in Counter(text).values()]
    return -sum(share * math.log2(share) for share in shares)
