from __future__ import annotations

import pytest

from tap.hcl.templates import Part, parts, unescaped


def interpolated(template: str) -> list[str]:
    return [part.expression for part in parts(template)]


@pytest.mark.requirement("TAP-4")
@pytest.mark.parametrize(
    ("template", "expressions"),
    [
        ("a ${var.x} b ${ var.y }", ["var.x", "var.y"]),
        ("$${var.x} %%{ if y } $ { %", []),
        ("$$${var.x}", []),
        ("${~ var.x ~}", ["var.x"]),
        ('${f({ a = "}" })}', ['f({ a = "}" })']),
        ('${"x${"}"}y"}z', ['"x${"}"}y"']),
        (r'${"\"}"}z', [r'"\"}"']),
        ("%{ if var.a }b%{ else }c%{ endif }", ["var.a", "", ""]),
        ("%{ for i in var.l }x%{ endfor }", ["var.l", ""]),
        ("%{~ for k, v in f(var.l) ~}", ["f(var.l)"]),
    ],
)
def test_sequences_end_where_their_brace_does(template: str, expressions: list[str]) -> None:
    assert interpolated(template) == expressions


@pytest.mark.requirement("TAP-4")
def test_loops_introduce_names_until_they_end() -> None:
    begin, end = parts("%{ for k, v in var.l }%{ endfor }")
    assert begin == Part("var.l", ("k", "v"), closes=False, offset=15)
    assert (end.names, end.closes) == ((), True)


@pytest.mark.requirement("TAP-4")
@pytest.mark.parametrize("template", ["${var.x", '${"}', "%{ if x", "${{}"])
def test_a_sequence_without_its_end_is_marked(template: str) -> None:
    [part] = parts(template)
    assert part.closed is False


@pytest.mark.requirement("TAP-4")
def test_doubled_signs_stand_for_themselves() -> None:
    assert unescaped("$${a} %%{b} $$ %%") == "${a} %{b} $$ %%"
