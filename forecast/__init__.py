"""Signals and sales → features → probabilistic demand; backtests."""
