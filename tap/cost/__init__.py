"""What an environment costs in a month: what drives it, and the prices that are known."""
