"""STS: sessions, which exist by themselves and end by themselves."""

from __future__ import annotations

from tap.emulator.extensions import Extension, unless

_OF_A_SESSION = "ASIA"
"""Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html"""

EXTENSION = Extension(
    counted={
        "iam.AccessKey": unless(lambda key: key.access_key_id.startswith(_OF_A_SESSION)),
        "sts.AssumedRole": lambda _: (),
    },
)
