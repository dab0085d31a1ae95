"""Which failures of Terraform pass by themselves, and how a reading command is run again.

Only commands that change nothing are repeated. Terraform and the AWS SDK inside of it repeat
single calls already; what is met here is a failure that outlived that.
"""

from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap.terraform.events import Diagnostic

_Outcome = TypeVar("_Outcome")

_FIRST_DELAY_SECONDS = 1.0
_LONGEST_DELAY_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class Transient:
    """One kind of failure that passes.

    Attributes:
        name: What the user is told.
        pattern: What an error message of this kind holds.
    """

    name: str
    pattern: re.Pattern[str]


# The order matters: a throttled call of S3 is a 503, too. Sources:
# - codes and states: aws/retry/standard.go of aws-sdk-go-v2, without LimitExceededException,
#   which many services answer to a quota that no waiting lifts;
# - "retry quota exceeded": the token bucket of aws/ratelimit of the same SDK;
# - connections, time-outs, names: package net and net/http of Go, package syscall for the words;
# - "the request failed after": internal/getproviders/registry_client.go of Terraform;
# - "waiting for plugin to start": client.go of go-plugin, met on machines that are too busy.
TRANSIENT = (
    Transient(
        name="throttled",
        pattern=re.compile(
            r"\b(?:Throttling(?:Exception)?|ThrottledException|RequestThrottled(?:Exception)?"
            r"|TooManyRequestsException|ProvisionedThroughputExceededException"
            r"|RequestLimitExceeded|BandwidthLimitExceeded|PriorRequestNotComplete"
            r"|TransactionInProgressException|EC2ThrottledException|SlowDown): "
            r"|\bretry quota exceeded\b|\b429 Too Many Requests\b|\bStatusCode: 429\b"
        ),
    ),
    Transient(
        name="a fault of the service",
        pattern=re.compile(
            r"\bStatusCode: 50[0234]\b|: 50[0234] (?:Internal Server Error|Bad Gateway"
            r"|Service Unavailable|Gateway Time-?out)\b"
        ),
    ),
    Transient(name="TLS handshake timeout", pattern=re.compile(r"net/http: TLS handshake timeout")),
    Transient(
        name="network timeout",
        pattern=re.compile(
            r"\bi/o timeout\b|\bClient\.Timeout exceeded while awaiting headers\b"
            r"|: connection timed out\b|\bRequestTimeout(?:Exception)?: "
        ),
    ),
    Transient(
        name="connection lost",
        pattern=re.compile(
            r": connection reset by peer\b|: connection refused\b|: broken pipe\b"
            r"|\brequest send failed, .*: (?:unexpected )?EOF\b|: unexpected EOF\b"
            r"|\bhttp2: client connection lost\b|\buse of closed network connection\b"
            r"|\bserver closed idle connection\b"
        ),
    ),
    Transient(
        name="name server failure",
        pattern=re.compile(
            r"\blookup \S+.*: (?:server misbehaving|Temporary failure in name resolution)\b"
        ),
    ),
    Transient(
        name="provider too slow to start",
        pattern=re.compile(r"\btimeout while waiting for plugin to start\b"),
    ),
)

# Terraform has left its own lock behind, and would only meet it again.
_UNREPEATABLE = re.compile(r"^Error releasing the state lock\b")


def reasons(diagnostics: Sequence[Diagnostic], stderr: str) -> list[str]:
    """Return the text of every error; without any, standard error as one, its lines joined."""
    errors = [item.text() for item in diagnostics if item.severity == "error"]
    plain = " ".join(line.strip("\u2502\u2577\u2575 \t") for line in stderr.splitlines())
    return errors or [plain]


def transient(texts: Sequence[str]) -> str | None:
    """Return what a failure is called if it passes by itself.

    Args:
        texts: The text of every error of one run. One that does not pass, such as a mistake in
            the configuration, makes repeating the others useless.
    """
    names = [_name(text) for text in texts]
    return names[0] if names and None not in names else None


def _name(text: str) -> str | None:
    if _UNREPEATABLE.search(text):
        return None
    return next((kind.name for kind in TRANSIENT if kind.pattern.search(text)), None)


@dataclass(frozen=True, kw_only=True)
class Retries:
    """How often a reading command is run, and how long to wait in between.

    The wait doubles each time, from about 1 s to 20 s at most; a random part of up to half of it
    is left out, so that several that failed together do not come back together.
    Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/

    Attributes:
        attempts: How often at most; 1 to never repeat.
        sleep: Waits for a number of seconds.
        chance: Returns a number from 0 to 1.
    """

    attempts: int = 4
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random

    def run(
        self,
        attempt: Callable[[], _Outcome],
        *,
        passing: Callable[[_Outcome], str | None],
        notice: Callable[[str], None],
    ) -> _Outcome:
        """Run until it succeeds, fails for good, or has been run often enough.

        Args:
            attempt: Runs it once.
            passing: Returns what an outcome is called if it is a failure that passes.
            notice: Told each time before a wait.

        Returns:
            The last outcome.
        """
        for number in range(2, self.attempts + 1):
            outcome = attempt()
            name = passing(outcome)
            if name is None:
                return outcome
            delay = self.delay(number - 1)
            notice(f"{name}; trying again in {delay:.1f} s ({number} of {self.attempts})")
            self.sleep(delay)
        return attempt()

    def delay(self, failures: int) -> float:
        """Return how many seconds to wait after so many failures, 1 or more."""
        longest = min(_FIRST_DELAY_SECONDS * 2.0 ** (failures - 1), _LONGEST_DELAY_SECONDS)
        return longest * (1 - self.chance() / 2)
