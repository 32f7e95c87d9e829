"""A labelled simulator of the market: whatever it makes is marked as simulated."""
