"""Straight-through: facts come in at one end, stages carry them to forecast, plan and prices."""
