"""What settlement reads of files, and the statement of one party."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pandas as pd

from contracts.errors import TableError, UnknownIdError
from services.files import read_raw, read_table
from services.settle_sales import Told
from settlement.statements import party_totals, statement
from settlement.tables import ENTRIES

__all__ = ["party_statement", "read_ledger", "read_told"]

_ZONE = "Asia/Shanghai"


def read_told(sales: Path, **paths: Path | None) -> tuple[pd.DataFrame, Told]:
    """Read sales and the tables beside them (`services.settle_sales.Told`), as they are."""
    sources = {"sales": sales.name} | {name: path.name for name, path in paths.items() if path is not None}
    tables = {name: read_raw(path) for name, path in paths.items() if path is not None}
    return read_raw(sales), Told(**tables, sources=sources)


def read_ledger(path: Path) -> pd.DataFrame:
    """Read a ledger and check that each of its events is whole.

    Raises
    ------
    InputError
        If it is no ledger, or entries are missing between others.
    """
    entries = read_table(path, ENTRIES)
    wrong = entries["entry"].to_numpy() != range(1, len(entries) + 1)
    if wrong.any():
        row = int(wrong.argmax())
        raise TableError(path.name, "entry", f"{row + 1}, one after the other", entries["entry"].iloc[row], row=row + 1)
    return entries


def party_statement(
    entries: pd.DataFrame, party_id: str, *, since: dt.datetime | None, until: dt.datetime | None
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return a party's entries from one day to another (both included), and what they come to.

    Raises
    ------
    UnknownIdError
        If the ledger knows no such party.
    """
    if not (entries["party_id"] == party_id).any():
        raise UnknownIdError("party", party_id, where="ledger")
    first = None if since is None else pd.Timestamp(since, tz=_ZONE)
    end = None if until is None else pd.Timestamp(until, tz=_ZONE) + pd.Timedelta(days=1)
    mine = statement(entries, party_id, since=first, until=end)
    return mine, {
        "party_id": party_id,
        "from": None if since is None else since.date().isoformat(),
        "to": None if until is None else until.date().isoformat(),
        "entries": len(mine),
        "sales": int(mine.loc[mine["kind"] == "sale", "sale_id"].nunique()),
        "share_fen": int(mine["share_fen"].sum()),
        "parts": party_totals(mine).drop(columns="party_id").to_dict("records"),
    }
