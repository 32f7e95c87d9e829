"""How well sellers and brands fit each other."""
