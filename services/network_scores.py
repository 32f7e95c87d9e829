"""Scorecards of the loaded network's suppliers and buyers, in the eyes of whoever asks."""

from __future__ import annotations

from typing import Any, Literal
from weakref import WeakKeyDictionary

import pandas as pd

from graph.aftersales.attribution import attribute
from graph.aftersales.faults import trace
from graph.credit.terms import due_by_terms
from graph.scorecards.buyers import buyer_scorecards
from graph.scorecards.cards import Cards
from graph.scorecards.suppliers import scorecards
from services.score_buyers import buyer_groups
from services.viewer import Viewer
from store.snapshot import Snapshot

__all__ = ["CardKind", "card_table", "network_cards", "party_scorecard", "supplier_reliability"]

CardKind = Literal["supplier", "buyer"]
KINDS: tuple[CardKind, ...] = ("supplier", "buyer")
_KEPT: WeakKeyDictionary[Snapshot, dict[tuple[CardKind, pd.Timestamp], Cards]] = WeakKeyDictionary()
_LAST_DAYS: WeakKeyDictionary[Snapshot, pd.Timestamp] = WeakKeyDictionary()
_MOST_DAYS = 8
_NO_WORD_ON_GOODS = ("late", "return")


def network_cards(snapshot: Snapshot, kind: CardKind, as_of: pd.Timestamp | None = None) -> Cards:
    """Return the cards of all suppliers or buyers; those of the latest few days asked for are kept.

    Parameters
    ----------
    snapshot
        A loaded network: its tables ``deliveries``, ``evidence``, ``ledger`` with ``terms``, and ``claims`` with
        ``lots``, which are led back to the parties at fault. A claim's lot is a delivery's ``delivery_id``.
    kind
        ``supplier`` or ``buyer``.
    as_of
        The day; that of the last arrival, event or evidence by default.
    """
    day = _last_day(snapshot) if as_of is None else as_of
    kept = _KEPT.setdefault(snapshot, {})
    if (kind, day) not in kept:
        made = _supplier_cards(snapshot, day) if kind == "supplier" else _buyer_cards(snapshot, day)
        for oldest in list(kept)[: len(kept) + 1 - _MOST_DAYS]:
            kept.pop(oldest, None)
        kept[kind, day] = made
    return kept[kind, day]


def party_scorecard(
    snapshot: Snapshot, party_id: str, viewer: Viewer, *, as_of: pd.Timestamp | None = None
) -> dict[str, Any]:
    """Return a party's cards: as supplier and as buyer, whichever something is known of.

    Whoever may know of a party sees its card: the whole of what it did to everybody, but no single delivery or trade.

    Returns
    -------
    dict
        ``party_id, as_of, cards``: each a score with its range, parts, reasons and evidence
        (`graph.scorecards.cards.Cards.score`). If nothing is known of the party, the cards of a newcomer of both kinds.

    Raises
    ------
    UnknownIdError
        If there is no such party, or the viewer may not know of it.
    """
    viewer.position(snapshot.network(), party_id)
    both = [network_cards(snapshot, kind, as_of) for kind in KINDS]
    known = [cards for cards in both if party_id in cards.ids]
    return {
        "party_id": party_id,
        "as_of": both[0].as_of.date().isoformat(),
        "cards": [cards.score(party_id) for cards in known or both],
    }


def card_table(
    snapshot: Snapshot, kind: CardKind, viewer: Viewer, *, as_of: pd.Timestamp | None = None
) -> tuple[pd.DataFrame, str]:
    """Return the cards of the parties that the viewer may know of, the most reliable first, and the day they are for.

    Ranks are those among all.
    """
    cards = network_cards(snapshot, kind, as_of)
    network = snapshot.network()
    positions = network.parties.ids.positions(cards.frame.iloc[:, 0])
    seen = viewer.seen(network)[positions] & (positions >= 0)
    return cards.frame[seen].reset_index(drop=True), cards.as_of.date().isoformat()


def supplier_reliability(snapshot: Snapshot, today: pd.Timestamp | None = None) -> pd.DataFrame:
    """Return what a route may expect of the suppliers of whom something is known: no row, nothing known.

    Returns
    -------
    DataFrame
        ``supplier_id, otif_low`` (10 % quantile of on time in full), ``p_late_next``.
    """
    frame = network_cards(snapshot, "supplier", today).frame[["supplier_id", "otif_low", "p_late_next"]]
    return frame.dropna(subset="otif_low").reset_index(drop=True)


def _supplier_cards(snapshot: Snapshot, day: pd.Timestamp) -> Cards:
    return scorecards(
        snapshot.table("deliveries"), day, evidence=snapshot.table("evidence"), faults=_claimed_faults(snapshot, day)
    )


def _buyer_cards(snapshot: Snapshot, day: pd.Timestamp) -> Cards:
    return buyer_scorecards(
        due_by_terms(snapshot.table("ledger"), snapshot.table("terms")),
        day,
        groups=buyer_groups(snapshot.table("parties")),
        evidence=snapshot.table("evidence"),
    )


def _claimed_faults(snapshot: Snapshot, day: pd.Timestamp) -> pd.DataFrame | None:
    """Return the pieces that claims known by the day led back to parties, by lot; None without claims and lots."""
    claims, lots = snapshot.table("claims"), snapshot.table("lots")
    claims = claims[(claims["at"] <= day) & ~claims["kind"].isin(_NO_WORD_ON_GOODS)]
    lots = lots[lots["at"] <= day]
    if claims.empty or lots.empty:
        return None
    steps = trace(attribute(claims, lots)).dropna(subset="party_id")
    of_claim = claims.set_index("claim_id")[["at", "pieces"]].loc[steps["claim_id"]].reset_index(drop=True)
    return pd.DataFrame(
        {
            "party_id": steps["party_id"].to_numpy(),
            "at": of_claim["at"],
            "pieces": of_claim["pieces"] * steps["probability"].to_numpy(),
            "delivery_id": steps["lot_id"].to_numpy(),
        }
    )


def _last_day(snapshot: Snapshot) -> pd.Timestamp:
    if snapshot not in _LAST_DAYS:
        columns = (("deliveries", "delivered_at"), ("ledger", "at"), ("evidence", "at"))
        days = [snapshot.table(table)[column].max() for table, column in columns]
        known = [pd.Timestamp(day) for day in days if not pd.isna(day)]
        _LAST_DAYS[snapshot] = max(known, default=pd.Timestamp("1970-01-01"))
    return _LAST_DAYS[snapshot]
