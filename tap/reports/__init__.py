"""Plans, outputs and references as text and JSON."""
