"""Levelled promotion against promoting everything at once and against spreading evenly, on paired seeds."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.offers.curve import order_curve
from services.make_offers import Made, make_offers
from services.offer_book import offer_book
from services.offer_params import OfferParams
from services.schedule_offers import schedule_offers
from simulate.promotion_orders import Season, run_factory
from simulate.small_sellers import SmallSellerMarket, SmallSellerParams, simulate_small_sellers

__all__ = ["levelled"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_WINDOW, _DROPS, _REPLAN = 21, 9, 3
_MEASURED = _DROPS * 7
_DAYS = (_DROPS - 1) * 7 + _WINDOW
_LOSS = 0.002


def levelled(sellers: int, seeds: int) -> dict[str, Any]:
    """Run every policy on the same accepted offers with the same luck.

    300 styles come in nine weekly drops of uneven size and may be promoted for 21 days each. A day's wait costs 0.2 %
    of a promotion's orders. Days are measured from the first drop to a week after the last. Ours is planned anew every
    third day with what was sold by then; it knows the model's expectations, and lag curve and weekdays as learned from
    orders of an earlier season, never the truth.
    """
    rows = [_one(sellers, seed) for seed in range(100, 100 + seeds)]
    table = pd.DataFrame(rows)
    mean = {name: round(float(table[name].mean()), 4) for name in table if name != "seed"}
    return {
        "sellers": sellers,
        "styles": 300,
        "seeds": seeds,
        "cv_to_uniform": round(float((table["cv_ours"] / table["cv_uniform"]).mean()), 4),
        "cv_to_uniform_worst": round(float((table["cv_ours"] / table["cv_uniform"]).max()), 4),
        "cv_to_now": round(float((table["cv_ours"] / table["cv_now"]).mean()), 4),
        "cv_to_now_worst": round(float((table["cv_ours"] / table["cv_now"]).max()), 4),
        "sales_to_unconstrained": round(float((table["net_ours"] / table["net_now"]).mean()), 4),
        "sales_to_unconstrained_worst": round(float((table["net_ours"] / table["net_now"]).min()), 4),
        **mean,
        "per_seed": rows,
    }


def _one(sellers: int, seed: int) -> dict[str, Any]:
    market = simulate_small_sellers(SmallSellerParams(sellers=sellers), seed=seed)
    rng = np.random.default_rng([seed, 64])
    made, first = _accepted(market, rng)
    rows = np.flatnonzero(made.result.offered)
    seller, style = made.seller[rows], made.style[rows]
    hour = np.maximum(made.book.hours[seller], 0)
    figures: dict[str, Any] = {"seed": seed, "promotions": len(rows)}
    capacity = None
    for name in ("now", "uniform", "ours"):
        season = Season(market, seller, style, hour, first=first[style], days=_DAYS, loss=_LOSS, seed=seed)
        cpu = time.process_time()
        if name == "ours":
            _replanned(season, made, *_curve(market, rng))
        else:
            day = first[style] if name == "now" else first[style] + _dealt(style, rng)
            season.run(np.arange(len(rows)), day)
        orders = season.per_day()[:_MEASURED]
        capacity = float(orders.mean()) * 1.05 if capacity is None else capacity
        factory = run_factory(orders, capacity)
        figures |= {
            f"cv_{name}": round(float(orders.std() / orders.mean()), 4),
            f"net_{name}": round(season.net_pieces()),
            f"idle_hours_{name}": round(factory.idle_hours),
            f"overtime_hours_{name}": round(factory.overtime_hours),
            f"lost_pieces_{name}": round(factory.lost_pieces),
        }
    figures["cpu_seconds_ours"] = round(time.process_time() - cpu, 2)
    return figures


def _accepted(market: SmallSellerMarket, rng: np.random.Generator) -> tuple[Made, Ints]:
    """Return the offers that sellers accepted, and each style's first day."""
    size = rng.dirichlet(np.full(_DROPS, 4.0))
    first = 7 * rng.choice(_DROPS, size=len(market.styles), p=size)
    styles = market.styles.assign(sellers_cap=round(len(market.sellers) * 1.2 / len(market.styles)))
    # The season begins on a Monday, some days after the history.
    today = market.history["shown_on"].max() + pd.Timedelta(days=1)
    today += pd.Timedelta(days=-today.weekday() % 7)
    styles["first_on"] = today + pd.to_timedelta(first, unit="D")
    styles["last_on"] = styles["first_on"] + pd.Timedelta(days=_WINDOW - 1)
    params = OfferParams(approaches_per_week=1)
    book = offer_book(market.sellers, styles, market.history, params=params, today=today, weeks=3)
    made = make_offers(book)
    rows = np.flatnonzero(made.result.offered)
    yes = rng.random(len(rows)) < market.accepts(made.seller[rows], made.style[rows])
    offered = np.zeros(made.seller.size, np.bool_)
    offered[rows[yes]] = True
    problem = replace(made.problem, kept=offered)
    return replace(made, result=replace(made.result, offered=offered), problem=problem), first


def _dealt(style: Ints, rng: np.random.Generator) -> Ints:
    """Return days that spread each style's promotions evenly over its window, in an order drawn at random."""
    order = rng.permutation(len(style))
    order = order[np.argsort(style[order], kind="stable")]
    ordered = style[order]
    rank = np.arange(len(style)) - np.searchsorted(ordered, ordered)
    day = np.empty(len(style), np.int64)
    day[order] = rank * _WINDOW // np.bincount(style)[ordered]
    return day


def _curve(market: SmallSellerMarket, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return lag curve and weekdays, learned from 12 weeks of dated orders of another season."""
    n = 20_000
    seller, style = rng.integers(len(market.sellers), size=n), rng.integers(len(market.styles), size=n)
    past = Season(market, seller, style, np.full(n, 20), first=np.zeros(n, np.int64), days=84, loss=0.0, seed=12_345)
    day = rng.integers(84, size=n)
    order = np.argsort(day, kind="stable")
    past.run(order, day[order])
    orders = np.zeros((84, past.orders.shape[1]))
    np.add.at(orders, past.day, past.orders)
    expected = np.bincount(day, market.mean_pieces(seller, style, np.full(n, 20), np.zeros(n, np.int64)), 84)
    return order_curve(expected.astype(np.float64), orders, 0)


def _replanned(season: Season, made: Made, lag: Floats, weekday: Floats) -> None:
    """Plan every third day with what was sold by then; what is due until the next time is run."""
    book, rows = made.book, np.flatnonzero(made.result.offered)
    curve = pd.DataFrame({"days_after": np.arange(len(lag)), "share": lag})
    pair = pd.Series(np.arange(len(rows)), index=pd.MultiIndex.from_arrays([season.seller, season.style]))
    ids = book.sellers["seller_id"].to_numpy()[season.seller], book.styles["style_id"].to_numpy()[season.style]
    for today in range(0, season.days, _REPLAN):
        on = book.today + pd.to_timedelta(np.where(season.day >= 0, season.day, 0), unit="D")
        answers = pd.DataFrame({"seller_id": ids[0], "style_id": ids[1], "state": "accepted"})
        answers["promote_on"] = pd.Series(on).where(season.day >= 0)
        answers["pieces"] = pd.Series(season.so_far(today)).where(season.day >= 0)
        now = replace(made, book=replace(book, answers=answers))
        days = np.arange(today, season.days)
        free = pd.DataFrame({"ds": book.today + pd.to_timedelta(days, unit="D"), "free_hours": 1.0})
        free["shopping"] = weekday[days % 7]
        found = schedule_offers(now, free, curve=curve, loss_per_day=_LOSS, seed=today).offers
        found["day"] = (found["promote_on"] - book.today).dt.days.fillna(season.days - 1)
        found["day"] = found["day"].where(found["promote_on"].notna(), today)  # no day has room: it goes at once
        at = pair.reindex(
            pd.MultiIndex.from_arrays(
                [book.model.sellers.ids.get_indexer(found["seller_id"]), book.faced.ids.get_indexer(found["style_id"])]
            )
        ).to_numpy()
        day = np.empty(len(rows), np.int64)
        day[at] = found["day"].to_numpy()
        due = np.flatnonzero((season.day < 0) & (day < today + _REPLAN))
        for one in np.unique(day[due]):
            season.run(due[day[due] == one], day[due][day[due] == one])
