"""What is left out of a provider's schema, and when that is noticed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap.warm.names import Named
from tap.warm.schema import schema_types, trim_schema
from tap.warm.wire import WireError, contents, encode_field

pytestmark = pytest.mark.requirement("TAP-1")

SINGLE, LIST, SET, MAP, GROUP = b"\x01", b"\x02", b"\x03", b"\x04", b"\x05"
LARGE = encode_field(4, b"d" * 5000)


def entry(field: int, name: bytes, schema: bytes) -> bytes:
    return encode_field(field, encode_field(1, name) + encode_field(2, schema))


def nested(name: bytes, block: bytes, nesting: bytes = LIST) -> bytes:
    """Return a nested block with at most one use."""
    most = b"\x28\x01"
    return encode_field(
        3, encode_field(1, name) + encode_field(2, block) + b"\x18" + nesting + most
    )


def resource(*blocks: bytes, name: bytes = b"aws_acl") -> bytes:
    attribute = encode_field(2, encode_field(1, b"arn"))
    return entry(2, name, b"\x08\x02" + encode_field(2, attribute + b"".join(blocks)))


def named(words: set[bytes] | None, *references: tuple[bytes, bytes]) -> Named:
    return Named(
        frozenset({b"aws_acl"}),
        words=None if words is None else frozenset(words),
        references=frozenset(references),
    )


PROVIDER = encode_field(1, b"the provider's own schema")
CAPABILITIES = encode_field(6, b"\x08\x01")
FUNCTION = entry(7, b"arn_parse", b"function")
QUEUE, TOPIC = entry(2, b"aws_sqs_queue", b"q" * 300), entry(2, b"aws_sns_topic", b"t")
REGION, SECRET = entry(3, b"aws_region", b"r"), entry(8, b"aws_secret", b"s")
SCHEMA = PROVIDER + QUEUE + TOPIC + REGION + CAPABILITIES + FUNCTION + SECRET


def test_only_the_named_types_stay_and_everything_that_is_no_type() -> None:
    types = frozenset({b"aws_sqs_queue", b"aws_secret", b"aws_unknown"})
    trimmed = trim_schema(SCHEMA, Named(types))
    assert trimmed.schema == PROVIDER + QUEUE + CAPABILITIES + FUNCTION + SECRET
    assert trimmed.emptied == frozenset()


def test_a_function_is_kept_whatever_the_configuration_names() -> None:
    assert trim_schema(SCHEMA, Named(frozenset())).schema == PROVIDER + CAPABILITIES + FUNCTION


def test_the_types_of_a_schema_are_those_of_all_three_kinds() -> None:
    types = {b"aws_sqs_queue", b"aws_sns_topic", b"aws_region", b"aws_secret"}
    assert schema_types(SCHEMA) == types


def test_an_entry_may_have_its_value_before_its_name() -> None:
    swapped = encode_field(2, encode_field(2, b"schema") + encode_field(1, b"aws_vpc"))
    assert trim_schema(swapped, Named(frozenset({b"aws_vpc"}))).schema == swapped
    assert trim_schema(swapped, Named(frozenset())).schema == b""


@pytest.mark.parametrize("nesting", [LIST, SET], ids=["list", "set"])
def test_a_large_block_that_is_not_used_keeps_everything_but_its_content(nesting: bytes) -> None:
    schema = resource(nested(b"used", LARGE), nested(b"unused", LARGE, nesting))
    trimmed = trim_schema(schema, named({b"used"}))
    assert trimmed.schema == resource(nested(b"used", LARGE), nested(b"unused", b"", nesting))
    assert trimmed.emptied == {b"unused"}


def test_blocks_within_blocks_are_looked_at_one_by_one() -> None:
    inside = nested(b"and", LARGE) + nested(b"geo", LARGE)
    trimmed = trim_schema(resource(nested(b"rule", inside)), named({b"rule", b"geo"}))
    smaller = nested(b"and", b"") + nested(b"geo", LARGE)
    assert trimmed.schema == resource(nested(b"rule", smaller))


@pytest.mark.parametrize("nesting", [SINGLE, MAP, GROUP], ids=["single", "map", "group"])
def test_a_block_that_has_a_value_when_it_is_not_used_stays_whole(nesting: bytes) -> None:
    schema = resource(nested(b"unused", LARGE, nesting))
    assert trim_schema(schema, named(set())).schema == schema


def test_a_small_block_stays_whole() -> None:
    schema = resource(nested(b"unused", b"\x22\x01d"), nested(b"used", LARGE))
    assert trim_schema(schema, named({b"used"})).schema == schema


@pytest.mark.parametrize(
    "reference", [(b"aws_acl", b""), (b"aws_acl", b"unused")], ids=["whole", "block"]
)
def test_a_type_that_is_read_as_a_whole_stays_whole(reference: tuple[bytes, bytes]) -> None:
    schema = resource(nested(b"unused", LARGE))
    assert trim_schema(schema, named(set(), reference)).schema == schema
    assert trim_schema(schema, named(set(), (b"aws_acl", b"arn"))).schema != schema


def test_without_words_every_block_stays_whole() -> None:
    schema = resource(nested(b"unused", LARGE))
    assert trim_schema(schema, named(None)).schema == schema


def test_data_sources_keep_all_their_blocks() -> None:
    schema = encode_field(3, contents(resource(nested(b"unused", LARGE)))[0][1])
    assert trim_schema(schema, named(set())).schema == schema


@pytest.mark.parametrize(
    ("value", "exceeded"),
    [
        (b"\xa6unused\x90", False),
        (b"\xa6unused\xc0", False),
        (b"\xa6unused\xd4\x00\x00", False),
        (b"\xa6unused\xc7\x05\x0c12345", False),
        (b"\xa6unused\x91\x81\xa3and\x90", True),
        (b"\xa6unused\xdc\x00\x20", True),
        (b"\xa6unused\n", True),
        (b"\xa4used\x91\x80", False),
    ],
    ids=["empty", "null", "unknown", "refined", "one", "many", "a line", "another block"],
)
def test_content_where_the_schema_has_none_is_noticed(value: bytes, *, exceeded: bool) -> None:
    schema = resource(nested(b"used", LARGE), nested(b"unused", LARGE))
    trimmed = trim_schema(schema, named({b"used"}))
    trimmed.look(b"\x0a\x50" + value + b"\xa3arn\xc0")
    assert trimmed.exceeded is exceeded


def test_an_answer_never_exceeds_a_whole_schema() -> None:
    trimmed = trim_schema(resource(nested(b"unused", LARGE)), named(None))
    trimmed.look(b"\xa6unused\x91\x80")
    assert trimmed.exceeded is False


@given(st.binary(max_size=200))
def test_garbage_is_an_error_or_a_message_but_never_anything_else(message: bytes) -> None:
    try:
        trim_schema(message, named(set()))
    except WireError:
        return
    assert contents(message) is not None
