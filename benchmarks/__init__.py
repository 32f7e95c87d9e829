"""Every number the README claims: `python -m benchmarks.NAME [options] --json`."""
