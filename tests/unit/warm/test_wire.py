"""Messages of Protocol Buffers, as far as the relay looks into them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap.warm.wire import (
    WireError,
    contents,
    echoed_config,
    echoes_config,
    encode_field,
    fields,
)

pytestmark = pytest.mark.requirement("TAP-1")


MESSAGE = encode_field(1, b"text") + encode_field(40, b"q" * 300) + b"\x30\x07"


@pytest.mark.parametrize("cut", [1, 5, 8, len(MESSAGE) - 1])
def test_a_message_that_is_cut_off_is_an_error(cut: int) -> None:
    with pytest.raises(WireError):
        list(fields(MESSAGE[:cut]))


def test_groups_are_an_error_because_proto3_has_none() -> None:
    with pytest.raises(WireError, match="wire type 3"):
        list(fields(b"\x0b"))


def test_a_configuration_that_comes_back_unchanged_is_recognized() -> None:
    config = encode_field(1, b"\x0a\x03key")
    request = config + encode_field(3, b"something newer")
    assert echoes_config(request, config)
    assert echoed_config(request) == config


@pytest.mark.parametrize(
    "response",
    [
        encode_field(1, b"\x0a\x03KEY"),
        encode_field(1, b"\x0a\x03key") + encode_field(2, b"a diagnostic"),
        b"",
        b"\x0a\x7f",
    ],
    ids=["changed", "with a warning", "empty", "cut off"],
)
def test_any_other_answer_to_a_configuration_is_not_kept(response: bytes) -> None:
    assert not echoes_config(encode_field(1, b"\x0a\x03key"), response)


@given(st.lists(st.tuples(st.integers(1, 40), st.binary(max_size=300)), max_size=8))
def test_every_message_is_cut_into_its_fields(parts: list[tuple[int, bytes]]) -> None:
    message = b"".join(encode_field(*part) for part in parts)
    assert contents(message) == parts
    assert b"".join(message[s:e] for _, s, _, e in fields(message)) == message


@given(st.binary(max_size=200))
def test_garbage_is_an_error_or_a_message_but_never_anything_else(message: bytes) -> None:
    try:
        found = list(fields(message))
    except WireError:
        return
    assert b"".join(message[start:end] for _, start, _, end in found) == message
