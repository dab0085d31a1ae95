"""What expressions of a configuration come to, as far as a plan tells before the apply."""

from tap.evaluation.addresses import Key, Step, parent_call, split
from tap.evaluation.folders import Folders
from tap.evaluation.scope import Scope
from tap.evaluation.values import (
    UNKNOWN,
    Attributes,
    Failure,
    StandIn,
    Unknown,
    Value,
    is_text,
    trace,
)
from tap.evaluation.world import World, data_sources, stand_in

__all__ = [
    "UNKNOWN",
    "Attributes",
    "Failure",
    "Folders",
    "Key",
    "Scope",
    "StandIn",
    "Step",
    "Unknown",
    "Value",
    "World",
    "data_sources",
    "is_text",
    "parent_call",
    "split",
    "stand_in",
    "trace",
]
