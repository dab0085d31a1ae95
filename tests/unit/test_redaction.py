"""What is taken out of text, and what is not."""

from __future__ import annotations

import base64
import html
import io
import json
import secrets
import string
from pathlib import Path
from urllib.parse import quote

import pytest

from tap.redaction import MARK, RedactedStream, Redactor, is_random, strings_in

pytestmark = pytest.mark.requirement("TAP-6")

REPOSITORY = Path(__file__).parents[2]
RANDOM = "zX8qLw3VtR6yBn1MkP5s" + "HdGf2JcU9aQe"
KEY = "PRIVATE KEY-----"


@pytest.fixture
def redact() -> Redactor:
    """One that knows nothing in particular."""
    return Redactor()


@pytest.mark.parametrize(
    "secret",
    [
        "AKIA" + "Z7VRSQ5TJN2XMPLE",
        "ASIA" + "Z7VRSQ5TJN2XMPLE",
        "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345",
        "github_pat_" + "11ABCDEFG0123456789012_abcdefghijklmnop",
        "glpat-" + "abcdefghij0123456789",
        "xoxb-" + "123456789012-abcdefghijklmnop",
        "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiJwcm9iZSJ9." + "c2lnbmF0dXJl",
        "AbCdEf01234567" + ".atlasv1." + "abcdefghijklmnopqrstuvwxyz0123456789",
        "hvs." + "CAESIJ0123456789abcdefghij",
        "npm_" + "0123456789abcdefghijABCDEFGHIJ012345",
        "sk_live_" + "0123456789abcdefghij",
        "AIza" + "0123456789abcdefghijABCDEFGHIJ01234",
        RANDOM,
        "k+9/" + RANDOM + "/q2+",
    ],
)
def test_a_well_known_form_is_hidden_wherever_it_stands(redact: Redactor, secret: str) -> None:
    for before, after in (("", ""), ("Error: ", " was refused."), ('{"a": "', '"}'), ("x=", ",y")):
        assert redact(f"{before}{secret}{after}") == f"{before}{MARK}{after}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mysql://app:hunter2@db.example.com/x", f"mysql://app:{MARK}@db.example.com/x"),
        ("https://hooks.slack.com/services/T0/B0/abc", f"https://hooks.slack.com/services/{MARK}"),
        ("Authorization: Basic YXBwOmh1bnRlcjItaHVudGVyMg==", f"Authorization: Basic {MARK}"),
        ("?X-Amz-Signature=0123abcd&x=1", f"?X-Amz-Signature={MARK}&x=1"),
        ("db_password = hunter2", f"db_password = {MARK}"),
        ('"SecretAccessKey": "abcd"', f'"SecretAccessKey": "{MARK}"'),
        ("<SessionToken>abcd</SessionToken>", f"<SessionToken>{MARK}</SessionToken>"),
        ("export API_KEY=abcd; next", f"export API_KEY={MARK}; next"),
        (r'{"a": "token=abcd\nrest"}', rf'{{"a": "token={MARK}\nrest"}}'),
        ("auth_token: a1b2c3d4e5", f"auth_token: {MARK}"),
        (r"\"password\": \"correcthorse\"", rf"\"password\": \"{MARK}\""),
    ],
)
def test_a_value_is_hidden_because_of_what_stands_before_it(
    redact: Redactor, text: str, expected: str
) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize("newline", ["\n", "\\n", "\n  ", "\n\u2502 "], ids=repr)
def test_a_private_key_is_hidden_as_a_block(redact: Redactor, newline: str) -> None:
    key = newline.join([f"-----BEGIN EC {KEY}", RANDOM, "Zm9v=", f"-----END EC {KEY}"])

    assert redact(f"before {key} after") == f"before {MARK} after"


def test_a_private_key_that_is_cut_off_is_hidden_as_far_as_it_goes(redact: Redactor) -> None:
    text = redact(f"-----BEGIN {KEY}\n{RANDOM}\n{RANDOM}, and so on")

    assert text == f"{MARK}, and so on"


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:acm:eu-west-1:123456789012:certificate/0b1d4c5e-9f7a-4f0c-8a55-3d1f2e6b7c80",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-prod-pr42/database-aB1c2D",
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop/50dc6c495c0c9188",
        "secret_arn = arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/database-AbC1d2",
        "source_code_hash = 3GMZH0VnX5uFvHd0uwf0K3sH8mL3pVw0z5kZ0mJx9Xo=",
        "h1:edXOJWE4ORX8Fm+dpVpICzMZJat4AX0VRCAy/xkcOc0=",
        "zh:054b8dd49f0549c9a7cc27d159e45327b7b65cf404da5e5a20da154b90b8a644",
        "Z0123456ABCDEFGHIJKLM /change/C2682N5HXP0BZ4 /hostedzone/Z08987654ABCDEFGHIJKL",
        "db-B19SMIF0PQ2VTUPBM7CMZE6SVS prx-0A1B2C3D4E5F6G7H8",
        "AROAZ7VRSQ5TJN2XMPLEX subnet-0a1b2c3d4e5f67890 vpce-svc-0123456789abcdef0",
        "ELBSecurityPolicy-TLS13-1-2-2021-06 AWSManagedRulesKnownBadInputsRuleSet",
        "RequestID: C0y2qPHYpvZiovNsbSNt5Neq6jYo4fbnzbYRr2nG3f, HostID: 9Gjjt1mQcjU4OPvX9O9z",
        "manage_master_user_password = true",
        "http_tokens = required",
        "password = var.master_password",
        "the password must have 8 characters; a token: it expires",
        "secret: couldn't find resource",
        "https://example.com:8080/path@version",
        'module.stack.module.security.aws_security_group.this["application"]',
        "/modules/alb-bluegreen/TargetGroup1/Listener2/Rule3.tf",
    ],
)
def test_what_names_something_stays_readable(redact: Redactor, text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "file",
    [
        *sorted((REPOSITORY / "tests" / "environments" / "inventories").glob("*.json")),
        REPOSITORY / "docs" / "reference" / "outputs.md",
        *sorted(REPOSITORY.glob("environments/*/.terraform.lock.hcl")),
        *sorted((REPOSITORY / "tests" / "unit" / "data" / "events").glob("*.jsonl")),
    ],
    ids=lambda file: "/".join(file.parts[-2:]),
)
def test_the_inventories_outputs_and_lock_files_of_the_environments_are_not_touched(
    redact: Redactor, file: Path
) -> None:
    text = file.read_text()

    assert redact(text) == text


def test_of_random_keys_of_40_characters_hardly_one_is_missed() -> None:
    alphabet = string.ascii_letters + string.digits + "+/"
    keys = ("".join(secrets.choice(alphabet) for _ in range(40)) for _ in range(2000))

    assert sum(is_random(key) for key in keys) > 1950


@pytest.mark.parametrize(
    "text",
    [
        "0123456789abcdef" * 3,
        "0b1d4c5e-9f7a-4f0c-8a55-3d1f2e6b7c80",
        "AROAZ7VRSQ5TJN2XMPLEX",
        "PublishByServicesOfThisAccount2026",
        "short1Aa",
    ],
)
def test_ids_and_words_are_not_random(text: str) -> None:
    assert not is_random(text)


def test_a_known_value_is_hidden_in_every_form() -> None:
    secret = "p<a>s&s \"wörd\" 'x'"
    redact = Redactor([secret])
    forms = [
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        json.dumps(secret)[1:-1]
        .replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("&", "\\u0026"),
        html.escape(secret),
        quote(secret),
        base64.b64encode(secret.encode()).decode(),
        secret.replace(" ", "\n\u2502   "),
    ]

    assert [redact(f"<{form}>") for form in forms] == [f"<{MARK}>"] * len(forms)


def test_a_short_known_value_is_no_part_of_a_word_and_a_shorter_one_is_not_looked_for() -> None:
    redact = Redactor(["fog1", "abc", "true", " ", ""])

    assert redact("fog1 fog12 xfog1 a.fog1. abc true") == f"{MARK} fog12 xfog1 a.{MARK}. abc true"


def test_the_longer_of_two_known_values_is_hidden_whole() -> None:
    redact = Redactor(["morning"]).knowing(["morning-fog-7"])

    assert redact("morning-fog-7 morning") == f"{MARK} {MARK}"
    assert redact.known == {"morning", "morning-fog-7"}


def test_json_stays_json_even_where_a_number_is_secret() -> None:
    redact = Redactor(["4711471", "correct horse"])
    text = json.dumps({"pin": 4711471, "list": [4711471, 1, True], "word": "a correct horse"})

    assert json.loads(redact.document(text)) == {
        "pin": MARK,
        "list": [MARK, 1, True],
        "word": f"a {MARK}",
    }
    assert redact.document("{no json 4711471") == f"{{no json {MARK}"


def test_a_redacted_stream_passes_on_everything_else() -> None:
    stream = io.StringIO()
    redacted = RedactedStream(stream)

    assert redacted.write(f"a {RANDOM}\n") == len(RANDOM) + 3
    print("b", file=redacted, flush=True)
    assert stream.getvalue() == f"a {MARK}\nb\n"


def test_strings_are_found_at_any_depth_also_in_json_in_a_string() -> None:
    value = {"a": ["x", {"b": 1}], "c": '{"d": "y"}', "e": None, "f": True, "g": "[no json"}

    assert list(strings_in(value)) == ["x", "1", '{"d": "y"}', "y", "[no json"]
