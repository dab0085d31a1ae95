"""Questions about sets of patterns, held against every text of a small alphabet."""

from __future__ import annotations

import fnmatch
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap.errors import PolicyError
from tap.proofs.access import globs
from tap.proofs.access.globs import contains, examples, intersect, matches

pytestmark = pytest.mark.requirement("TST-2", "SEC-3")

# Patterns of at most four characters differ on texts of at most six, if they differ at all, as the
# texts have one character more than the patterns name.
PATTERNS = st.text("ab*?", max_size=4)
TEXTS = ["".join(text) for length in range(7) for text in itertools.product("abx", repeat=length)]


def taken(pattern: str) -> set[str]:
    """Return the texts that a pattern takes, by an implementation that is not ours."""
    return {text for text in TEXTS if fnmatch.fnmatchcase(text, pattern)}


@given(PATTERNS, st.sampled_from(TEXTS))
def test_a_match_is_what_fnmatch_says(pattern: str, text: str) -> None:
    assert matches(pattern, text) == fnmatch.fnmatchcase(text, pattern)


@settings(max_examples=150, deadline=None)
@given(PATTERNS, PATTERNS)
def test_two_patterns_intersect_when_some_text_is_taken_by_both(one: str, other: str) -> None:
    assert intersect(one, other) == bool(taken(one) & taken(other))


@settings(max_examples=150, deadline=None)
@given(st.lists(PATTERNS, max_size=3), PATTERNS)
def test_a_pattern_is_contained_when_no_text_of_it_is_outside(outer: list[str], inner: str) -> None:
    inside = set().union(*map(taken, outer))

    assert contains(outer, inner) == (taken(inner) <= inside)


@settings(max_examples=150, deadline=None)
@given(st.lists(PATTERNS, min_size=1, max_size=3), PATTERNS)
def test_there_is_one_example_of_every_kind_of_text(patterns: list[str], within: str) -> None:
    kinds = {
        frozenset(each for each in {*patterns, within} if fnmatch.fnmatchcase(text, each))
        for text in taken(within)
    }
    found = examples([within], patterns)

    assert {each.taken for each in found} == kinds
    assert all(matches(pattern, each.text) for each in found for pattern in each.taken)


def test_signs_of_regular_expressions_mean_themselves() -> None:
    assert matches("a[b]+(c)$", "a[b]+(c)$")
    assert not matches("a.c", "abc")
    assert not matches("[ab]", "a")
    assert matches("a*c", "a\nc")


@pytest.mark.parametrize(
    ("outer", "inner", "answer"),
    [
        (["iam:*"], "iam:PassRole", True),
        (["iam:Get*", "iam:List*"], "iam:*", False),
        (["arn:aws:s3:::app/*"], "arn:aws:s3:::app/data/*", True),
        (["arn:aws:s3:::app/*"], "arn:aws:s3:::app*", False),
        (["arn:aws:s3:::app", "arn:aws:s3:::app?*"], "arn:aws:s3:::app*", True),
        (["a*", "*b"], "a*b", True),
        ([], "a", False),
    ],
)
def test_containment_of_patterns_as_policies_have_them(
    outer: list[str],
    inner: str,
    answer: bool,  # noqa: FBT001 - a parameter of pytest
) -> None:
    assert contains(outer, inner) is answer


def test_patterns_that_are_too_entangled_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(globs, "_MOST_STATES", 50)

    with pytest.raises(PolicyError, match=r"too entangled: \*a\*b\*c\*e"):
        examples(["*a*b*c*e"], ["*e*c*b*a", "*b*e*a*c"])
