"""Messages of Protocol Buffers, as far as the relay looks into them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap.warm.wire import (
    WireError,
    echoed_config,
    echoes_config,
    fields,
    prune_schema,
    schema_types,
)

pytestmark = pytest.mark.requirement("TAP-1")


def varint(value: int) -> bytes:
    encoded = b""
    while value > 0x7F:
        encoded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return encoded + bytes([value])


def text_field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def entry(field: int, name: bytes, schema: bytes) -> bytes:
    return text_field(field, text_field(1, name) + text_field(2, schema))


PROVIDER = text_field(1, b"the provider's own schema")
CAPABILITIES = text_field(6, b"\x08\x01")
FUNCTION = entry(7, b"arn_parse", b"function")
QUEUE, TOPIC = entry(2, b"aws_sqs_queue", b"q" * 300), entry(2, b"aws_sns_topic", b"t")
REGION, SECRET = entry(3, b"aws_region", b"r"), entry(8, b"aws_secret", b"s")
SCHEMA = PROVIDER + QUEUE + TOPIC + REGION + CAPABILITIES + FUNCTION + SECRET


def test_only_the_named_types_stay_and_everything_that_is_no_type() -> None:
    pruned = prune_schema(SCHEMA, {b"aws_sqs_queue", b"aws_secret", b"aws_unknown"})
    assert pruned == PROVIDER + QUEUE + CAPABILITIES + FUNCTION + SECRET


def test_a_function_is_kept_whatever_the_configuration_names() -> None:
    assert prune_schema(SCHEMA, set()) == PROVIDER + CAPABILITIES + FUNCTION


def test_the_types_of_a_schema_are_those_of_all_three_kinds() -> None:
    assert schema_types(SCHEMA) == {
        b"aws_sqs_queue",
        b"aws_sns_topic",
        b"aws_region",
        b"aws_secret",
    }


def test_an_entry_may_have_its_value_before_its_name() -> None:
    swapped = text_field(2, text_field(2, b"schema") + text_field(1, b"aws_vpc"))
    assert prune_schema(swapped, {b"aws_vpc"}) == swapped
    assert prune_schema(swapped, set()) == b""


@pytest.mark.parametrize("cut", [1, 5, len(PROVIDER) + 3, len(SCHEMA) - 1])
def test_a_message_that_is_cut_off_is_an_error(cut: int) -> None:
    with pytest.raises(WireError):
        list(fields(SCHEMA[:cut]))


def test_groups_are_an_error_because_proto3_has_none() -> None:
    with pytest.raises(WireError, match="wire type 3"):
        list(fields(b"\x0b"))


def test_a_configuration_that_comes_back_unchanged_is_recognized() -> None:
    config = text_field(1, b"\x0a\x03key")
    request = config + text_field(3, b"something newer")
    assert echoes_config(request, config)
    assert echoed_config(request) == config


@pytest.mark.parametrize(
    "response",
    [
        text_field(1, b"\x0a\x03KEY"),
        text_field(1, b"\x0a\x03key") + text_field(2, b"a diagnostic"),
        b"",
        b"\x0a\x7f",
    ],
    ids=["changed", "with a warning", "empty", "cut off"],
)
def test_any_other_answer_to_a_configuration_is_not_kept(response: bytes) -> None:
    assert not echoes_config(text_field(1, b"\x0a\x03key"), response)


@given(st.lists(st.tuples(st.integers(1, 40), st.binary(max_size=300)), max_size=8))
def test_every_message_is_cut_into_its_fields(parts: list[tuple[int, bytes]]) -> None:
    message = b"".join(text_field(*part) for part in parts)
    assert [(n, message[a:b]) for n, _, a, b in fields(message)] == parts
    assert b"".join(message[s:e] for _, s, _, e in fields(message)) == message


@given(st.binary(max_size=200))
def test_garbage_is_an_error_or_a_message_but_never_anything_else(message: bytes) -> None:
    try:
        prune_schema(message, set())
    except WireError:
        return
    assert list(fields(message)) is not None
