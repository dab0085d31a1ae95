"""Filter patterns, with the examples that AWS gives."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tap.emulator.log_patterns import match, value

pytestmark = pytest.mark.requirement("MON-4", "TST-2")

ACCESS = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'
FIELDS = "[ip, id, user, time, request, status{}, size]"


@pytest.mark.parametrize(
    ("pattern", "message", "matches"),
    [
        ("", "anything", True),
        ("ERROR", "an ERROR here", True),
        ("ERROR", "an error here", False),
        ("ERROR Exception", "ERROR: Exception", True),
        ("ERROR Exception", "ERROR: none", False),
        ("?ERROR ?WARN", "WARN: low", True),
        ("?ERROR ?WARN", "INFO: fine", False),
        ("ERROR -Exiting", "ERROR Exiting", False),
        ("ERROR -Exiting", "ERROR again", True),
        ('"INTERNAL SERVER ERROR"', "500 INTERNAL SERVER ERROR", True),
        ('"INTERNAL SERVER ERROR"', "INTERNAL ERROR", False),
        ("%5[0-9]{2}%", "status 503", True),
    ],
)
def test_terms_are_looked_for_in_the_text(pattern: str, message: str, *, matches: bool) -> None:
    assert (match(pattern, message) is not None) == matches


EVENT: dict[str, Any] = {
    "level": "ERROR",
    "latency": 12.5,
    "errorCode": "Client.UnauthorizedOperation",
    "userIdentity": {"type": "Root", "mfa": None},
    "objects": [{"id": 1}, {"id": 2}],
    "retried": True,
}


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ('{ $.level = "ERROR" }', True),
        ('{ $.level = "WARN" }', False),
        ('{ $.level != "WARN" }', True),
        ('{ ($.level = "WARN") || ($.level = "ERROR") }', True),
        ('{ $.level = "ERROR" && $.latency > 13 }', False),
        ("{ $.latency >= 12.5 }", True),
        ("{ $.latency = 12.5 }", True),
        ('{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*") }', True),
        ('{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS }', True),
        ("{ $.level NOT EXISTS }", False),
        ("{ $.userIdentity.mfa IS NULL }", True),
        ("{ $.retried IS TRUE }", True),
        ("{ $.objects[1].id = 2 }", True),
        ("{ $.objects[2].id = 2 }", False),
        ("{ $.level = %^ERR% }", True),
        ('{ $.missing != "x" }', False),
    ],
)
def test_json_is_compared_by_selector(pattern: str, *, matches: bool) -> None:
    assert (match(pattern, json.dumps(EVENT)) is not None) == matches


def test_a_json_pattern_matches_no_other_text() -> None:
    assert match('{ $.level = "ERROR" }', "level ERROR") is None
    assert match("{ $ = 1 }", "1") is None


@pytest.mark.parametrize(
    ("condition", "matches"),
    [("", True), (" = 404", True), (" = 4*", True), (" = 5*", False), (" >= 400", True)],
)
def test_fields_are_separated_by_spaces(condition: str, *, matches: bool) -> None:
    assert (match(FIELDS.format(condition), ACCESS) is not None) == matches


def test_fields_have_names_brackets_and_quotes_hold_them_together() -> None:
    fields = match(FIELDS.format(""), ACCESS)

    assert fields is not None
    assert fields["$request"] == "GET /index.html HTTP/1.0"
    assert value("$size", fields) == 1534.0
    assert value("$user", fields) is None


def test_an_ellipsis_stands_for_any_number_of_fields() -> None:
    assert match("[..., status = 404, size]", ACCESS) is not None
    assert match("[ip = 127.0.0.1, ...]", ACCESS) is not None
    assert match("[ip, size]", ACCESS) is None


def test_a_value_comes_from_the_event_or_is_given() -> None:
    fields = match("{ $.latency > 0 }", json.dumps(EVENT))

    assert fields is not None
    assert value("$.latency", fields) == 12.5
    assert value("1", fields) == 1.0
    assert value("$.level", fields) is None
    assert value("$.retried", fields) is None


@pytest.mark.parametrize("pattern", ["{ }", "{ ($.a = 1 }", "{ $.a }", "{ $.a = 1 && }"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"empty|not closed|understood|early"):
        match(pattern, "{}")
