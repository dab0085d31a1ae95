"""Terraform: where it is, how it is run, what it printed."""
