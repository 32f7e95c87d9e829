"""Connectors: what platforms export or push, as rows. One module per source; each takes only the fields it names."""
