"""What every package agrees on: the error tree, table schemas and parameter files. Knows nobody."""
