"""Two-sided matches from tables: sellers and offers with caps, pairs with what they are worth to either side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import TableError
from contracts.tables import Column, TableSchema
from matching.problem import Ints
from matching.two_sided import TwoSidedProblem

__all__ = ["OFFERS", "PAIRS", "SELLERS", "TwoSidedInstance", "two_sided_instance"]

_VALUE = 1e12


def _text(name: str, description: str, *, required: bool = True) -> Column:
    return Column(name=name, kind="str", required=required, description=description)


def _value(name: str, description: str, *, required: bool = False) -> Column:
    return Column(name=name, kind="float", required=required, minimum=-_VALUE, maximum=_VALUE, description=description)


def _caps(name: str, key: str, who: str) -> TableSchema:
    cap = Column(
        name="cap", kind="int", minimum=0, maximum=2**31 - 1, description=f"most pairs of the {who} (in each period)"
    )
    period = _text("period", "the period that the cap holds for; without the column for each", required=False)
    return TableSchema(name=name, columns=(_text(key, f"the {who}"), cap, period))


SELLERS = _caps("sellers", "seller_id", "seller")
OFFERS = _caps("offers", "offer_id", "offer")
PAIRS = TableSchema(
    name="pairs",
    columns=(
        _text("seller_id", "a seller of the table sellers"),
        _text("offer_id", "an offer of the table offers"),
        _value("value", "what the pair is worth to both together; at or below zero it is not matched", required=True),
        _value("seller_value", "what it is worth to the seller; below zero it does not opt in (default: value)"),
        _value("offer_value", "what it is worth to the offer's owner, likewise"),
        _text("period", "when it would take part (a day, a week …); caps hold in each", required=False),
        Column(
            name="state",
            kind="str",
            required=False,
            nullable=True,
            choices=("open", "accepted", "refused"),
            description="accepted pairs stand and take their places, refused ones are not offered again (empty = open)",
        ),
    ),
    may_be_empty=True,
)


@dataclass(frozen=True, kw_only=True)
class TwoSidedInstance:
    """A problem and the pairs it was made from, sorted by seller and period.

    Parameters
    ----------
    kept, refused
        bool [E], pairs that stand and pairs that are not offered again.
    """

    problem: TwoSidedProblem
    pairs: pd.DataFrame
    kept: npt.NDArray[np.bool_]
    refused: npt.NDArray[np.bool_]


def two_sided_instance(
    sellers: pd.DataFrame, offers: pd.DataFrame, pairs: pd.DataFrame, sources: Mapping[str, str]
) -> TwoSidedInstance:
    """Build the problem from checked tables; who has a cap per period is a party of its own in each.

    Raises
    ------
    TableError
        If a pair or a cap comes twice, a pair names somebody without a cap, or more pairs stand than a cap allows.
    """
    key = ["seller_id", "offer_id", *(["period"] if "period" in pairs else [])]
    _require_once(pairs, key, sources["pairs"])
    seller, places = _party(sellers, pairs, "seller_id", sources, "sellers")
    offer, room = _party(offers, pairs, "offer_id", sources, "offers")
    order = np.lexsort((offer, seller))
    rows = pairs.iloc[order].reset_index(drop=True)
    state = rows["state"].fillna("open") if "state" in rows else pd.Series("open", index=rows.index)
    problem = TwoSidedProblem(
        indptr=np.searchsorted(seller[order], np.arange(len(places) + 1)),
        host=offer[order],
        value=rows["value"].to_numpy(np.float64),
        places=places,
        room=room,
        seeker_value=rows["seller_value"].to_numpy(np.float64) if "seller_value" in rows else None,
        host_value=rows["offer_value"].to_numpy(np.float64) if "offer_value" in rows else None,
    )
    kept, refused = ((state == name).to_numpy(np.bool_) for name in ("accepted", "refused"))
    for party, caps, name, column in (
        (problem.seeker, places, "sellers", "seller_id"),
        (problem.host, room, "offers", "offer_id"),
    ):
        over = np.bincount(party[kept], minlength=len(caps)) > caps
        if over.any():
            row = int(np.flatnonzero(kept & over[party])[0])
            got = rows[column].iloc[row]
            raise TableError(sources["pairs"], column, f"as many accepted pairs as the cap in {name} allows", got)
    return TwoSidedInstance(problem=problem, pairs=rows, kept=kept, refused=refused)


def _party(
    caps: pd.DataFrame, pairs: pd.DataFrame, column: str, sources: Mapping[str, str], name: str
) -> tuple[Ints, Ints]:
    """Return the number of each pair's party (in its period) and the caps by number."""
    by_period = "period" in caps
    key = [column, *(["period"] if by_period else [])]
    _require_once(caps, key, sources[name])
    if by_period and "period" not in pairs:
        raise TableError(sources["pairs"], "period", f"this column, because {name} have it", "no such column")
    known = pd.MultiIndex.from_frame(caps[key]) if by_period else pd.Index(caps[column])
    wanted = pd.MultiIndex.from_frame(pairs[key]) if by_period else pd.Index(pairs[column])
    at = known.get_indexer(wanted)
    if (at < 0).any():
        row = int(np.flatnonzero(at < 0)[0])
        got = " in ".join(str(pairs[one].iloc[row]) for one in key)
        raise TableError(
            sources["pairs"], column, f"one of the table {name}", got, row=row + 1, bad_rows=int((at < 0).sum())
        )
    party = pd.DataFrame({"at": at, "period": pairs.get("period", "")})
    number = party.groupby(["at", "period"], sort=True).ngroup().to_numpy(np.int64)
    places = np.zeros(int(number.max(initial=-1)) + 1, np.int64)
    places[number] = caps["cap"].to_numpy(np.int64)[at]
    return number, places


def _require_once(table: pd.DataFrame, key: list[str], source: str) -> None:
    again = table.duplicated(key).to_numpy()
    if again.any():
        row = int(np.flatnonzero(again)[0])
        got = ", ".join(str(table[one].iloc[row]) for one in key)
        raise TableError(source, ", ".join(key), f"each ({', '.join(key)}) once", got, row=row + 1)
