"""The SSM parameter that holds the traffic record, as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap.traffic.calls import asked, client

if TYPE_CHECKING:
    from tap.aws import Target
    from tap.traffic.places import Places


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """What stands in the parameter.

    Attributes:
        text: The document.
        version: How often it was written; SSM counts from 1.
    """

    text: str
    version: int


def read_parameter(target: Target, places: Places) -> Parameter | None:
    """Return what stands in the parameter; None if there is none.

    Raises:
        AwsError: SSM gave no answer.
    """
    ssm = client(target, "ssm", places.region)

    def read() -> Parameter | None:
        try:
            found = ssm.get_parameter(Name=places.parameter)["Parameter"]
        except ssm.exceptions.ParameterNotFound:
            return None
        return Parameter(text=found["Value"], version=found["Version"])

    return asked(f"read the parameter {places.parameter}", read, rights="ssm:GetParameter")


def write_parameter(target: Target, places: Places, text: str) -> int:
    """Write the parameter, or make it, and return its new version.

    SSM has no conditional write. Whoever has read version *n* and gets anything but *n + 1* here
    knows that somebody else wrote in between. So the call is made once only: a repeated one would
    count twice.

    Args:
        target: What is talked to.
        places: Where the parameter is.
        text: At most 4096 characters, the limit of a standard parameter.

    Raises:
        AwsError: SSM refused or gave no answer; it may have been written all the same.
    """
    ssm = client(target, "ssm", places.region, attempts=1)

    def write() -> int:
        answer = ssm.put_parameter(Name=places.parameter, Value=text, Type="String", Overwrite=True)
        return int(answer["Version"])

    return asked(f"write the parameter {places.parameter}", write, rights="ssm:PutParameter")
