"""Offers that are kept: made by the house, read and answered by the sellers and brands they are about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import InputError, NotReadyError, UnknownIdError
from forecast.offers.model import OfferModel
from graph.network import SupplyNetwork
from matching.offer_tables import STATES
from services.make_offers import Made, make_offers
from services.offer_book import offer_book
from services.offer_cake import Cake
from services.offer_params import OfferParams
from services.schedule_offers import schedule_offers
from services.viewer import Viewer
from store.offers import OfferShelf

__all__ = ["answer_offer", "keep_offers", "offers_seen", "search_seen", "sellers_seen", "shares_seen"]

_OF_THE_BRAND = ("value_fen", "style_price_fen")  # what a style is worth to its brand is not the seller's to see


def keep_offers(
    shelf: OfferShelf,
    tables: Mapping[str, pd.DataFrame | None],
    *,
    params: OfferParams,
    today: pd.Timestamp | None = None,
    weeks: int = 1,
    loss_per_day: float = 0.0,
    seed: int = 0,
    cake: Cake | None = None,
    model: OfferModel | None = None,
) -> dict[str, Any]:
    """Make offers, keep them as the current ones and return their figures.

    Answers that were sent since (`answer_offer`) count, the latest of a pair; those of the table given go before.

    Parameters
    ----------
    tables
        ``sellers, styles, history`` and, None if not given, ``answers, free, curve``.
    cake
        The agreement they would be settled by; what each party would get of each offer is kept beside it.
    model
        A model fitted before; without it one is fitted to the history.
    """
    said = _answers(shelf, tables)
    sellers, styles, history = (_given(tables, name) for name in ("sellers", "styles", "history"))
    book = offer_book(sellers, styles, history, said, params=params, today=today, weeks=weeks, cake=cake, model=model)
    made = make_offers(book, seed=seed)
    kept = {"offers": made.offers(), "pairs": _pairs(made), "shares": made.shares()}
    summary = dict(made.summary)
    free = tables.get("free")
    if free is not None:
        planned = schedule_offers(made, free, curve=tables.get("curve"), loss_per_day=loss_per_day, seed=seed)
        kept |= {"offers": planned.offers, "days": planned.days}
        summary["schedule"] = planned.summary
    return {"offers_id": shelf.put(kept, summary), **summary}


def offers_seen(shelf: OfferShelf, network: SupplyNetwork | None, viewer: Viewer) -> tuple[str, pd.DataFrame]:
    """Return the current offers that the viewer is a side of, and their id; the operator sees all."""
    name = shelf.current()
    return name or "", _seen(_rows(shelf, "offers"), network, viewer)


def shares_seen(
    shelf: OfferShelf, network: SupplyNetwork | None, viewer: Viewer, offers: pd.DataFrame
) -> list[list[dict[str, Any]]]:
    """Return beside each offer what its parties would get: all of it to the brand and the operator, else one's own.

    Parameters
    ----------
    offers
        Rows with ``seller_id, style_id``.
    """
    try:
        rows = _rows(shelf, "shares")
    except NotReadyError:  # offers that were kept before there were previews
        return [[] for _ in range(len(offers))]
    if rows.empty or offers.empty:
        return [[] for _ in range(len(offers))]
    pairs = ["seller_id", "style_id"]
    rows = offers[[*pairs, "brand_id"]].reset_index(names="at").merge(rows, on=pairs)
    as_brand = _owned(rows["brand_id"].to_numpy(dtype=object), network, viewer)
    seen = rows[as_brand | _owned(rows["party_id"].fillna("").to_numpy(dtype=object), network, viewer)]
    told = seen.drop(columns=["at", "brand_id", *pairs]).astype(object)
    found: dict[Any, list[dict[str, Any]]] = {at: [] for at in offers.index}
    for at, row in zip(seen["at"], told.where(told.notna(), None).to_dict("records"), strict=True):
        found[at].append(row)
    return [found[at] for at in offers.index]


def search_seen(
    shelf: OfferShelf, network: SupplyNetwork | None, viewer: Viewer, seller_id: str
) -> tuple[str, pd.DataFrame]:
    """Return what a seller finds: its offers, then the styles it could have had, each with the reason why not.

    Raises
    ------
    UnknownIdError
        If nothing was looked at for such a seller, or it is not the viewer's own.
    """
    name = shelf.current() or ""
    rows = _rows(shelf, "pairs", seller_id=seller_id)
    if not _owned(np.array([seller_id], dtype=object), network, viewer)[0] or rows.empty:
        raise UnknownIdError("seller", seller_id)
    return name, _seen(rows, network, viewer)


def sellers_seen(
    shelf: OfferShelf, network: SupplyNetwork | None, viewer: Viewer, style_id: str
) -> tuple[str, pd.DataFrame]:
    """Return the sellers a brand would propose its style to: those offered first, then by worth, with reasons.

    Raises
    ------
    UnknownIdError
        If there is no such style, or it is not of a brand of the viewer's.
    """
    name = shelf.current() or ""
    rows = _rows(shelf, "pairs", style_id=style_id)
    if rows.empty or not _owned(rows["brand_id"].to_numpy(dtype=object)[:1], network, viewer)[0]:
        raise UnknownIdError("style", style_id)
    return name, rows.sort_values(["offered", "value_fen"], ascending=False, ignore_index=True)


def answer_offer(
    shelf: OfferShelf, network: SupplyNetwork | None, viewer: Viewer, answer: Mapping[str, Any], *, by: str
) -> dict[str, Any]:
    """Record what one side says to an offer: it stands, or its place goes to others when offers are next made.

    Only the seller accepts; the brand then adds days and pieces. A side's no stands until that side takes it back.

    Parameters
    ----------
    answer
        ``seller_id, style_id, state`` (`matching.offer_tables.STATES`) and perhaps ``promote_on`` and ``pieces``. What
        was accepted before and is refused now is withdrawn.
    by
        Who answers.

    Raises
    ------
    UnknownIdError
        If there is no such offer, or the viewer is no side of it.
    InputError
        If it is accepted against the other side's no, or by the brand before the seller did.
    """
    _, rows = offers_seen(shelf, network, viewer)
    pair = (answer["seller_id"], answer["style_id"])
    if not ((rows["seller_id"] == pair[0]) & (rows["style_id"] == pair[1])).any():
        raise UnknownIdError("offer", f"{pair[0]}, {pair[1]}")
    side = _side(network, viewer, pair[0])

    def choose(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        before = [one for one in records if (one["seller_id"], one["style_id"]) == pair]
        stands = bool(before) and before[-1]["state"] == STATES[0]
        state = answer["state"]
        if state == STATES[0]:
            _require_yes_counts(side, before, stands=stands)
        elif stands:
            state = STATES[2]
        now = datetime.now(UTC).isoformat(timespec="seconds")
        given = {name: value for name, value in answer.items() if value is not None}
        return [given | {"state": state, "side": side, "by": by, "at": now}]

    return shelf.answers.decide(choose)[0]


def _side(network: SupplyNetwork | None, viewer: Viewer, seller_id: str) -> str:
    """Return whose answer it is: the operator speaks for the house, whoever owns the seller for the seller."""
    if viewer.tenant is None:
        return "house"
    return "seller" if _owned(np.array([seller_id], dtype=object), network, viewer)[0] else "brand"


def _require_yes_counts(side: str, before: list[dict[str, Any]], *, stands: bool) -> None:
    """Raise if an acceptance is not this side's to give; the house's always counts."""
    if side == "house":
        return
    refused_by: set[str] = set()
    for one in before:
        said = one.get("side", side)  # answers kept before sides were told apart bind nobody else
        if one["state"] != STATES[0]:
            refused_by.add(said)
        else:
            refused_by -= refused_by if said == "house" else {said}
    others = sorted(refused_by - {side})
    if others:
        raise InputError("state", f"no acceptance while the {others[0]}'s no stands", STATES[0])
    if side == "brand" and not stands:
        raise InputError("state", "the seller to accept first, or refused", STATES[0])


def _given(tables: Mapping[str, pd.DataFrame | None], name: str) -> pd.DataFrame:
    table = tables.get(name)
    if table is None:
        raise InputError(name, "a table", "nothing")
    return table


def _answers(shelf: OfferShelf, tables: Mapping[str, pd.DataFrame | None]) -> pd.DataFrame | None:
    """Return all answers, the latest of each pair, of the sellers and styles that are listed."""
    given = tables.get("answers")
    sent = pd.DataFrame(shelf.answers.read())
    if sent.empty:
        return given
    sent = sent.drop(columns=["by", "at", "side"], errors="ignore")
    sellers, styles = tables["sellers"], tables["styles"]
    if sellers is not None and styles is not None:
        sent = sent[sent["seller_id"].isin(sellers["seller_id"]) & sent["style_id"].isin(styles["style_id"])]
    whole = sent if given is None else pd.concat([sent, given], ignore_index=True)
    return whole.drop_duplicates(["seller_id", "style_id"], keep="last")


def _rows(shelf: OfferShelf, table: str, **where: str) -> pd.DataFrame:
    """Return rows of the current offers; none before any were made: whoever asks learns no more from that."""
    if shelf.current() is None:
        return pd.DataFrame(columns=["seller_id", "style_id", "brand_id", *_OF_THE_BRAND], dtype="str")
    return shelf.table(table, **where)


def _pairs(made: Made) -> pd.DataFrame:
    table = made.offers_of(np.arange(made.seller.size))
    return table.sort_values(["seller_id", "offered", "value_fen"], ascending=[True, False, False], ignore_index=True)


def _seen(rows: pd.DataFrame, network: SupplyNetwork | None, viewer: Viewer) -> pd.DataFrame:
    """Return the rows that the viewer is a side of; only the brand's side sees what its styles are worth to it."""
    as_brand = _owned(rows["brand_id"].to_numpy(dtype=object), network, viewer)
    as_seller = _owned(rows["seller_id"].to_numpy(dtype=object), network, viewer)
    told = rows.copy()
    for name in _OF_THE_BRAND:
        told[name] = told[name].where(as_brand).astype("Int64")
    return told[as_brand | as_seller].reset_index(drop=True)


def _owned(ids: np.ndarray, network: SupplyNetwork | None, viewer: Viewer) -> np.ndarray:
    """Return which ids are parties of the viewer's own; one that is in no network is nobody's but the operator's."""
    if viewer.tenant is None:
        return np.ones(len(ids), np.bool_)
    if network is None:
        return np.zeros(len(ids), np.bool_)
    positions = network.parties.ids.positions(pd.Series(ids, dtype="str"))
    return np.asarray((positions >= 0) & viewer.owns(network, np.maximum(positions, 0)))
