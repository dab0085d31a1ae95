"""Every fault that is put into the HCL is named by a rule or a proof, or is a known survivor."""

from __future__ import annotations
