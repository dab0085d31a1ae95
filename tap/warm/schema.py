"""Less of a provider's schema: what a configuration does not name is left out.

Two things are left out. The schemas of types that are not named; and in the schemas of the others
the inside of large nested blocks that are not used. `aws_wafv2_web_acl` is why: 525 of its 527 kB
describe statements in statements in statements, and both Terraform's time and its memory grow
with them.

An unused block of nesting `list` or `set` is an empty list or set, whatever it could hold: the
same bytes on the wire, the same `[]` in a plan. So the block itself stays, and only the schema of
its content becomes empty. A value that has content after all, read from AWS or from a state, does
not fit that schema: Terraform refuses it. :class:`Trimmed` tells, so that the command can be
repeated with the whole schema.

Source: ``tfplugin5.proto`` of Terraform 1.11
(https://github.com/hashicorp/terraform/blob/v1.11/docs/plugin-protocol/tfplugin5.9.proto).
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap.warm.wire import contents, encode_field, fields

if TYPE_CHECKING:
    from tap.warm.names import Named

# Fields of GetProviderSchema.Response that map a type's name to its schema, and of an entry.
RESOURCES, DATA_SOURCES, EPHEMERAL_RESOURCES = 2, 3, 8
_BY_TYPE = frozenset({RESOURCES, DATA_SOURCES, EPHEMERAL_RESOURCES})
_KEY, _VALUE = 1, 2

# Fields of Schema, Schema.Block and Schema.NestedBlock.
_SCHEMA_BLOCK = 2
_BLOCK_TYPES = 3
_NESTED_NAME, _NESTED_BLOCK, _NESTED_NESTING = 1, 2, 3
# A block of another nesting has a value even if it is not used.
_LIST_OR_SET = (b"\x02", b"\x03")

# A smaller block costs nothing that could be measured; of prod's types only the web ACL has any.
_LARGE_BYTES = 4096

# What follows the name of a block in MessagePack, unless the block is an empty array, null, or
# unknown (an extension). Source: https://github.com/msgpack/msgpack/blob/master/spec.md
_CONTENT = rb"[^\x90\xc0\xc7\xc8\xc9\xd4\xd5\xd6\xd7\xd8]"


@dataclass
class Trimmed:
    """A schema with only what is named.

    Attributes:
        schema: A ``GetProviderSchema.Response``.
        emptied: The names of the blocks that lost their content.
        exceeded: Whether a value had content where the schema has none.
    """

    schema: bytes
    emptied: frozenset[bytes] = frozenset()
    exceeded: bool = False

    def look(self, response: bytes) -> None:
        """Notice an answer of the provider that Terraform cannot read with this schema."""
        if self.emptied and not self.exceeded:
            self.exceeded = _filled(self.emptied).search(response) is not None


@functools.cache
def _filled(names: frozenset[bytes]) -> re.Pattern[bytes]:
    """Return what finds one of these blocks with content in a value."""
    any_name = b"|".join(map(re.escape, sorted(names)))
    return re.compile(rb"(?:%s)%s" % (any_name, _CONTENT), re.DOTALL)


def schema_types(schema: bytes) -> set[bytes]:
    """Return the names of all resource, data source and ephemeral resource types of a schema.

    Args:
        schema: A ``GetProviderSchema.Response``.

    Raises:
        WireError: It is none.
    """
    return {_entry(content)[0] for number, content in contents(schema) if number in _BY_TYPE}


def trim_schema(schema: bytes, named: Named) -> Trimmed:
    """Return a schema with only what is named; all that is no type stays.

    Args:
        schema: A ``GetProviderSchema.Response``.
        named: What to keep; a type that the schema does not have is no fault.

    Raises:
        WireError: It is no message.
    """
    kept: list[bytes] = []
    emptied: set[bytes] = set()
    for number, start, content, end in fields(schema):
        if number not in _BY_TYPE:
            kept.append(schema[start:end])
            continue
        name, value = _entry(schema[content:end])
        if name not in named.types:
            continue
        large = number == RESOURCES and len(value) > _LARGE_BYTES
        if large and named.words is not None and not _read_as_a_whole(name, value, named):
            smaller = _without_unused(value, named.words, emptied)
            kept.append(encode_field(number, encode_field(_KEY, name) + smaller))
        else:
            kept.append(schema[start:end])
    return Trimmed(b"".join(kept), frozenset(emptied))


def _entry(message: bytes) -> tuple[bytes, bytes]:
    """Return key and value of a map entry; an entry without one has it empty."""
    parts = dict(contents(message))
    return parts.get(_KEY, b""), parts.get(_VALUE, b"")


def _without_unused(schema: bytes, words: frozenset[bytes], emptied: set[bytes]) -> bytes:
    """Return the value of a map entry: a schema whose unused blocks have no content."""
    parts = []
    for number, start, content, end in fields(schema):
        if number == _SCHEMA_BLOCK:
            block = _trim_block(schema[content:end], words, emptied)
            parts.append(encode_field(number, block))
        else:
            parts.append(schema[start:end])
    return encode_field(_VALUE, b"".join(parts))


def _trim_block(block: bytes, words: frozenset[bytes], emptied: set[bytes]) -> bytes:
    parts = []
    for number, start, content, end in fields(block):
        if number == _BLOCK_TYPES and end - content > _LARGE_BYTES:
            parts.append(encode_field(number, _trim_nested(block[content:end], words, emptied)))
        else:
            parts.append(block[start:end])
    return b"".join(parts)


def _trim_nested(nested: bytes, words: frozenset[bytes], emptied: set[bytes]) -> bytes:
    parts = dict(contents(nested))
    name = parts.get(_NESTED_NAME, b"")
    unused = name not in words and parts.get(_NESTED_NESTING) in _LIST_OR_SET
    kept = []
    for number, start, content, end in fields(nested):
        if number != _NESTED_BLOCK:
            kept.append(nested[start:end])
        elif unused:
            emptied.add(name)
            kept.append(encode_field(number, b""))
        else:
            kept.append(encode_field(number, _trim_block(nested[content:end], words, emptied)))
    return b"".join(kept)


def _read_as_a_whole(name: bytes, schema: bytes, named: Named) -> bool:
    """Tell whether the configuration reads whole resources of a type, or blocks of them.

    Their types would show, in the type of an output for example.
    """
    blocks = {
        dict(contents(nested)).get(_NESTED_NAME, b"")
        for number, block in contents(schema)
        if number == _SCHEMA_BLOCK
        for kind, nested in contents(block)
        if kind == _BLOCK_TYPES
    }
    return any((name, attribute) in named.references for attribute in {b"", *blocks})
