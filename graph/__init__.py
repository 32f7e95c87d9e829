"""The supply net: parties, relations and the candidates of a match."""
