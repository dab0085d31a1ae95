from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap.proofs.network.addresses import PUBLIC, describe, network, networks, prefix_length
from tap.proofs.network.ranges import Bounds, Ranges

pytestmark = pytest.mark.requirement("TST-2")

SPANS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=5)


def numbers(found: Ranges) -> set[int]:
    return {number for first, last in found.spans for number in range(first, last + 1)}


@settings(max_examples=200, deadline=None)
@given(SPANS, SPANS)
def test_ranges_are_the_sets_of_their_numbers(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    a, b = Ranges.of(*one), Ranges.of(*other)
    left, right = numbers(a), numbers(b)
    assert left == {n for first, last in one for n in range(first, last + 1)}
    assert numbers(a | b) == left | right
    assert numbers(a & b) == left & right
    assert numbers(a - b) == left - right
    assert (a >= b) == (left >= right)
    assert (a <= b) == (left <= right)
    assert a.meets(b) == bool(left & right)
    assert bool(a) == bool(left)
    # The same set is always written the same way.
    assert (a == b) == (left == right)
    assert all(
        before[1] + 1 < after[0] for before, after in zip(a.spans, a.spans[1:], strict=False)
    )


@settings(max_examples=100, deadline=None)
@given(SPANS, st.lists(st.integers(0, 31), max_size=6))
def test_pieces_are_cut_where_told_and_nowhere_else(
    spans: list[tuple[int, int]], cuts: list[int]
) -> None:
    whole = Ranges.of(*spans)
    pieces = whole.pieces(sorted(set(cuts)))
    assert Ranges.of(*(span for piece in pieces for span in piece.spans)) == whole
    assert sum(len(numbers(piece)) for piece in pieces) == len(numbers(whole))
    for piece in pieces:
        [(first, last)] = piece.spans
        assert not any(first < cut <= last for cut in cuts)


def test_of_two_possibilities_only_what_is_in_both_is_certain() -> None:
    one, other = Ranges.of((1, 5)), Ranges.of((4, 9))
    found = Bounds(one, one).either(Bounds(other, other))
    assert found == Bounds(Ranges.of((4, 5)), Ranges.of((1, 9)))


def test_ipv4_and_ipv6_do_not_meet() -> None:
    assert not network("0.0.0.0/0").meets(network("::/0"))
    assert network("::ffff:0:0/96").first != network("0.0.0.0/0").first


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("198.51.100.7", True),
        ("9.255.255.255", True),
        ("10.0.0.0", False),
        ("100.64.0.1", False),
        ("172.15.255.255", True),
        ("172.31.255.255", False),
        ("172.32.0.0", True),
        ("224.0.0.1", False),
        ("2001:db8::1", True),
        ("fd00::1", False),
    ],
)
def test_public_addresses_are_those_that_the_internet_routes(address: str, public: bool) -> None:  # noqa: FBT001 - a parameter of the case
    assert (network(address) <= PUBLIC) is public


def test_blocks_are_told_as_blocks() -> None:
    assert describe(networks("10.0.0.0/24", "10.0.1.0/24", "2001:db8::/32")) == (
        "10.0.0.0/23, 2001:db8::/32"
    )
    assert describe(network("10.0.0.1")) == "10.0.0.1"
    assert describe(network("0.0.0.0/0") - network("10.0.0.0/8")).endswith(", ...")


@pytest.mark.parametrize(
    "block", ["0.0.0.0/0", "10.0.0.0/8", "10.0.0.1/32", "::/0", "2001:db8::/56"]
)
def test_the_length_of_a_prefix_is_that_of_the_block(block: str) -> None:
    assert prefix_length(network(block)) == int(block.partition("/")[2])
