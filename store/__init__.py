"""Persistence: Parquet facts, network snapshots and jobs under `EVENFLOW_HOME`; transactions in a database."""
