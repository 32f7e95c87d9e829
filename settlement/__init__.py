"""Sale → shares by agreed rules, in integer fen."""
