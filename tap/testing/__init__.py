"""What the pytest plugin is made of: plans, deployments and the report of requirements.

See ``docs/guides/testing.md``.
"""
