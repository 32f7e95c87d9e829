"""Forecasts + capacity → level-loaded production orders."""
