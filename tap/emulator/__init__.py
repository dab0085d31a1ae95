"""A local AWS: moto's server, cured where Terraform needs it, kept running between commands."""

from tap.emulator.control import Emulator, Status

__all__ = ["Emulator", "Status"]
