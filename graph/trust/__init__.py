"""Who can be relied on: ties that grow with trade, judgements that spread."""
