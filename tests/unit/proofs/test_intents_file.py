"""The file of intents: what it may say, and how a fault in it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap.errors import SettingsError
from tap.proofs.intents import Intents, parse_ports, read_intents
from tap.proofs.network.traffic import describe_traffic

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.requirement("TST-2", "TAP-3")

TEXT = """
# Who reaches whom.
name app is application   # short for the role

allow internet -> alb:80,443   # customers
may   public -> private:1024-65535,icmp/3/4
[dev, staging]
deny  app -> db:*
[all]
allow app can s3:GetObject on app bucket with aws:SourceVpc=vpc-{account}
"""


def read(folder: Path, text: str, environment: str = "dev") -> Intents:
    file = folder / "intents.txt"
    file.write_text(text, encoding="utf-8")
    return read_intents(
        file,
        environment=environment,
        environments=["dev", "prod", "staging"],
        words={"account": "123456789012"},
    )


def test_lines_are_read_in_order_with_their_place_and_comments_left_out(tmp_path: Path) -> None:
    found = read(tmp_path, TEXT)

    assert [(line.place, line.text) for line in found.lines] == [
        ("intents.txt:5", "allow internet -> alb:80,443"),
        ("intents.txt:6", "may public -> private:1024-65535,icmp/3/4"),
        ("intents.txt:8", "deny app -> db:*"),
        (
            "intents.txt:10",
            "allow app can s3:GetObject on app bucket with aws:SourceVpc=vpc-123456789012",
        ),
    ]
    assert found.names == {"app": "application"}
    assert [describe_traffic(flow.traffic) for flow in found.flows] == [
        "tcp/80, tcp/443",
        "tcp/1024-65535, icmp/3/4",
        "all",
    ]
    assert [intent.context for intent in found.access] == [{"aws:SourceVpc": ("vpc-123456789012",)}]


def test_lines_of_a_section_hold_in_its_environments_only(tmp_path: Path) -> None:
    assert "intents.txt:8" in [line.place for line in read(tmp_path, TEXT, "staging").lines]
    assert "intents.txt:8" not in [line.place for line in read(tmp_path, TEXT, "prod").lines]


def test_what_is_expected_is_what_must_and_what_may_get_through(tmp_path: Path) -> None:
    text = "allow a -> b:443\nmay a -> b:80\ndeny a -> b:22\nallow b -> a:1\n"
    assert describe_traffic(read(tmp_path, text).expected("a", "b")) == "tcp/80, tcp/443"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("allow app db:3306", "not an intent: 'allow app db:3306'"),
        ("allow app -> db", "'allow app -> db' does not say which ports"),
        ("allow app -> db:ssh", "'ssh' is no list of ports"),
        ("allow app -> db:70000", "'70000' is no list of ports"),
        ("permit app -> db:22", "not an intent: 'permit app -> db:22'"),
        ("allow app can s3:GetObject", "'allow app can s3:GetObject' does not say on what"),
        ("deny app can nonsense on any bucket", "'nonsense' is no action"),
        ("deny app can s3:* on {bucket} bucket", "nothing stands for {bucket}"),
        ("[dev, test]", "there is no environment 'test'"),
    ],
)
def test_a_fault_names_file_line_and_what_is_wrong(tmp_path: Path, line: str, said: str) -> None:
    # Also where the section is of another environment.
    with pytest.raises(SettingsError) as raised:
        read(tmp_path, f"# first\n[prod]\n{line}\n")
    assert raised.value.message.startswith("intents.txt:3: ")

    assert said in raised.value.message
    assert raised.value.hint


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.txt: cannot be read"):
        read_intents(tmp_path / "none.txt", environment="dev", environments=["dev"], words={})


@pytest.mark.parametrize(
    ("text", "traffic"),
    [
        ("443", "tcp/443"),
        ("80, 443", "tcp/80, tcp/443"),
        ("1000-2000", "tcp/1000-2000"),
        ("udp/53", "udp/53"),
        ("*", "all"),
        ("icmp/3/4,443", "tcp/443, icmp/3/4"),
    ],
)
def test_ports_are_of_tcp_where_no_protocol_is_given(text: str, traffic: str) -> None:
    assert describe_traffic(parse_ports(text)) == traffic
