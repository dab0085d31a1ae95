from __future__ import annotations

from typing import Any

import pytest

from tap.errors import HclError
from tap.hcl import Expression, references, target
from tap.hcl.syntax import parse


def expression(text: str) -> Expression:
    return parse(f"x = {text}\n", file="x.tf").attributes["x"]


@pytest.mark.requirement("TAP-4")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"plain"', "plain"),
        ('""', ""),
        (r'"a\n\t\"b\" \\ \u00e9 \U0001F600"', 'a\n\t"b" \\ é 😀'),
        (r'"\q \ud800 \UFFFFFFFF"', r"\q \ud800 \UFFFFFFFF"),
        ('"$${kept} %%{kept} $5 100%"', "${kept} %{kept} $5 100%"),
        ('"grüße 日本"', "grüße 日本"),
        ("0", 0),
        ("42", 42),
        ("-5", -5),
        ("- 5", -5),
        ("-1.5", -1.5),
        ("1e3", 1000.0),
        ("true", True),
        ("false", False),
        ("null", None),
        ("(7)", 7),
        ("[]", []),
        ('[1, "a", [true]]', [1, "a", [True]]),
        ("{}", {}),
        (
            '{ a = 1, "b c" : null, 3 = [2], null = 1, for = 2 }',
            {"a": 1, "b c": None, "3": [2], "null": 1, "for": 2},
        ),
        ("<<EOT\n  two\nlines $${x}\nEOT", "  two\nlines ${x}\n"),
        ("<<EOT\nEOT", ""),
        ("<<-EOT\n    less\n      indent\n    EOT", "less\n  indent\n"),
    ],
)
def test_literals_have_their_value(text: str, value: Any) -> None:
    found = expression(text)
    assert found.is_literal
    assert found.value == value
    assert type(found.value) is type(value)


@pytest.mark.requirement("TAP-4")
@pytest.mark.parametrize(
    "text",
    [
        "var.x",
        '"${var.x}"',
        '"%{ if true }a%{ endif }"',
        "1 + 1",
        "-var.x",
        "-true",
        "!true",
        "[1, var.x]",
        "{ a = var.x }",
        "{ (var.x) = 1 }",
        '{ "${var.x}" = 1 }',
        'upper("a")',
        "<<EOT\n${var.x}\nEOT",
        "9" * 5000,
        "string",
    ],
)
def test_what_must_be_evaluated_has_no_value(text: str) -> None:
    found = expression(text)
    assert not found.is_literal
    assert found.string is None


@pytest.mark.requirement("TAP-4")
@pytest.mark.parametrize(
    "text",
    [
        "1+2  *   3",
        'merge(var.tags,{Name="a"})',
        "[ # first\n  1, # one\n\n  2 /* two */\n]",
        "{\r\n  a = 1\r\n}",
        "cond ? a.b : c.d",
        '{ for k, v in var.x : k => v... if v != "" }',
        "(\n  var.a\n  && var.b # why\n)",
        "<<-EOT\n    text ${var.x}\n  EOT",
        'provider::aws::arn_parse(var.x)["a"].y',
    ],
)
@pytest.mark.parametrize("behind", ["", "  ", " # comment", " // comment", " /* comment */"])
def test_the_text_is_the_source_as_written(text: str, behind: str) -> None:
    behind = "" if text.startswith("<<") else behind
    assert expression(text + behind).text == text


@pytest.mark.requirement("TAP-4")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("var.x", ["var.x"]),
        ("var.a.b.c", ["var.a.b.c"]),
        ("local.y + module.z.out", ["local.y", "module.z.out"]),
        ('aws_x.y["k"].id', ["aws_x.y.id"]),
        ("aws_x.y[var.k].id", ["aws_x.y.id", "var.k"]),
        ("aws_x.y[*].a[0].b", ["aws_x.y.a.b"]),
        ("aws_x.y.*.a", ["aws_x.y.a"]),
        ("var.a.0.b", ["var.a.b"]),
        ("data.aws_region.this.name", ["data.aws_region.this.name"]),
        ("each.key", ["each.key"]),
        ("[each.value.a, count.index, self.id]", ["count.index", "each.value.a", "self.id"]),
        ("path.module", ["path.module"]),
        ("f(g(var.x), var.y...)", ["var.x", "var.y"]),
        ("f(var.x).a.b", ["var.x"]),
        ("(var.x).a", ["var.x"]),
        ("var.a ? var.b : !var.c", ["var.a", "var.b", "var.c"]),
        ('"${var.a}-${upper("x${var.b}")}"', ["var.a", "var.b"]),
        ('"$${var.a}"', []),
        ('"%{ if var.a }${var.b}%{ else }c%{ endif }"', ["var.a", "var.b"]),
        ('"%{ for v in var.a }${v.id}${var.b}%{ endfor }${v.x}"', ["v.x", "var.a", "var.b"]),
        ("[for k, v in var.m : v.id if k != local.x]", ["local.x", "var.m"]),
        ("{ for k, v in var.m : v.key => v.a.b... }", ["var.m"]),
        ("[for v in [for v in var.m : v.a] : v.b]", ["var.m"]),
        ("[for v in v.list : v.id]", ["v.list"]),
        ("{ a = var.x, (var.k) = 1, b.c = 2 }", ["var.k", "var.x"]),
        ('{ "${var.k}" = 1 }', ["var.k"]),
        ("{ name = name, var = 1 }", []),
        ('<<EOT\n${var.a} $${var.b} {x} %{ if local.c }"%{ endif }\nEOT', ["local.c", "var.a"]),
        (
            "<<EOT\n%{ for k, v in var.m ~}\n${v.id}${k}\n%{ endfor ~}\n${k.x}\nEOT",
            ["k.x", "var.m"],
        ),
        ('<<EOT\n${\n  jsonencode({ a = "}", b = var.x })\n}\nEOT', ["var.x"]),
        ("[for v in var.m : <<EOT\n${v.id} ${var.x}\nEOT\n]", ["var.m", "var.x"]),
        ("[for m in var.l : m[0][var.i]]", ["var.i", "var.l"]),
        ("list[0]", []),
        ("list(string)", []),
        ('"a"', []),
    ],
)
def test_references_are_found_and_bound_names_are_not(text: str, expected: list[str]) -> None:
    assert list(expression(text).references) == expected
    assert list(references(text)) == expected


@pytest.mark.requirement("TAP-4")
def test_references_of_an_expression_over_several_lines_are_found() -> None:
    assert references("var.a\n  + var.b\n  # why\n  + var.c") == ("var.a", "var.b", "var.c")


@pytest.mark.requirement("TAP-4")
def test_an_error_in_a_text_of_its_own_names_the_line_it_was_said_to_have() -> None:
    with pytest.raises(HclError, match=r"^a\.tf:12:9: expected a value"):
        references("var.\n", file="a.tf", first_line=12, column=5)


@pytest.mark.requirement("TAP-4")
@pytest.mark.parametrize(
    ("text", "function", "arguments"),
    [
        ("merge(var.a, { b = 1 })", "merge", ["var.a", "{ b = 1 }"]),
        ("provider::aws::f(1)", "provider::aws::f", ["1"]),
        ("timestamp()", "timestamp", []),
        ("concat(var.a...)", "concat", ["var.a"]),
        ("(f(1))", "f", ["1"]),
        ("[f(1)]", "", ["f(1)"]),
        ("f(1).a", "", []),
    ],
)
def test_calls_and_lists_show_their_parts(text: str, function: str, arguments: list[str]) -> None:
    found = expression(text)
    assert found.function == function
    assert [item.text for item in found.items] == arguments


@pytest.mark.requirement("TAP-4")
def test_a_policy_can_be_asked_for_its_statements() -> None:
    policy = expression(
        'jsonencode({ Version = "2012-10-17"\n  Statement = [{ Effect = "Allow", Action = "*" }] })'
    )
    [document] = policy.items
    [statement] = document.entries["Statement"].items
    assert statement.value == {"Effect": "Allow", "Action": "*"}
    assert statement.entries["Action"].first_line == 2
    assert statement in list(policy.walk())


@pytest.mark.requirement("TAP-4")
@pytest.mark.parametrize(
    ("reference", "declared"),
    [
        ("var.a.b", "var.a"),
        ("local.a", "local.a"),
        ("module.a.out.x", "module.a"),
        ("aws_x.y.id", "aws_x.y"),
        ("data.aws_x.y.id", "data.aws_x.y"),
        ("ephemeral.aws_x.y.id", "ephemeral.aws_x.y"),
    ],
)
def test_a_reference_leads_to_what_is_declared(reference: str, declared: str) -> None:
    assert target(reference) == declared
