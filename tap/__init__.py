"""Production-grade AWS environments as plain Terraform: plan, apply, check, test and shift."""

__version__ = "0.1.0"
