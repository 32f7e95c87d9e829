"""Reservations: pieces of a supplier's capacity held for a buyer, and what becomes of them."""
