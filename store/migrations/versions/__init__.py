"""One step each, numbered; forward and back."""
