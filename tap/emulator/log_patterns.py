"""Match log events with filter patterns, and take values out of them.

Terms (``ERROR -retry ?warn "two words" %regex%``), JSON (``{ $.level = "ERROR" }``) and fields
separated by spaces (``[host, user, status = 5*, ...]``).

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import fnmatch
import json
import re
from typing import Any

Fields = dict[str, Any]
"""What a pattern has found: by ``$name`` for fields, and the whole document below ``$``."""

_TERM = re.compile(r'([-?]?)(?:"((?:[^"\\]|\\.)*)"|%([^%]*)%|(\S+))')
_FIELD = re.compile(r'\[[^\]]*\]|"[^"]*"|\S+')
_COMPARISON = re.compile(
    r"\s*(\$?[\w.\[\]\"'-]+|\.\.\.)\s*(?:(!=|>=|<=|=|>|<)\s*(.+))?\s*$", re.DOTALL
)
_SELECTOR = re.compile(r"\.?([\w-]+)|\[(\d+)\]|\[[\"']([^\"']+)[\"']\]")
_WORDS = re.compile(
    r"\s*(\|\||&&|\(|\)|(?:[^()|&\"%]|\"(?:[^\"\\]|\\.)*\"|%[^%]*%|\|(?!\|)|&(?!&))+)"
)


def match(pattern: str, message: str) -> Fields | None:
    """Return the fields that a pattern has found in a message; None if it does not match.

    Raises:
        ValueError: It is no pattern.
    """
    text = pattern.strip()
    if text.startswith("{"):
        return _match_json(text.removeprefix("{").removesuffix("}"), message)
    if text.startswith("["):
        return _match_fields(text.removeprefix("[").removesuffix("]"), message)
    return {} if _match_terms(text, message) else None


def value(text: str, fields: Fields) -> float | None:
    """Return the number that a metric value such as ``1``, ``$.latency`` or ``$bytes`` stands for.

    Returns:
        None if there is no number in its place.
    """
    found = lookup(text, fields) if text.startswith("$") else text
    if isinstance(found, bool):
        return None
    try:
        return float(found)
    except (TypeError, ValueError):
        return None


def lookup(selector: str, fields: Fields) -> Any:  # noqa: ANN401 - what JSON holds
    """Return what a selector such as ``$.user.name`` or ``$status`` stands for; None if nothing."""
    if selector in fields:
        return fields[selector]
    found: Any = fields.get("$")
    for name, index, quoted in _SELECTOR.findall(selector.removeprefix("$")):
        if index:
            found = found[int(index)] if _has(found, int(index)) else None
        else:
            found = found.get(name or quoted) if isinstance(found, dict) else None
    return found


def _has(found: object, index: int) -> bool:
    return isinstance(found, list) and index < len(found)


def _match_terms(pattern: str, message: str) -> bool:
    optional = []
    for sign, quoted, regex, bare in _TERM.findall(pattern):
        term = quoted.replace('\\"', '"') or bare
        present = bool(re.search(regex, message)) if regex else term in message
        if sign == "?":
            optional.append(present)
        elif present == (sign == "-"):
            return False
    return any(optional) if optional else True


def _match_json(pattern: str, message: str) -> Fields | None:
    try:
        document = json.loads(message)
    except ValueError:
        return None
    fields = {"$": document}
    return fields if isinstance(document, (dict, list)) and _holds(pattern, fields) else None


def _match_fields(pattern: str, message: str) -> Fields | None:
    wanted = [each.strip() for each in _split(pattern)]
    found = [each.strip('[]"') for each in _FIELD.findall(message)]
    if "..." in wanted:
        at = wanted.index("...")
        after = len(wanted) - at - 1
        if len(found) < len(wanted) - 1:
            return None
        found = found[:at] + found[len(found) - after :] if after else found[:at]
        wanted.remove("...")
    if len(wanted) != len(found):
        return None
    fields: Fields = {}
    conditions = []
    for number, (condition, value_) in enumerate(zip(wanted, found, strict=True), 1):
        parsed = re.match(r"\(?\s*(\w+)", condition)
        fields[f"${parsed[1] if parsed else number}"] = value_
        if re.search(r"[=<>]", condition):
            conditions.append(
                re.sub(r"(?<![\w$.%\"])(?=" + str(parsed and parsed[1]) + r"\b)", "$", condition)
            )
    return fields if all(_holds(condition, fields) for condition in conditions) else None


def _split(pattern: str) -> list[str]:
    return re.findall(r'((?:[^,"]|"[^"]*")+)', pattern)


def _holds(condition: str, fields: Fields) -> bool:
    tokens = [token.strip() for token in _WORDS.findall(condition) if token.strip()]
    if not tokens:
        raise ValueError("an empty pattern")
    result = _any(tokens, fields)
    if tokens:
        raise ValueError(f"not understood: {' '.join(tokens)}")
    return result


def _any(tokens: list[str], fields: Fields) -> bool:
    result = _every(tokens, fields)
    while tokens and tokens[0] == "||":
        tokens.pop(0)
        result = _every(tokens, fields) or result
    return result


def _every(tokens: list[str], fields: Fields) -> bool:
    result = _single(tokens, fields)
    while tokens and tokens[0] == "&&":
        tokens.pop(0)
        result = _single(tokens, fields) and result
    return result


def _single(tokens: list[str], fields: Fields) -> bool:
    if not tokens:
        raise ValueError("a pattern ends too early")
    token = tokens.pop(0)
    if token == "(":  # noqa: S105 - no password
        result = _any(tokens, fields)
        if not tokens or tokens.pop(0) != ")":
            raise ValueError("a parenthesis is not closed")
        return result
    return _compare(token, fields)


def _compare(token: str, fields: Fields) -> bool:
    words = token.split()
    if len(words) == 3 and words[1].upper() == "IS":  # noqa: PLR2004 - selector IS value
        wanted: dict[str, Any] = {"TRUE": True, "FALSE": False, "NULL": None}
        return lookup(words[0], fields) is wanted[words[2].upper()]
    if len(words) == 3 and [word.upper() for word in words[1:]] == ["NOT", "EXISTS"]:  # noqa: PLR2004
        return lookup(words[0], fields) is None
    found = _COMPARISON.match(token)
    if not found or not found[2]:
        raise ValueError(f"not understood: {token}")
    return _fits(lookup(found[1], fields), found[2], found[3].strip())


def _fits(actual: Any, operator: str, wanted: str) -> bool:  # noqa: ANN401 - what JSON holds
    if actual is None:
        return False
    if operator in {"=", "!="}:
        return _equals(actual, wanted) == (operator == "=")
    try:
        left, right = float(actual), float(wanted.strip('"'))
    except (TypeError, ValueError):
        return False
    return {">": left > right, "<": left < right, ">=": left >= right, "<=": left <= right}[
        operator
    ]


def _equals(actual: Any, wanted: str) -> bool:  # noqa: ANN401 - what JSON holds
    if wanted.startswith("%"):
        return bool(re.search(wanted.strip("%"), str(actual)))
    text = wanted.strip('"')
    if isinstance(actual, (int, float)) and not isinstance(actual, bool):
        try:
            return float(text) == float(actual)
        except ValueError:
            return False
    return fnmatch.fnmatchcase(str(actual), text.replace("[", "[[]"))
