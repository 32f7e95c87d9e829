"""Settle sales by agreed rules: tables in, a ledger out; what cannot be settled is told, nothing is half done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import InputError
from contracts.tables import TableSchema
from settlement.book import SaleShares, Sides, digests_of_sales, entries_of, preview_of, share_sales
from settlement.reversals import Reversals, reverse
from settlement.rules import ShareRules
from settlement.statements import party_totals
from settlement.tables import BINDINGS, ENTRIES, RETURNS, SALES, SELLERS, TOUCHES

__all__ = ["Settled", "Told", "empty_ledger", "preview_sales", "settle_sales"]

_SIDES: dict[str, TableSchema] = {"touches": TOUCHES, "bindings": BINDINGS, "sellers": SELLERS}


@dataclass(frozen=True, kw_only=True)
class Told:
    """What sales come with: raw tables, see `settlement.tables`; None = not given.

    Parameters
    ----------
    sources
        File name per table for messages.
    """

    returns: pd.DataFrame | None = None
    touches: pd.DataFrame | None = None
    bindings: pd.DataFrame | None = None
    sellers: pd.DataFrame | None = None
    sources: Mapping[str, str] | None = None

    def name(self, table: str) -> str:
        """Return what to call a table in messages."""
        return (self.sources or {}).get(table, table)

    def sides(self) -> Sides:
        """Return the checked tables that say who plays a role."""
        tables = {name: getattr(self, name) for name in _SIDES}
        checked = {
            name: None if raw is None else _SIDES[name].check(raw, self.name(name)) for name, raw in tables.items()
        }
        return Sides(**checked, sources={name: self.name(name) for name in _SIDES})


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What came of settling.

    Parameters
    ----------
    ledger
        The ledger so far, and after it the new entries.
    entries
        New entries (`settlement.tables.ENTRIES`), numbered on from the ledger.
    refused
        ``table, row, id, reason`` of what was not booked.
    totals
        Per party, role and kind of event: ``events, share_fen`` of the new entries.
    summary
        Key figures, plain values.
    """

    ledger: pd.DataFrame
    entries: pd.DataFrame
    refused: pd.DataFrame
    totals: pd.DataFrame
    summary: dict[str, Any]


class _Booked(NamedTuple):
    """Which sales are booked now (rows), and which were before (a mask)."""

    rows: npt.NDArray[np.int64]
    known: npt.NDArray[np.bool_]


def empty_ledger() -> pd.DataFrame:
    """Return a ledger without entries."""
    return ENTRIES.check(pd.DataFrame({name: [] for name in ENTRIES.required}))


def settle_sales(
    sales: pd.DataFrame,
    rules: ShareRules,
    told: Told,
    *,
    ledger: pd.DataFrame | None = None,
    strict: bool = False,
) -> Settled:
    """Book sales and returns, each once; a row that cannot be booked is refused as a whole and told.

    Parameters
    ----------
    sales
        Raw, see `settlement.tables.SALES`.
    rules
        The agreement.
    told
        Returns, touches, bindings, sellers.
    ledger
        What was booked before (`ENTRIES`, checked). The same sale again changes nothing; another one under its id is
        refused.
    strict
        Raise on the first refusal; nothing is booked then.

    Raises
    ------
    InputError
        If a table or the rules cannot be used at all.
    """
    before = empty_ledger() if ledger is None else ledger
    good, refused = _sift(sales, SALES, told.name("sales"), "sale_id")
    shared = share_sales(good, rules, told.sides())
    known = _compare(shared, before)
    rows = np.flatnonzero((shared.reasons == "") & ~known)
    booked = entries_of(shared, rows)
    refused = [refused, _refusals(good, shared.reasons, told.name("sales"), "sale_id")]
    back = None
    if told.returns is not None:
        returns, unusable = _sift(_with_kind(told.returns), RETURNS, told.name("returns"), "return_id")
        back = reverse(returns, pd.concat([before, booked], ignore_index=True))
        refused += [unusable, _refusals(returns, back.reasons, told.name("returns"), "return_id")]
    entries = booked if back is None else pd.concat([booked, back.entries], ignore_index=True)
    start = int(before["entry"].max()) if len(before) else 0
    entries.insert(0, "entry", np.arange(start + 1, start + 1 + len(entries), dtype=np.int64))
    wrong = pd.concat(refused, ignore_index=True)
    if strict and len(wrong):
        first = wrong.iloc[0]
        raise InputError(f"{first['table']}, row {first['row']}", "rows that can all be settled", first["reason"])
    summary = _summary(shared, _Booked(rows, known), back, entries, wrong)
    whole = entries if ledger is None else pd.concat([before, entries], ignore_index=True)
    return Settled(ledger=whole, entries=entries, refused=wrong, totals=party_totals(entries), summary=summary)


def preview_sales(sales: pd.DataFrame, rules: ShareRules, told: Told) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return what each party would get and pay of each sale, and the totals; nothing is booked.

    Raises
    ------
    InputError
        If a table or the rules cannot be used.
    """
    shared = share_sales(SALES.check(sales, told.name("sales")), rules, told.sides())
    shares = preview_of(shared)
    fine = shares[shares["problem"] == ""]
    parties = fine.groupby(["party_id", "role"], sort=True)[["takes_fen", "pays_fen", "share_fen"]].sum()
    problems = shares.loc[shares["problem"] != "", ["sale_id", "problem"]].drop_duplicates("sale_id")
    return shares, {
        "sales": len(shared.sales),
        "margin_fen": int(shared.split.margin_fen.sum()),
        "parties": parties.reset_index().to_dict("records"),
        "problems": problems.to_dict("records"),
    }


def _sift(raw: pd.DataFrame, schema: TableSchema, source: str, key: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return usable rows, with their number as ``row``, and the others with the reason."""
    numbered = raw.drop(columns=["row", "reason"], errors="ignore").reset_index(drop=True)
    good, bad = schema.sift(numbered, source)
    kept = np.setdiff1d(np.arange(1, len(numbered) + 1), bad["row"].to_numpy())
    good = good.assign(row=kept)
    ids = bad[key].map(lambda value: "" if pd.isna(value) else str(value))
    return good, pd.DataFrame({"table": source, "row": bad["row"], "id": ids, "reason": bad["reason"]})


def _with_kind(returns: pd.DataFrame) -> pd.DataFrame:
    kind = returns["kind"] if "kind" in returns else pd.Series(None, index=returns.index, dtype="str")
    return returns.assign(kind=kind.mask(kind.isna() | (kind == ""), "return"))


def _refusals(frame: pd.DataFrame, reasons: npt.NDArray[np.object_], source: str, key: str) -> pd.DataFrame:
    rows = np.flatnonzero(reasons != "")
    told = {"row": frame["row"].to_numpy()[rows], "id": frame[key].to_numpy()[rows], "reason": reasons[rows]}
    return pd.DataFrame({"table": source, **told})


def _compare(shared: SaleShares, before: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return which sales were booked before; one that was booked otherwise gets a reason."""
    heads = before.loc[before["kind"] == "sale", ["sale_id", "digest"]].drop_duplicates("sale_id")
    if heads.empty:
        return np.zeros(len(shared.sales), dtype=bool)
    at = pd.Index(heads["sale_id"]).get_indexer(pd.Index(shared.sales["sale_id"]))
    found: npt.NDArray[np.bool_] = np.asarray(at >= 0)
    rows = np.flatnonzero(found)
    same = heads["digest"].to_numpy()[at[rows]] == digests_of_sales(shared, rows)
    shared.reasons[rows] = np.where(same, "", "sale_id: expected one that was not settled otherwise before")
    return found


def _summary(
    shared: SaleShares, booked: _Booked, back: Reversals | None, entries: pd.DataFrame, refused: pd.DataFrame
) -> dict[str, Any]:
    rows, known = booked
    split, filled = shared.split, shared.filled
    elsewhere, kinds = rows[filled.elsewhere[rows]], entries["kind"]
    by_role = entries.groupby("role")["share_fen"].sum()
    reasons = refused["reason"].astype("str").str.split(":", n=1).str[0].value_counts()
    return {
        "sales": len(rows),
        "known": int((known & (shared.reasons == "")).sum()) + (0 if back is None else int(back.known.sum())),
        "returns": int(entries.loc[kinds != "sale", ["kind", "event_id"]].drop_duplicates().shape[0]),
        "refused": len(refused),
        "refused_by_reason": {str(name): int(count) for name, count in reasons.items()},
        "entries": len(entries),
        "paid_fen": int(split.paid_fen[rows].sum()),
        "margin_fen": int(split.margin_fen[rows].sum()),
        "reversed_fen": int(entries.loc[kinds != "sale", "share_fen"].sum()),
        "shares_fen": {role: int(by_role[role]) for role in sorted(by_role.index)},
        "arose_elsewhere": len(elsewhere),
        "arose_elsewhere_margin_fen": int(split.margin_fen[elsewhere].sum()),
        "kept_by_leavers": int(filled.kept[rows].sum()),
        "passed_on": int(filled.passed_on[rows].sum()),
        "loss_sales": int((split.margin_fen[rows] < 0).sum()),
    }
