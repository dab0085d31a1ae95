"""Terraform's ``.tf`` and ``.tf.json`` files as a typed model."""

from tap.hcl.blocks import Block, Expression, target
from tap.hcl.expressions import references
from tap.hcl.loader import load_module, parse_file
from tap.hcl.model import (
    Check,
    Import,
    Local,
    Module,
    ModuleCall,
    Move,
    Output,
    Provider,
    Removal,
    RequiredProvider,
    Resource,
    Settings,
    Validation,
    Variable,
)

__all__ = [
    "Block",
    "Check",
    "Expression",
    "Import",
    "Local",
    "Module",
    "ModuleCall",
    "Move",
    "Output",
    "Provider",
    "Removal",
    "RequiredProvider",
    "Resource",
    "Settings",
    "Validation",
    "Variable",
    "load_module",
    "parse_file",
    "references",
    "target",
]
