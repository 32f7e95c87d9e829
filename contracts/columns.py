"""The usual columns of tables that people fill in: a cell that is not required may be empty."""

from __future__ import annotations

from contracts.tables import Column

__all__ = ["date_column", "text_column", "whole_column"]


def text_column(name: str, description: str, *, required: bool = False) -> Column:
    """Return a column of texts."""
    return Column(name=name, kind="str", required=required, nullable=not required, description=description)


def whole_column(
    name: str, description: str, *, required: bool = False, minimum: float = 0, maximum: float = 2**31 - 1
) -> Column:
    """Return a column of whole numbers in [minimum, maximum]."""
    return Column(
        name=name, kind="int", required=required, nullable=not required, minimum=minimum, maximum=maximum,
        description=description,
    )  # fmt: skip


def date_column(name: str, description: str) -> Column:
    """Return a column of days that may be empty."""
    return Column(name=name, kind="date", required=False, nullable=True, description=description)
