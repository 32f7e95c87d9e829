"""After-sales: claims traced to the lot and everybody who handled it, and who is probably at fault."""
