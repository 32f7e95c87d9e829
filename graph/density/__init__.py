"""Where parties are and what they reach: coverage, penetration, white space and orders from outside, per area."""
