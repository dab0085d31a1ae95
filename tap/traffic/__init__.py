"""Moving traffic between the blue and the green capacity of an environment."""
