"""Protocol Buffers on the wire, as far as the relay looks into messages.

Only four fields of two messages are looked at; everything else passes as bytes. Sources:
https://protobuf.dev/programming-guides/encoding/ and ``tfplugin5.proto`` of Terraform 1.11
(https://github.com/hashicorp/terraform/blob/v1.11/docs/plugin-protocol/tfplugin5.9.proto).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

# Fields of GetProviderSchema.Response that map a type's name to its schema.
RESOURCES, DATA_SOURCES, EPHEMERAL_RESOURCES = 2, 3, 8
_BY_TYPE = frozenset({RESOURCES, DATA_SOURCES, EPHEMERAL_RESOURCES})

# Field 1 of PrepareProviderConfig.Request is `config`, of its Response `prepared_config`.
_CONFIG = 1
_MAP_KEY = 1

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SIZES = {_FIXED64: 8, _FIXED32: 4}


class WireError(ValueError):
    """The bytes are no message of Protocol Buffers."""


def fields(message: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Yield number, start, start of the content, and end of every field of a message.

    Raises:
        WireError: The message is cut off, or holds a wire type that proto3 has not.
    """
    position, length = 0, len(message)
    while position < length:
        start = position
        key, position = _varint(message, position)
        kind = key & 7
        if kind == _BYTES:
            size, position = _varint(message, position)
        elif kind in _SIZES:
            size = _SIZES[kind]
        elif kind == _VARINT:
            size = _varint(message, position)[1] - position
        else:
            raise WireError(f"wire type {kind} at byte {start}")
        if position + size > length:
            raise WireError(f"field at byte {start} is cut off")
        yield key >> 3, start, position, position + size
        position += size


def schema_types(schema: bytes) -> set[bytes]:
    """Return the names of all resource, data source and ephemeral resource types of a schema.

    Args:
        schema: A ``GetProviderSchema.Response``.

    Raises:
        WireError: It is none.
    """
    return {
        _map_key(schema, content, end)
        for number, _, content, end in fields(schema)
        if number in _BY_TYPE
    }


def prune_schema(schema: bytes, names: Container[bytes]) -> bytes:
    """Return a schema with only the types that are named; all else of it stays.

    Args:
        schema: A ``GetProviderSchema.Response``.
        names: The types to keep; a type that the schema does not have is no fault.

    Raises:
        WireError: It is no message.
    """
    return b"".join(
        schema[start:end]
        for number, start, content, end in fields(schema)
        if number not in _BY_TYPE or _map_key(schema, content, end) in names
    )


def echoes_config(request: bytes, response: bytes) -> bool:
    """Tell whether a ``PrepareProviderConfig`` only handed the configuration back.

    Such an answer has no diagnostics and no value of its own, so that knowing the request is
    knowing the answer, and no credential of a provider block has to be kept.
    """
    try:
        return sorted(_contents(response)) == sorted(
            field for field in _contents(request) if field[0] == _CONFIG
        )
    except WireError:
        return False


def echoed_config(request: bytes) -> bytes:
    """Return the answer that :func:`echoes_config` recognized, from the request alone."""
    return b"".join(
        request[start:end] for number, start, _, end in fields(request) if number == _CONFIG
    )


def _contents(message: bytes) -> list[tuple[int, bytes]]:
    return [(number, message[content:end]) for number, _, content, end in fields(message)]


def _map_key(message: bytes, start: int, end: int) -> bytes:
    """Return the key of a map entry; an entry without one has the empty key."""
    for number, content, stop in _entry(message, start, end):
        if number == _MAP_KEY:
            return message[content:stop]
    return b""


def _entry(message: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    position = start
    while position < end:
        key, position = _varint(message, position)
        if key & 7 != _BYTES:
            raise WireError(f"wire type {key & 7} in the map entry at byte {start}")
        size, position = _varint(message, position)
        yield key >> 3, position, position + size
        position += size


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    try:
        while True:
            byte = message[position]
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004 - the continuation bit
                return value, position
            shift += 7
    except IndexError:
        raise WireError("number is cut off") from None
