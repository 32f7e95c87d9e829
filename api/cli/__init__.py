"""The `evenflow` command: one module per sub-command, thin over the services."""
