"""Who could fill an order: by which path, from what, and why not."""
