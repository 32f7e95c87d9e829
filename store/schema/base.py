"""What all tables of the database share: one metadata, names of constraints, moments as whole milliseconds."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, Text

__all__ = ["METADATA", "moment", "serial", "tenant"]

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Constraints have names, so that a migration can change them on both databases."""


def tenant(*, key: bool = False) -> Column[str]:
    """Return the column that every table has: whose row it is, empty for the operator's own."""
    return Column("tenant", Text, primary_key=key, nullable=False)


def moment(name: str, *, nullable: bool = False) -> Column[int]:
    """Return a column of moments, in milliseconds since 1970 (UTC); its name ends with ``_ms``."""
    return Column(name, BigInteger, nullable=nullable)


def serial(name: str) -> Column[int]:
    """Return a primary key that counts up by itself."""
    return Column(name, BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)
