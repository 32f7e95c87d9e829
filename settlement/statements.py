"""What each party is owed: totals and statements drawn from the ledger, the same however often they are drawn."""

from __future__ import annotations

import pandas as pd

__all__ = ["party_totals", "statement"]


def party_totals(entries: pd.DataFrame) -> pd.DataFrame:
    """Return ``party_id, role, kind, events, share_fen`` of a ledger, one row per party, role and kind of event.

    Examples
    --------
    >>> rows = {"party_id": ["K", "K"], "role": "kol", "kind": "sale", "share_fen": [30, 12]}
    >>> party_totals(pd.DataFrame(rows)).to_dict("records")
    [{'party_id': 'K', 'role': 'kol', 'kind': 'sale', 'events': 2, 'share_fen': 42}]
    """
    groups = entries.groupby(["party_id", "role", "kind"], sort=True, observed=True)["share_fen"]
    return groups.agg(events="size", share_fen="sum").reset_index()


def statement(
    entries: pd.DataFrame, party_id: str, *, since: pd.Timestamp | None = None, until: pd.Timestamp | None = None
) -> pd.DataFrame:
    """Return one party's entries of a period, in the order in which they were booked.

    Parameters
    ----------
    entries
        A ledger (`settlement.tables.ENTRIES`).
    since, until
        The first moment of the period and the first after it; None: open. What comes back later counts in the period
        in which it came back, so the statement of a period that is over stays as it is.
    """
    mine = entries[entries["party_id"] == party_id]
    if since is not None:
        mine = mine[mine["at"] >= since]
    if until is not None:
        mine = mine[mine["at"] < until]
    return mine.sort_values("entry", kind="stable", ignore_index=True)
