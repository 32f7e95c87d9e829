"""The HTTP scoring API: one module per noun, thin over the services."""
