"""Which parts of Terraform modules are exercised by a test that asserts something."""
