"""Settle sales as they come, into the database; statements of parties, splits of sales."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pandas as pd

from contracts.errors import InputError, UnknownIdError
from graph.network import SupplyNetwork
from services.reserve import wall_clock_ms
from services.settle_sales import Settled, Told, settle_sales
from services.viewer import Viewer
from settlement.rule_files import rules_from, rules_table
from settlement.rules import ShareRules
from store.database import Database
from store.settlement_ledger import Booking, Earned, book, kept_rules, party_entries, party_sums, sale_entries

__all__ = ["SalesDesk", "list_rules", "party_statement", "rules_of", "sale_split", "settle_live"]

_ZONE = dt.timezone(dt.timedelta(hours=8))


@dataclass(frozen=True, kw_only=True)
class SalesDesk:
    """Where sales are settled, as one viewer finds it.

    Parameters
    ----------
    database
        Holds the ledger.
    viewer
        Who asks: a tenant books sales whose rest is its own parties', and reads what its own parties earn.
    network
        Knows the parties' tenants; None only for the operator: then nobody but the operator reads what is booked.
    """

    database: Database
    viewer: Viewer
    network: SupplyNetwork | None

    def tenants(self, party_ids: Sequence[str]) -> list[str]:
        """Return the tenant of each party, empty where there is none."""
        if self.network is None:
            return [""] * len(party_ids)
        table = self.network.parties
        at = table.ids.positions(pd.Series(party_ids, dtype="str"))
        codes = np.where(at >= 0, table.tenant[np.maximum(at, 0)], -1)
        return [str(name) for name in table.tenants.texts_at(codes)]

    def require_own(self, party_ids: Sequence[str]) -> None:
        """Refuse parties that are not the viewer's own.

        Raises
        ------
        UnknownIdError
            Naming the first.
        """
        if self.viewer.tenant is None:
            return
        assert self.network is not None
        for party_id in party_ids:
            self.viewer.own_position(self.network, party_id)


def rules_of(desk: SalesDesk, rules: dict[str, Any] | None, rules_hash: str | None) -> ShareRules:
    """Return the agreement that is given, or the one kept under a hash.

    Raises
    ------
    InputError
        If neither or both are given, or the agreement cannot be kept; names the rule and the field.
    UnknownIdError
        If nothing was settled by an agreement of that hash.
    """
    if (rules is None) == (rules_hash is None):
        raise InputError("rules", "either rules or rules_hash", "both" if rules is not None else "neither")
    if rules is not None:
        return rules_from(rules)
    for row in kept_rules(desk.database, desk.viewer.tenant):
        if row["rules_hash"] == rules_hash:
            return rules_from(orjson.loads(row["body"]))
    raise UnknownIdError("rules_hash", str(rules_hash))


def settle_live(
    desk: SalesDesk, sales: pd.DataFrame, rules: ShareRules, told: Told, *, strict: bool
) -> tuple[str, Settled]:
    """Book sales and returns in one transaction, each once; rows that cannot be booked are told.

    Returns
    -------
    rules_hash, settled
        What the agreement is kept under, and what was booked; `ledger` has the entries of the named sales alone.

    Raises
    ------
    UnknownIdError
        If a sale's rest goes to a party that is not the viewer's own; nothing is booked then.
    InputError
        As `services.settle_sales.settle_sales`.
    """
    if rules.rest in sales:
        desk.require_own(sorted({str(name).strip() for name in sales[rules.rest].dropna()} - {""}))
    body = orjson.dumps(rules_table(rules), option=orjson.OPT_SORT_KEYS)
    returns = told.returns if told.returns is not None else pd.DataFrame({"sale_id": [], "return_id": []})
    booking = Booking(
        tenant=desk.viewer.tenant or "",
        sale_ids=sorted(_ids(sales, "sale_id") | _ids(returns, "sale_id")),
        return_ids=sorted(_ids(returns, "return_id")),
        rules_hash=hashlib.sha256(body).hexdigest()[:32],
        rules_body=body.decode(),
        now_ms=wall_clock_ms(),
        tenants=desk.tenants,
    )
    done: list[Settled] = []

    def settle(before: pd.DataFrame) -> pd.DataFrame:
        done.append(settle_sales(sales, rules, told, ledger=before, strict=strict))
        return done[-1].entries

    book(desk.database, booking, settle)
    return booking.rules_hash, done[-1]


def party_statement(
    desk: SalesDesk, party_id: str, *, since: dt.date | None, until: dt.date | None, after: int, limit: int
) -> dict[str, Any]:
    """Return what a party got and gave back from one day to another, both included; a page of its entries.

    Raises
    ------
    UnknownIdError
        If it is not the viewer's own party, or nobody knows it.
    """
    desk.require_own([party_id])
    end = None if until is None else _ms(until + dt.timedelta(days=1))
    earned = Earned(
        party_id=party_id,
        tenant=desk.viewer.tenant,
        since_ms=None if since is None else _ms(since),
        until_ms=end,
    )
    parts = party_sums(desk.database, earned)
    if not parts and desk.viewer.tenant is None:
        _require_known(desk, party_id)
    rows = party_entries(desk.database, earned, after=after, limit=limit + 1)
    return {
        "party_id": party_id,
        "share_fen": sum(part["share_fen"] for part in parts),
        "parts": parts,
        "rows": [_told(row) for row in rows[:limit]],
        "after": rows[limit - 1]["position"] if len(rows) > limit else None,
    }


def sale_split(desk: SalesDesk, sale_id: str) -> dict[str, Any]:
    """Return the entries of a sale: all to whoever gets its rest and the operator, to others their own.

    Raises
    ------
    UnknownIdError
        If there is none that the viewer may see.
    """
    rows = sale_entries(desk.database, sale_id, tenant=desk.viewer.tenant, party=desk.viewer.party)
    if not rows:
        raise UnknownIdError("sale", sale_id)
    return {"sale_id": sale_id, "share_fen": sum(row["share_fen"] for row in rows), "rows": [_told(r) for r in rows]}


def list_rules(desk: SalesDesk) -> list[dict[str, Any]]:
    """Return the agreements that the viewer settled by, the newest first."""
    rows = kept_rules(desk.database, desk.viewer.tenant)
    return [
        {
            "rules_hash": row["rules_hash"],
            "rules": orjson.loads(row["body"]),
            "first_used_at": _moment(row["created_at_ms"]),
        }
        for row in rows
    ]


def _require_known(desk: SalesDesk, party_id: str) -> None:
    anything = party_sums(desk.database, Earned(party_id=party_id, tenant=None))
    if not anything:
        if desk.network is None:
            raise UnknownIdError("party", party_id)
        desk.network.position(party_id)


def _ids(frame: pd.DataFrame, column: str) -> set[str]:
    return {str(value).strip() for value in frame[column].dropna()} if column in frame else set()


def _told(row: dict[str, Any]) -> dict[str, Any]:
    told = {name: value for name, value in row.items() if name not in ("position", "at_ms", "booked_at_ms")}
    return {"at": _moment(row["at_ms"]), "booked_at": _moment(row["booked_at_ms"]), **told}


def _moment(ms: int) -> str:
    return dt.datetime.fromtimestamp(ms / 1000, _ZONE).isoformat(timespec="milliseconds")


def _ms(day: dt.date) -> int:
    return int(dt.datetime.combine(day, dt.time(), _ZONE).timestamp() * 1000)
