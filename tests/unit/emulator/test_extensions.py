"""The frame that extensions hang in."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tap.emulator import extensions
from tap.emulator.extensions import Extension, Patch

pytestmark = pytest.mark.requirement("TST-2")


class Door:
    """Something to replace a method of."""

    def opened(self, name: str, *, times: int = 1) -> str:
        """Say who opened it."""
        return f"{name} x{times}"


def patch(name: str, applied: list[str]) -> Patch:
    return Patch(
        id=name, symptom="", apply=lambda: applied.append(name), probe=lambda _client: False
    )


def test_every_file_of_the_package_is_found() -> None:
    ids = [patch.id for extension in extensions.load() for patch in extension.patches]

    assert {"dynamodb", "ec2", "iam", "kms", "s3"} <= {name.partition("-")[0] for name in ids}
    assert len(ids) == len(set(ids))


def test_all_patches_but_those_left_out_are_applied() -> None:
    applied: list[str] = []
    both = (Extension(patches=(patch("a", applied), patch("b", applied))), Extension())

    assert extensions.apply(both) == ("a", "b")
    assert extensions.apply(both, without=["a"]) == ("b",)
    assert applied == ["a", "b", "b"]


def test_leaving_out_an_unknown_patch_applies_none() -> None:
    applied: list[str] = []

    with pytest.raises(ValueError, match="no such patch: x, y"):
        extensions.apply((Extension(patches=(patch("a", applied),)),), without=["y", "a", "x"])

    assert applied == []


def test_a_wrapped_method_gets_the_one_it_replaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Door, "opened", Door.opened)

    @extensions.wrap(Door, "opened")
    def _(original: Any, self: Door, name: str, **more: Any) -> str:
        return f"[{original(self, name, **more)}]"

    assert Door().opened("ann", times=2) == "[ann x2]"
    assert Door.opened.__doc__ == "Say who opened it."


def test_a_method_that_moto_no_longer_has_cannot_be_wrapped() -> None:
    with pytest.raises(AttributeError, match="closed"):
        extensions.wrap(Door, "closed")


def test_arguments_are_found_by_name_however_they_were_passed() -> None:
    door = Door()

    for given in (
        extensions.arguments(Door.opened, door, "ann", times=2),
        extensions.arguments(Door.opened, door, name="ann", times=2),
    ):
        assert given == {"self": door, "name": "ann", "times": 2}


def test_an_object_counts_as_itself_unless_it_is_gone() -> None:
    count = extensions.unless(lambda each: each == "gone")

    assert list(count("here")) == ["here"]
    assert list(count("gone")) == []


def test_attempts_are_made_until_several_win() -> None:
    tried: list[str] = []

    def refuse_the_first(name: str) -> None:
        tried.append(name)
        if name == "lock-0":
            raise ClientError({"Error": {"Code": "Conflict"}}, "Put")

    assert extensions.attempts_that_win(refuse_the_first, "lock", rounds=9, attempts=3) == 3
    assert sorted(tried) == ["lock-0"] * 3 + ["lock-1"] * 3
    assert extensions.attempts_that_win(tried.append, "one", rounds=2, attempts=1) == 1
    assert tried[6:] == ["one-0", "one-1"]
