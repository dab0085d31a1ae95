"""What a shift does to the world outside: capacity, evidence on disk, leases, the lock."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from tap.errors import AwsError, LockedError
from tap.settings import load_settings
from tap.traffic.live import LiveWorld
from tap.workspace import Request, Workspace
from tests.unit.traffic.stage import NAME

if TYPE_CHECKING:
    from tests.unit.traffic.stage import Stage

pytestmark = [
    pytest.mark.requirement("TRF-3", "TRF-4"),
    pytest.mark.xdist_group("colored"),
    pytest.mark.timeout(300),
]
