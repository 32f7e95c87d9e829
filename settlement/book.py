"""Sales → what each party gets of each, as entries of a ledger or as a preview."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import InputError
from settlement.payees import Bindings, Directory, Filled, Touches, codes_of, fill_roles, ns_of
from settlement.rules import ShareRules
from settlement.shares import SaleLines, Split, split_sales
from settlement.tables import SALES, SELLERS

__all__ = [
    "SaleShares",
    "Sides",
    "digests",
    "digests_of_sales",
    "entries_of",
    "preview_of",
    "share_sales",
    "with_defaults",
]

_DEFAULTS = {"pieces": 1, "order_number": 0}
ENTRY_COLUMNS = ["sale_id", "event_id", "kind", "at", "pieces", "role", "party_id", "share_fen", "digest"]


@dataclass(frozen=True, kw_only=True)
class Sides:
    """What says who plays a role beside the sales themselves: checked tables (`settlement.tables`), None if not given.

    Parameters
    ----------
    sources
        The tables' names for messages.
    """

    touches: pd.DataFrame | None = None
    bindings: pd.DataFrame | None = None
    sellers: pd.DataFrame | None = None
    sources: Mapping[str, str] | None = None

    def name(self, table: str) -> str:
        """Return what to call a table."""
        return (self.sources or {}).get(table, table)

    def require(self, rules: ShareRules) -> None:
        """Refuse rules that ask for a table that is not there.

        Raises
        ------
        InputError
            Naming the table and the role.
        """
        for filling, table in (("touch", "touches"), ("binding", "bindings"), ("referrer", "sellers")):
            role = rules.needs(filling)  # type: ignore[arg-type]
            if role is not None and getattr(self, table) is None:
                raise InputError(self.name(table), f"a table, as the role {role} is filled by {filling}", "none")


@dataclass(frozen=True, kw_only=True)
class SaleShares:
    """What the rules give of some sales.

    Parameters
    ----------
    sales
        The sales, defaults filled in.
    roles
        The roles, the rest's last.
    ids
        Parties by code.
    filled
        Who plays each role.
    split
        What each gets.
    reasons
        Why a sale cannot be booked, shape (s,); empty: it can.
    """

    sales: pd.DataFrame
    roles: tuple[str, ...]
    ids: pd.Index
    filled: Filled
    split: Split
    reasons: npt.NDArray[np.object_]


def share_sales(sales: pd.DataFrame, rules: ShareRules, sides: Sides) -> SaleShares:
    """Divide checked sales by an agreement; nothing is booked.

    Parameters
    ----------
    sales
        `settlement.tables.SALES` with a column per role; a role without one is played by nobody.
    rules
        The agreement.
    sides
        Who plays roles that sales do not name.

    Raises
    ------
    InputError
        If there are sales and a table that the rules need is missing, or referrals run in a circle.
    """
    if len(sales):  # returns take back what was booked: nobody's role is asked for
        sides.require(rules)
    for role in rules.roles:
        if role in SALES.by_name or role in ("row", "reason"):
            raise InputError("rules", "roles that are no columns of the sales", role)
    sales = with_defaults(sales)
    cells = [_cells(sales, role) for role in rules.roles]
    others = [sides.touches, sides.bindings]
    ids = pd.Index(pd.concat([*cells, *(table["party_id"] for table in others if table is not None)]).dropna().unique())
    sellers = SELLERS.check(pd.DataFrame({"party_id": []})) if sides.sellers is None else sides.sellers
    directory = Directory.build(ids, sellers, sides.name("sellers"))
    filled = _filled(sales, cells, rules, sides, directory)
    lines = SaleLines(**{name: sales[name].to_numpy(np.int64) for name in SaleLines.__dataclass_fields__})
    split = split_sales(lines, filled.party[:, :-1] >= 0, rules)
    reasons = _reasons(sales, filled, split, rules)
    return SaleShares(sales=sales, roles=rules.roles, ids=directory.ids, filled=filled, split=split, reasons=reasons)


def with_defaults(sales: pd.DataFrame) -> pd.DataFrame:
    """Return sales with pieces and order numbers where they are empty."""
    filled = {
        name: (sales[name].fillna(default) if name in sales else pd.Series(default, index=sales.index)).astype("int64")
        for name, default in _DEFAULTS.items()
    }
    return sales.assign(**filled)


def entries_of(shared: SaleShares, rows: npt.NDArray[np.int64]) -> pd.DataFrame:
    """Return the entries of some of the sales: one per party that gets or bears something, and the rest's always."""
    shares = shared.split.shares_fen[rows]
    kept = shares != 0
    kept[:, -1] = True
    line, role = np.nonzero(kept)
    sale = rows[line]
    digest = digests_of_sales(shared, rows)
    ids = shared.sales["sale_id"].array[sale]
    return pd.DataFrame(
        {
            "sale_id": ids,
            "event_id": ids,
            "kind": pd.Categorical.from_codes(np.zeros(len(sale), dtype=np.int8), ["sale"]).astype("str"),
            "at": shared.sales["sold_at"].array[sale],
            "pieces": shared.sales["pieces"].to_numpy()[sale],
            "role": pd.Index(shared.roles, dtype="str").take(role),
            "party_id": shared.ids.astype("str").take(shared.filled.party[rows][line, role]),
            "share_fen": shares[line, role],
            "digest": digest[line],
        }
    )[ENTRY_COLUMNS]


def digests_of_sales(shared: SaleShares, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return a digest of some of the sales: of what was told of them, not of what the rules made of it."""
    cells = [role for role in shared.roles if role in shared.sales]
    return digests(shared.sales.iloc[rows], [*_columns(shared.sales), *cells])


def preview_of(shared: SaleShares) -> pd.DataFrame:
    """Return what each party would get and pay of each sale, and what stands against booking it."""
    takes, pays = shared.split.takes_fen, shared.split.pays_fen
    shown = ((takes != 0) | (pays != 0)) & (shared.filled.party >= 0)
    shown[:, -1] = True
    sale, role = np.nonzero(shown)
    party = shared.filled.party[sale, role]
    told = shared.ids.astype("str").take(np.maximum(party, 0)) if len(shared.ids) else pd.Index([""] * len(sale))
    return pd.DataFrame(
        {
            "sale_id": shared.sales["sale_id"].array[sale],
            "role": pd.Index(shared.roles, dtype="str").take(role),
            "party_id": pd.Series(told).where(party >= 0, None),
            "takes_fen": takes[sale, role],
            "pays_fen": pays[sale, role],
            "share_fen": takes[sale, role] - pays[sale, role],
            "margin_fen": shared.split.margin_fen[sale],
            "paid_fen": shared.split.paid_fen[sale],
            "problem": shared.reasons[sale],
        }
    )


def digests(frame: pd.DataFrame, columns: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return a 48-bit digest (BLAKE2b, exact in any file) of each row: tells a repetition from a change."""
    head = pa.scalar("\x1e".join(columns), pa.large_string())
    rows = pc.binary_join_element_wise(
        head, *(_texts(frame[name]) for name in columns), pa.scalar("\x1f", pa.large_string())
    )
    read = int.from_bytes
    told = rows.cast(pa.large_binary()).to_pylist()
    return np.fromiter((read(hashlib.blake2b(row, digest_size=6).digest(), "big") for row in told), np.int64, len(told))


def _texts(column: pd.Series) -> pa.LargeStringArray:
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        whole = pa.array(ns_of(column))
    elif pd.api.types.is_numeric_dtype(column):
        whole = pa.array(column.fillna(0).to_numpy(np.int64))
    else:
        whole = pa.array(column.astype("str"), pa.large_string())
    return pc.fill_null(whole.cast(pa.large_string()), "")


def _columns(sales: pd.DataFrame) -> list[str]:
    names = ("sale_id", "sold_at", "price_fen", "cost_fen", "pieces", "order_number", "journey_id", "binding_id")
    return [name for name in names if name in sales]


def _cells(sales: pd.DataFrame, role: str) -> pd.Series:
    """Return a role's column as ids, empty where nobody plays it."""
    if role not in sales:
        return pd.Series(None, index=sales.index, dtype="str")
    told = sales[role].astype("str").str.strip()
    return told.mask(told == "")


def _filled(
    sales: pd.DataFrame, cells: list[pd.Series], rules: ShareRules, sides: Sides, directory: Directory
) -> Filled:
    sold_ns = ns_of(sales["sold_at"])
    credited, bound = None, None
    if rules.attribution is not None and sides.touches is not None:
        touches = Touches.build(sides.touches, rules.attribution, directory.ids)
        journey = _codes(sales, "journey_id", touches.journeys)
        credited = touches.credited(journey, sold_ns, directory, first=rules.attribution.credit == "first")
    if rules.needs("binding") and sides.bindings is not None:
        bindings = Bindings.build(sides.bindings, directory.ids, sides.name("bindings"))
        bound = _codes(sales, "binding_id", bindings.bindings), bindings
    codes = np.column_stack([codes_of(column, directory.ids) for column in cells])
    return fill_roles(codes, sold_ns, rules, directory, credited=credited, bound=bound)


def _codes(sales: pd.DataFrame, name: str, ids: pd.Index) -> npt.NDArray[np.int64]:
    return codes_of(sales[name], ids) if name in sales else np.full(len(sales), -1, dtype=np.int64)


def _reasons(sales: pd.DataFrame, filled: Filled, split: Split, rules: ShareRules) -> npt.NDArray[np.object_]:
    reasons = np.full(len(sales), "", dtype=object)
    if rules.when_short == "refuse":
        for row in np.flatnonzero(split.short):
            asked = [(role, fen) for role, fen in zip(rules.roles[:-1], split.takes_fen[row], strict=False) if fen]
            who = ", ".join(f"{role} {fen}" for role, fen in asked)
            total, there = sum(int(fen) for _, fen in asked), split.pot_fen[row]
            reasons[row] = f"margin: the rules ask for {total} fen ({who}), there are {there} to divide"
    reasons[filled.party[:, -1] < 0] = f"{rules.rest}: expected the id of who gets the rest, got an empty cell"
    return reasons
