"""How stock moto refuses what it cannot do, for probes."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

REFUSED = (ClientError, BotoCoreError, ResponseParserError)
"""An AWS error, a call that moto does not know, or the HTML page of its own fault."""
