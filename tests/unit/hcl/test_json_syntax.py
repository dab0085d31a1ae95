from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap.errors import HclError
from tap.hcl.declarations import module_of
from tap.hcl.json_syntax import parse_json

if TYPE_CHECKING:
    from tap.hcl import Module


def declared(content: Any) -> Module:
    return module_of(parse_json(json.dumps(content, indent=2), file="a.tf.json"))


@pytest.mark.requirement("TAP-4")
def test_json_gives_the_same_model_as_hcl() -> None:
    module = declared(
        {
            "//": "written by a program",
            "terraform": {
                "required_providers": {"aws": {"source": "hashicorp/aws", "version": "5"}},
                "backend": {"s3": {"key": "x"}},
            },
            "provider": {"aws": [{"region": "${var.region}"}, {"alias": "replica"}]},
            "variable": {
                "region": {
                    "type": "list(string)",
                    "default": ["a"],
                    "validation": {
                        "condition": "${length(var.region) > 1}",
                        "error_message": "no",
                    },
                }
            },
            "locals": {"lifecycle": {"a": "${var.x}"}},
            "resource": {
                "aws_x": {
                    "this": {
                        "//": "why",
                        "for_each": "${local.all}",
                        "name": "p-${each.key}-$${kept}",
                        "depends_on": ["aws_x.other"],
                        "lifecycle": {"ignore_changes": ["tags"]},
                        "dynamic": {"rule": {"for_each": "${var.r}", "content": {"x": 1}}},
                    }
                }
            },
            "data": {"aws_y": {"a": {}, "b": {}}},
            "module": {"m": {"source": "./m", "providers": {"aws": "aws.replica"}, "in": 1}},
            "output": {"o": {"value": "${module.m.out}"}},
            "check": {"c": {"data": {"http": {"h": {}}}}},
        }
    )
    assert module.settings.required_providers["aws"].version == "5"
    assert module.settings.backend is not None
    assert module.settings.backend.labels == ("s3",)
    assert list(module.providers) == ["aws", "aws.replica"]
    region = module.variables["region"]
    assert region.type == "list(string)"
    assert region.default is not None
    assert region.default.value == ["a"]
    assert region.validations[0].condition.text == "length(var.region) > 1"
    assert module.locals["lifecycle"].value.references == ("var.x",)
    assert list(module.resources) == [
        "aws_x.this",
        "data.aws_y.a",
        "data.aws_y.b",
        "data.http.h",
    ]
    this = module.resources["aws_x.this"]
    assert this.for_each is not None
    assert this.for_each.text == "local.all"
    assert this.body.attributes["name"].text == '"p-${each.key}-$${kept}"'
    assert this.body.attributes["name"].references == ("each.key",)
    assert this.depends_on == ("aws_x.other",)
    assert this.ignore_changes == ("tags",)
    assert this.body.of_type("rule")[0].blocks[0].attributes["x"].value == 1
    call = module.module_calls["m"]
    assert (call.source, call.providers, list(call.arguments)) == (
        "./m",
        {"aws": "aws.replica"},
        ["in"],
    )
    assert module.outputs["o"].value is not None
    assert module.outputs["o"].value.references == ("module.m.out",)


@pytest.mark.requirement("TAP-4")
def test_strings_without_a_template_are_literal_and_unescaped() -> None:
    value = declared({"locals": {"a": 'say "$${x}"'}}).locals["a"].value
    assert (value.value, value.text) == ('say "${x}"', '"say \\"$${x}\\""')


@pytest.mark.requirement("TAP-4")
@pytest.mark.parametrize("value", ["${var.x}", ["a", "${var.x}"], {"a": [1, "p-${var.x}"]}])
def test_values_with_a_template_are_not_literal(value: Any) -> None:
    found = declared({"locals": {"a": value}}).locals["a"].value
    assert not found.is_literal
    assert found.references == ("var.x",)


@pytest.mark.requirement("TAP-4")
def test_comments_are_left_out_of_blocks_and_kept_in_values() -> None:
    module = declared(
        {
            "variable": {"//": "all", "a": {"//": "one", "default": {"//": "$${x}"}}},
            "resource": {"//": {}, "aws_x": {"//": {}, "y": {}}},
        }
    )
    assert list(module.variables) == ["a"]
    assert list(module.resources) == ["aws_x.y"]
    variable = module.variables["a"]
    assert list(variable.body.attributes) == ["default"]
    assert variable.default is not None
    assert variable.default.value == {"//": "${x}"}


@pytest.mark.requirement("TAP-4")
def test_provider_names_are_no_references() -> None:
    module = declared(
        {
            "terraform": {
                "required_providers": {"aws": {"configuration_aliases": ["${aws.replica}"]}}
            },
            "resource": {"aws_x": {"y": {"provider": "aws.replica", "a": "${var.a}"}}},
        }
    )
    assert module.resources["aws_x.y"].provider == "aws.replica"
    assert module.references() == ("var.a",)


@pytest.mark.requirement("TAP-4")
def test_parts_have_the_lines_of_the_whole_file() -> None:
    text = '{\n  "variable": {\n    "a": {}\n  }\n}\n'
    variable = module_of(parse_json(text, file="a.tf.json")).variables["a"]
    assert (variable.file, variable.first_line, variable.last_line) == ("a.tf.json", 1, 5)


@pytest.mark.requirement("TAP-4", "TAP-7")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a.tf.json:1:1: not a Terraform configuration in JSON"),
        ("{", "a.tf.json:1:1: not a Terraform configuration in JSON"),
        ("[]", "Expected `object`, got `array`"),
        ('{"variable": 1}', "a.tf.json:1:1: variable must be an object, got 1"),
        ('{"resource": {"aws_x": []}, "data": {"x": {"y": "z"}}}', "data.x.y must be an object"),
        ('{"locals": {"a": "${var.}"}}', "a.tf.json:1:"),
        ('{"locals": {"a": "${var.x"}}', "a template sequence is not closed"),
        ('{"a":' * 5000, "a.tf.json:1:1"),
        ('{"locals":' + '{"a":' * 700 + "1" + "}" * 701, "nest too deeply"),
    ],
    ids=lambda value: value[:25],
)
def test_broken_json_is_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(HclError) as caught:
        parse_json(text, file="a.tf.json")
    assert message in caught.value.message
    assert caught.value.hint


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["resource", "variable", "locals", "lifecycle", "moved", "a", "//"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


@pytest.mark.requirement("TAP-4", "TAP-7")
@settings(max_examples=150, deadline=None)
@given(content=JSON)
def test_any_json_gives_a_module_or_an_hcl_error(content: Any) -> None:
    try:
        module = declared(content)
    except HclError as error:
        message = error.message
    else:
        message = module.path
    assert message.startswith("a.tf.json")
