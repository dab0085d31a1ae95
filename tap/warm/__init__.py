"""Warm providers: what the AWS provider does anew for every command, done once.

See ``docs/concepts/warm-providers.md``.
"""
