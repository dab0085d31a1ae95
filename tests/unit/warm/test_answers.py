"""Which answers of a provider are given again, to whom, and what is kept of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tap.warm import answers as module
from tap.warm.answers import Answers
from tap.warm.cache import AnswerCache
from tap.warm.package import Package
from tap.warm.wire import encode_field

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.requirement("TAP-1", "TAP-6")

PLAN, UPGRADE, VALIDATE = (
    f"/tfplugin5.Provider/{name}"
    for name in ("PlanResourceChange", "UpgradeResourceState", "ValidateResourceTypeConfig")
)
SECRET = b"x-origin-verify: correct horse battery staple"
CONFIGURATION = b"region eu-west-1, default tags"
PACKAGE = Package(
    source="registry/hashicorp/aws", version="5.100.0", executable=Path("aws"), digest="h1:abc"
)


def question(type_name: str = "aws_wafv2_web_acl", value: bytes = SECRET) -> bytes:
    """Return a request: the name of a type, then a value."""
    return encode_field(1, type_name.encode()) + encode_field(2, b"prior" + value)


ANSWER = encode_field(1, b"planned " + SECRET) + encode_field(3, b"private")


@pytest.fixture
def cache(tmp_path: Path) -> AnswerCache:
    """Return an empty cache."""
    return AnswerCache(tmp_path / "answers")


def answers(cache: AnswerCache, package: Package = PACKAGE, **environ: str) -> Answers:
    """Return the answers that a command with these variables may get."""
    return Answers(cache, package, environ)


def package(version: str, digest: str = "h1:abc") -> Package:
    """Return another provider."""
    return Package(source=PACKAGE.source, version=version, executable=Path("aws"), digest=digest)


@pytest.mark.parametrize(
    ("method", "answer"),
    [(PLAN, ANSWER), (UPGRADE, ANSWER[: ANSWER.index(b"\x1a\x07private")])],
    ids=["plan", "upgrade"],
)
def test_a_costly_answer_is_given_again(cache: AnswerCache, method: str, answer: bytes) -> None:
    asked = answers(cache, AWS_ACCESS_KEY_ID="one", AWS_ENDPOINT_URL="http://127.0.0.1:1")
    assert asked.known(method, question(), CONFIGURATION) is None
    asked.learn(method, question(), answer, CONFIGURATION)
    other = answers(cache, AWS_ACCESS_KEY_ID="two", AWS_ENDPOINT_URL="http://127.0.0.1:2")
    assert other.known(method, question(), CONFIGURATION) == answer


def test_nothing_of_the_question_is_kept(tmp_path: Path) -> None:
    kept = []
    for name, secret in (("one", SECRET), ("two", bytes(reversed(SECRET)))):
        cache = AnswerCache(tmp_path / name)
        answer = ANSWER.replace(SECRET, secret)
        answers(cache).learn(PLAN, question(value=secret), answer, CONFIGURATION)
        (file,) = cache.folder.iterdir()
        kept.append(cache.get(file.name))
    assert kept[0] is not None
    assert kept[0] == kept[1], "two secrets leave the same"


@pytest.mark.parametrize(
    "other",
    [
        {"method": UPGRADE},
        {"request": question(value=SECRET + b".")},
        {"configuration": b"region eu-west-2, default tags"},
        {"environ": {"TF_AWS_DEFAULT_TAGS_Team": "red"}},
        {"environ": {"AWS_REGION": "eu-west-2"}},
        {"package": package("5.100.0", "h1:def")},
    ],
    ids=["call", "value", "configuration", "default tags", "region", "provider"],
)
def test_another_question_has_no_known_answer(cache: AnswerCache, other: dict[str, object]) -> None:
    asked = {
        "method": PLAN,
        "request": question(),
        "configuration": CONFIGURATION,
        "environ": {},
        "package": PACKAGE,
    }

    def known() -> bytes | None:
        found = answers(cache, asked["package"], **asked["environ"])  # type: ignore[arg-type]
        return found.known(asked["method"], asked["request"], asked["configuration"])  # type: ignore[arg-type]

    answers(cache).learn(PLAN, question(), ANSWER, CONFIGURATION)
    assert known() == ANSWER
    asked |= other
    assert known() is None


@pytest.mark.parametrize(
    ("method", "request_", "response", "provider"),
    [
        (PLAN, question("aws_launch_template"), ANSWER, PACKAGE),
        (PLAN, question("aws_wafv2_web_acl_association"), ANSWER, PACKAGE),
        ("/tfplugin5.Provider/ReadResource", question(), ANSWER, PACKAGE),
        ("/tfplugin5.Provider/ApplyResourceChange", question(), ANSWER, PACKAGE),
        (PLAN, question(), ANSWER + encode_field(4, b"Warning"), PACKAGE),
        (PLAN, question(), ANSWER + encode_field(6, b"deferred"), PACKAGE),
        (UPGRADE, question(), ANSWER + encode_field(2, b"Error"), PACKAGE),
        (PLAN, question(), ANSWER[:-1], PACKAGE),
        (PLAN, question(value=b"a" * 32_000), ANSWER, PACKAGE),
        (PLAN, question(), ANSWER, package("6.0.0")),
    ],
    ids=[
        *("another type", "a longer name", "a read", "an apply", "a warning", "deferred"),
        *("an error", "cut off", "beyond the window", "version 6"),
    ],
)
def test_whatever_else_is_asked_again(
    cache: AnswerCache, method: str, request_: bytes, response: bytes, provider: Package
) -> None:
    asked = answers(cache, provider)
    asked.learn(method, request_, response, CONFIGURATION)
    assert asked.known(method, request_, CONFIGURATION) is None
    assert not cache.folder.exists()


def test_what_was_valid_is_valid_for_the_next_command(cache: AnswerCache) -> None:
    first = answers(cache, AWS_ACCESS_KEY_ID="one")
    for value in (b"10.0.0.0/16", b"10.1.0.0/16"):
        first.learn(VALIDATE, question("aws_vpc", value), b"", b"")
        assert first.known(VALIDATE, question("aws_vpc", value), b"") == b""
    first.learn(VALIDATE, question("aws_vpc", b"old"), encode_field(1, b"Warning"), b"")
    first.close()
    second = answers(cache, AWS_ACCESS_KEY_ID="two")
    assert second.known(VALIDATE, question("aws_vpc", b"10.0.0.0/16"), b"") == b""
    assert second.known(VALIDATE, question("aws_vpc", b"10.2.0.0/16"), b"") is None
    assert second.known(VALIDATE, question("aws_vpc", b"10.0.0.0/16"), CONFIGURATION) is None
    assert second.known(VALIDATE, question("aws_vpc", b"old"), b"") is None, "it warns every time"
    second.learn(VALIDATE, question("aws_vpc", b"10.2.0.0/16"), b"", b"")
    second.close()
    third = answers(cache)
    for value in (b"10.0.0.0/16", b"10.1.0.0/16", b"10.2.0.0/16"):
        assert third.known(VALIDATE, question("aws_vpc", value), b"") == b""
    other = answers(cache, package("5.100.0", "h1:def"))
    assert other.known(VALIDATE, question("aws_vpc", b"10.0.0.0/16"), b"") is None


def test_the_latest_valid_ones_are_remembered(
    cache: AnswerCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_VALID", 2)
    for value in (b"one", b"two", b"three"):
        asked = answers(cache)
        asked.learn(VALIDATE, question("aws_vpc", value), b"", b"")
        asked.close()
    known = answers(cache)
    assert known.known(VALIDATE, question("aws_vpc", b"three"), b"") == b""
    found = [known.known(VALIDATE, question("aws_vpc", value), b"") for value in (b"one", b"two")]
    assert found.count(None) == 1


@pytest.mark.parametrize("damage", [lambda _: b"not deflated", lambda kept: kept[:-1]])
def test_a_difference_that_does_not_fit_is_no_answer(
    cache: AnswerCache, damage: Callable[[bytes], bytes]
) -> None:
    asked = answers(cache)
    asked.learn(PLAN, question(), ANSWER, CONFIGURATION)
    (file,) = cache.folder.iterdir()
    cache.put(file.name, damage(cache.get(file.name) or b""))
    assert asked.known(PLAN, question(), CONFIGURATION) is None
