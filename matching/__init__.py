"""Demand ↔ supply: batch allocation with prices, bounds and explanations."""
