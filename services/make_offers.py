"""Styles offered to small sellers: tables in, ranked offers and a reason for each that is not made out."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.progress import Report, silent
from matching.offers import REASONS, OfferProblem, OfferResult, bid_params, reason_code, solve_offers
from services.offer_book import OfferBook, brand_ids, numbers
from services.offer_cake import offer_shares

__all__ = ["Made", "make_offers", "offers_for_seller", "sellers_for_style"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_CHUNK = 5_000  # sellers scored at a time


@dataclass(frozen=True, kw_only=True, eq=False)
class Made:
    """The offers that are made, and why others are not.

    Parameters
    ----------
    seller, style
        int [E], the pairs looked at, sorted by seller.
    problem, result
        Of the match.
    accepts, net
        float [E], what is expected of each pair.
    summary
        Key figures, plain values.
    """

    book: OfferBook
    seller: Ints
    style: Ints
    accepts: Floats
    net: Floats
    problem: OfferProblem
    result: OfferResult
    summary: dict[str, Any]

    def offers(self) -> pd.DataFrame:
        """Return the offers made, the seller's best first, each with its range and reason."""
        made = self.offers_of(np.flatnonzero(self.result.offered))
        return made.sort_values(["seller_id", "value_fen"], ascending=[True, False], ignore_index=True)

    def offers_of(self, rows: Ints) -> pd.DataFrame:
        """Return some of the pairs (int [n], rows of the problem) as people read them, in that order."""
        return _told(self, rows)

    def shares(self) -> pd.DataFrame:
        """Return what each party would get of each offer made, in the offers' order (`services.offer_cake`)."""
        book, rows = self.book, np.flatnonzero(self.result.offered)
        styles = book.styles.iloc[self.style[rows]].reset_index(drop=True)
        sellers = book.sellers["seller_id"].iloc[self.seller[rows]].reset_index(drop=True)
        return offer_shares(
            book.cake, styles, brand_ids(styles), sellers=sellers, pieces=self.net[rows], day=book.today
        )

    def refusals(self) -> pd.DataFrame:
        """Return the pairs looked at and not offered, and the sellers that get nothing, with their reasons."""
        book, rows = self.book, np.flatnonzero(~self.result.offered)
        reasons = np.array(REASONS, dtype=object)
        closed = np.flatnonzero(book.closed)
        sellers, styles = book.sellers["seller_id"].to_numpy(), book.styles["style_id"].to_numpy()
        return pd.DataFrame(
            {
                "seller_id": np.append(sellers[closed], sellers[self.seller[rows]]),
                "style_id": np.append(np.full(len(closed), None, dtype=object), styles[self.style[rows]]),
                "reason": np.append(reasons[book.closed[closed]], reasons[self.result.reason[rows]]),
            }
        ).astype("str")


def make_offers(book: OfferBook, *, seed: int = 0, progress: Report = silent) -> Made:
    """Choose the offers worth most within every cap.

    Parameters
    ----------
    book
        Sellers, styles, and what was learned of them.
    seed
        Decides among equals.
    progress
        Hears of the stages.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    seller, style, accepts, net = _candidates(book, progress)
    progress("match", 0, 1)
    problem = _problem(book, seller, style, accepts, net)
    scored = time.process_time() - cpu
    result = solve_offers(problem, params=bid_params(problem.value, gap=book.params.gap), seed=seed)
    progress("match", 1, 1)
    summary = _summary(book, problem, result, accepts * net) | {
        "scoring_cpu_seconds": round(scored, 3),
        "matching_cpu_seconds": round(time.process_time() - cpu - scored, 3),
        "seconds": round(time.perf_counter() - wall, 3),
    }
    return Made(
        book=book, seller=seller, style=style, accepts=accepts, net=net, problem=problem, result=result, summary=summary
    )


def offers_for_seller(made: Made, seller_id: str) -> pd.DataFrame:
    """Return all styles as one seller finds them: those offered first, then by what they are worth, with reasons."""
    from contracts.errors import UnknownIdError

    at = int(made.book.model.sellers.ids.get_indexer([seller_id])[0])
    if at < 0:
        raise UnknownIdError("seller", seller_id)
    rows = np.flatnonzero(made.seller == at)
    told = _told(made, rows)
    return told.sort_values(["offered", "value_fen"], ascending=False, ignore_index=True)


def sellers_for_style(made: Made, style_id: str, *, limit: int = 100) -> pd.DataFrame:
    """Return the sellers a brand would propose a style to: those offered first, then by what they are worth."""
    from contracts.errors import UnknownIdError

    at = int(made.book.faced.ids.get_indexer([style_id])[0])
    if at < 0:
        raise UnknownIdError("style", style_id)
    rows = np.flatnonzero(made.style == at)
    told = _told(made, rows).sort_values(["offered", "value_fen"], ascending=False, ignore_index=True)
    return told.head(limit)


def _candidates(book: OfferBook, progress: Report) -> tuple[Ints, Ints, Floats, Floats]:
    """Return the pairs looked at: each open seller's most valuable styles, and all that somebody answered."""
    n, found = len(book.sellers), []
    many = min(book.params.candidates, len(book.styles))
    said = book.model.sellers.ids.get_indexer(book.answers["seller_id"]) * np.int64(len(book.styles))
    said = np.sort(said + book.faced.ids.get_indexer(book.answers["style_id"]))
    for start in range(0, n, _CHUNK):
        progress("score", start, n)
        rows = np.arange(start, min(start + _CHUNK, n))
        hour = np.maximum(book.hours[rows], 0)
        accepts, net = book.model.score_all(rows, book.faced, hour=hour, exposures=book.exposures[rows])
        worth = accepts * net * book.margin.astype(np.float32)
        best = (
            np.argpartition(-worth, many - 1, axis=1)[:, :many]
            if many < worth.shape[1]
            else np.tile(np.arange(many), (len(rows), 1))
        )
        chosen = np.zeros(worth.shape, np.bool_)
        np.put_along_axis(chosen, best, values=True, axis=1)
        chosen &= (book.closed[rows] == 0)[:, None]
        of = said[(said >= start * len(book.styles)) & (said < (start + len(rows)) * len(book.styles))]
        chosen.reshape(-1)[of - start * len(book.styles)] = True
        seller, style = np.nonzero(chosen)
        found.append((seller + start, style, accepts[seller, style], net[seller, style]))
    progress("score", n, n)
    seller, style, accepts, net = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return seller, style, accepts.astype(np.float64), net.astype(np.float64)


def _problem(book: OfferBook, seller: Ints, style: Ints, accepts: Floats, net: Floats) -> OfferProblem:
    earned = net * book.shares[0][style]
    blocked = _blocked(book, seller, style, net, earned)
    state = _states(book, seller, style)
    kept = (state == 1) & (book.closed[seller] == 0)
    blocked[state == 1] = np.where(kept, 0, book.closed[seller])[state == 1]
    taken = np.bincount(seller[kept], minlength=len(book.sellers))
    brands = len(book.brand[1])
    known, slack, usual = book.slack_fen()
    key = seller * np.int64(brands) + book.brand[0][style]
    at = np.minimum(np.searchsorted(known, key), max(len(known) - 1, 0))
    limit = usual[seller]
    if len(known):
        limit = np.where(known[at] == key, slack[at], limit)
    return OfferProblem(
        indptr=np.searchsorted(seller, np.arange(len(book.sellers) + 1)),
        style=style,
        value=_worth(book, seller, style, accepts * net),
        income=accepts * earned,
        slack=limit,
        brand=book.brand[0],
        # What was accepted already stands, even if a limit was lowered since.
        approaches=np.maximum(book.approaches, taken),
        room=np.maximum(book.room, np.bincount(style[kept], minlength=len(book.styles))),
        blocked=blocked,
        kept=kept,
    )


def _worth(book: OfferBook, seller: Ints, style: Ints, pieces: Floats) -> Floats:
    """Return float [E], the margin expected of offers, less what unsteady orders and hanging on one seller cost."""
    params = book.params
    unsteady = 1.0 - params.unsteady_price * (1.0 - book.steadiness[seller])
    alone = 1.0 - params.dependence_price * book.dependence(seller, style)
    return np.where(pieces > 0, pieces * book.margin[style] * unsteady * alone, 0.0)


def _blocked(book: OfferBook, seller: Ints, style: Ints, net: Floats, earned: Floats) -> Ints:
    """Return int [E], the reason why a pair may not be offered, 0 if it may; the first that holds counts."""
    pieces = numbers(book.styles, "pieces", np.inf)
    offers = (
        book.styles["opted_in"].to_numpy(np.bool_) if "opted_in" in book.styles else np.ones(len(book.styles), np.bool_)
    )
    state = _states(book, seller, style)
    blocked = np.zeros(len(seller), np.int64)
    for mask, name in (
        (net > book.params.style_share * pieces[style], "style_share"),
        (earned < book.fee[seller], "below_fee"),
        (state == 3, "withdrawn"),
        (state == 2, "refused"),
        ((book.shares[1] != "")[style], "rules_short"),
        (~offers[style], "style_opted_out"),
    ):
        blocked[mask] = reason_code(name)
    return np.where(book.closed[seller] > 0, book.closed[seller], blocked)


def _states(book: OfferBook, seller: Ints, style: Ints) -> Ints:
    """Return int [E]: 1 accepted, 2 refused, 3 withdrawn, 0 not answered."""
    if book.answers.empty:
        return np.zeros(len(seller), np.int64)
    n = np.int64(len(book.styles))
    key = book.model.sellers.ids.get_indexer(book.answers["seller_id"]) * n
    key = key + book.faced.ids.get_indexer(book.answers["style_id"])
    code = book.answers["state"].map({"accepted": 1, "refused": 2, "withdrawn": 3}).to_numpy(np.int64)
    order = np.argsort(key)
    key, code, pair = key[order], code[order], seller * n + style
    at = np.minimum(np.searchsorted(key, pair), len(key) - 1)
    return np.where(key[at] == pair, code[at], 0)


def _told(made: Made, rows: Ints) -> pd.DataFrame:
    """Return some pairs as people read them."""
    book, seller, style = made.book, made.seller[rows], made.style[rows]
    low, high = book.model.between(seller, book.faced, style, made.net[rows])
    offered = made.result.offered[rows]
    frame = pd.DataFrame(
        {
            "seller_id": book.sellers["seller_id"].to_numpy()[seller],
            "style_id": book.styles["style_id"].to_numpy()[style],
            "brand_id": book.brand[1].to_numpy()[book.brand[0][style]],
            "offered": offered,
            "state": np.where(made.problem.kept[rows], "accepted", np.where(offered, "proposed", "not offered")),
            "reason": np.array(REASONS, dtype=object)[made.result.reason[rows]],
            "hour": book.hours[seller],
            "accept_probability": made.accepts[rows].round(4),
            "pieces": made.net[rows].round(3),
            "pieces_low": low.round(3),
            "pieces_high": high.round(3),
            "pieces_per_offer": (made.accepts * made.net)[rows].round(4),
            "value_fen": made.problem.value[rows].round().astype(np.int64),
            "style_price_fen": made.result.prices[style].round().astype(np.int64),
            "seller_income_fen": (made.net[rows] * book.shares[0][style]).astype(np.int64),
            "steadiness": book.steadiness[seller].round(4),
            "brand_dependence": book.dependence(seller, style).round(4),
            "own_record_pieces": book.model.sales.groups[1].expected[seller].round(1),
        }
    )
    return frame.astype(dict.fromkeys(("seller_id", "style_id", "brand_id", "state", "reason"), "str"))


def _summary(book: OfferBook, problem: OfferProblem, result: OfferResult, per_offer: Floats) -> dict[str, Any]:
    offered, reasons = result.offered, np.bincount(result.reason, minlength=len(REASONS))
    closed = np.bincount(book.closed, minlength=len(REASONS))
    made = int(offered.sum())
    gone = book.answers[book.answers["state"] == "accepted"]
    at = book.model.sellers.ids.get_indexer(gone["seller_id"])
    return {
        "sellers": len(book.sellers),
        "styles": len(book.styles),
        "pairs": int(problem.style.size),
        "offers": made,
        "accepted": int(problem.kept.sum()),
        "expected_pieces": round(float(per_offer[offered].sum()), 1),
        "sales_per_offer_shown": round(float(per_offer[offered].mean()), 4) if made else 0.0,
        "objective_fen": round(result.objective),
        "upper_bound_fen": round(result.upper_bound),
        "gap": result.gap,
        "not_offered": {name: int(n) for name, n in zip(REASONS, reasons, strict=True) if n and name != REASONS[0]},
        "sellers_without_offers": {
            name: int(n) for name, n in zip(REASONS, closed, strict=True) if n and name != REASONS[0]
        },
        "accepted_by_sellers_who_are_closed": sorted(gone["seller_id"][book.closed[at] > 0])[:20],
        "fatigue": round(book.model.fatigue, 4),
        "notes": list(result.notes),
    }
