"""Protocol Buffers on the wire, as far as the relay looks into messages.

Only a few fields of a few messages are looked at; everything else passes as bytes. Sources:
https://protobuf.dev/programming-guides/encoding/ and ``tfplugin5.proto`` of Terraform 1.11
(https://github.com/hashicorp/terraform/blob/v1.11/docs/plugin-protocol/tfplugin5.9.proto).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Field 1 of PrepareProviderConfig.Request is `config`, of its Response `prepared_config`.
_CONFIG = 1

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


def contents(message: bytes) -> list[tuple[int, bytes]]:
    """Return number and content of every field of a message.

    Raises:
        WireError: As :func:`fields`.
    """
    return [(number, message[start:end]) for number, _, start, end in fields(message)]


def encode_field(number: int, content: bytes) -> bytes:
    """Return a field that holds bytes, a text or another message."""
    return _encode_varint(number << 3 | _BYTES) + _encode_varint(len(content)) + content


def echoes_config(request: bytes, response: bytes) -> bool:
    """Tell whether a ``PrepareProviderConfig`` only handed the configuration back.

    Such an answer has no diagnostics and no value of its own, so that knowing the request is
    knowing the answer, and no credential of a provider block has to be kept.
    """
    try:
        return sorted(contents(response)) == sorted(
            field for field in contents(request) if field[0] == _CONFIG
        )
    except WireError:
        return False


def echoed_config(request: bytes) -> bytes:
    """Return the answer that :func:`echoes_config` recognized, from the request alone."""
    return b"".join(
        request[start:end] for number, start, _, end in fields(request) if number == _CONFIG
    )


def _encode_varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - what fits beside the continuation bit
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


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
