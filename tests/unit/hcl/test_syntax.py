from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap.errors import HclError
from tap.hcl.declarations import module_of
from tap.hcl.syntax import parse

SAMPLE = """\
# A little of everything.
variable "cidr" {
  description = "Range of the \\"network\\"."
  type        = object({ a = string, b = optional(number, 1) })
  default     = null
  validation {
    condition     = can(cidrhost(var.cidr, 0)) && length(var.cidr) > 3
    error_message = "cidr must be a range, got ${var.cidr}."
  }
}

resource "aws_thing" "this" {
  for_each = { for k, v in local.all : k => v if v.on }
  policy   = <<-EOT
    { "a": "${var.cidr}" %{ if true }x%{ endif } }
  EOT

  dynamic "rule" {
    for_each = each.value.rules
    iterator = item
    content {
      port = item.value.port + var.offset
    }
  }
}
"""


@pytest.mark.requirement("TAP-4")
def test_blocks_keep_labels_nesting_and_lines() -> None:
    variable, resource = parse(SAMPLE, file="a.tf").blocks
    assert (variable.type, variable.labels) == ("variable", ("cidr",))
    assert (variable.first_line, variable.last_line) == (2, 10)
    [validation] = variable.of_type("validation")
    assert (validation.first_line, validation.last_line) == (6, 9)
    assert resource.labels == ("aws_thing", "this")
    assert (resource.file, resource.first_line, resource.last_line) == ("a.tf", 12, 25)
    policy = resource.attributes["policy"]
    assert (policy.first_line, policy.last_line) == (14, 16)


@pytest.mark.requirement("TAP-4")
def test_the_name_of_a_dynamic_block_is_bound_inside_and_free_in_its_own_arguments() -> None:
    resource = parse(SAMPLE, file="a.tf").blocks[1]
    assert resource.references() == (
        "each.value.rules",
        "local.all",
        "var.cidr",
        "var.offset",
    )
    block = parse(
        'r "a" "b" {\n dynamic "rule" {\n  for_each = rule.all\n'
        "  content {\n   x = rule.key\n   y = other.value\n  }\n }\n}\n",
        file="a.tf",
    )
    assert block.blocks[0].references() == ("other.value", "rule.all")


@pytest.mark.requirement("TAP-4")
def test_dynamic_blocks_are_found_by_the_type_they_make() -> None:
    [rule] = parse(SAMPLE, file="a.tf").blocks[1].of_type("rule")
    assert (rule.type, rule.labels) == ("dynamic", ("rule",))
    assert [inner.type for inner in rule.walk()] == ["dynamic", "content"]


@pytest.mark.requirement("TAP-4")
@pytest.mark.parametrize("argument", ["ignore_changes", "provider", "providers"])
def test_attribute_and_provider_names_are_no_references(argument: str) -> None:
    block = parse(f"r {{\n  {argument} = [a.b]\n}}\n", file="a.tf").blocks[0]
    assert block.attributes[argument].text == "[a.b]"
    assert block.references() == ()


@pytest.mark.requirement("TAP-4")
@pytest.mark.parametrize("text", ["", "\n", "# only a comment", "/* a\nb */", "\r\n\r\n"])
def test_a_file_without_blocks_is_empty(text: str) -> None:
    block = parse(text, file="a.tf")
    assert (block.attributes, block.blocks) == ({}, ())


@pytest.mark.requirement("TAP-4")
def test_windows_line_ends_change_neither_lines_nor_values() -> None:
    unix = parse(SAMPLE, file="a.tf")
    windows = parse(SAMPLE.replace("\n", "\r\n"), file="a.tf")
    assert [b.first_line for b in windows.walk()] == [b.first_line for b in unix.walk()]
    assert [b.last_line for b in windows.walk()] == [b.last_line for b in unix.walk()]
    assert windows.blocks[0].text("description") == 'Range of the "network".'


@pytest.mark.requirement("TAP-4", "TAP-7")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = \n", "f.tf:1:5: expected a value, found the end of the line"),
        ('r "x" {\n', "f.tf:1:7: expected '}' to close '{', found the end of the file"),
        ("r {\n  x = f(1,\n", "f.tf:2:8: expected ')' to close '(', found the end of the file"),
        ('a = "b\nc = 2\n', "f.tf:1:6: a string is not closed on its line"),
        ('a = "x', "f.tf:1:6: a string is not closed on its line"),
        ('a = "', "f.tf:1:6: a string is not closed on its line"),
        ('x {\n  a = "b\n}\ny = "c"\n', "f.tf:2:8: a string is not closed on its line"),
        ('x = "\n"\n', "f.tf:1:6: a string is not closed on its line"),
        ('a = "${x}', "f.tf:1:10: a string is not closed on its line"),
        ('a = "x\\', "f.tf:1:7: expected a closing quote, found '\\'"),
        ("a = <<EOT\nfoo\n", "found '<<EOT' (a heredoc without its last line?)"),
        ("a = <<E\n\n  ${var.}\nE\n", "f.tf:3:9: expected a value, found the end of the line"),
        ("a = <<E\nb ${var.x\nE\n", "f.tf:2:5: a template sequence is not closed"),
        ('a = "${\nvar.x}"\n', "tap reads only one line there"),
        (
            "a = 1 2\n",
            "f.tf:1:7: expected an argument or a block or the end of the line, found '2'",
        ),
        ("a = [\n  1\n  2\n]\n", "f.tf:3:3: expected ',' or ']', found '2'"),
        ("a = 1\n\n a = 2\n", "f.tf:3:2: argument 'a' is given twice, first on line 1"),
        ("a = " + "(" * 3000 + "1" + ")" * 3000, "f.tf:1:1: expressions or blocks nest too deep"),
        ("b {\n" * 3000 + "}\n" * 3000, "f.tf:1:1: expressions or blocks nest too deeply"),
    ],
    ids=lambda value: value[:30],
)
def test_broken_hcl_names_the_place_and_what_was_found(text: str, message: str) -> None:
    with pytest.raises(HclError) as caught:
        parse(text, file="f.tf")
    assert message in caught.value.message
    assert caught.value.message.startswith("f.tf:")
    assert caught.value.hint


@pytest.mark.requirement("TAP-4", "TAP-7")
@settings(max_examples=150, deadline=None)
@given(
    start=st.integers(0, len(SAMPLE)),
    length=st.integers(0, 30),
    noise=st.text(max_size=6)
    | st.sampled_from(['"', "{", "}", "${", "%{", "<<A\n", "\\", "[", "/*", "#", "\r", "\x00"]),
)
def test_mangled_hcl_gives_nothing_but_an_hcl_error(start: int, length: int, noise: str) -> None:
    text = SAMPLE[:start] + noise + SAMPLE[start + length :]
    with suppress(HclError):
        module_of(parse(text, file="f.tf"))
