"""Changes between two loads: events, what they do to a net, and the net with them laid over it."""
