"""A whole market from a seed: parties, relations, goods, supply, launches with their signals, a day of orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from simulate.census import CATEGORIES, Census, party_blocks, take_census
from simulate.goods import Goods, make_goods, sku_share
from simulate.orders import MEAN_PIECES, orders_of_day, usual_orders
from simulate.params import MarketParams
from simulate.places import REGIONS
from simulate.social import known_styles, launch_sales, launch_styles, teaser_signals
from simulate.ties import relation_blocks

__all__ = ["Market", "evergreen_sales", "evergreen_styles", "simulate_market"]

_WEEKDAY = np.array([0.9, 0.85, 0.9, 1.0, 1.1, 1.3, 1.15])


@dataclass(frozen=True)
class Market:
    """Everything simulated about a market as of `today`; frames have the columns of the files of ``evenflow load``.

    Parameters
    ----------
    launches
        New styles with what only the simulator knows: their appeal and total.
    """

    params: MarketParams
    census: Census
    today: pd.Timestamp
    seed: int
    goods: Goods
    launches: pd.DataFrame
    signals: pd.DataFrame
    launch_sales: pd.DataFrame
    orders: pd.DataFrame

    def parties(self) -> pd.DataFrame:
        """Return the parties table in one frame; `party_blocks` makes it in pieces."""
        return pd.concat(party_blocks(self.census, seed=self.seed), ignore_index=True)

    def styles(self) -> pd.DataFrame:
        """Return the styles table: new styles, with the totals known by `today`."""
        return known_styles(self.launches, self.params, until=self.today - pd.Timedelta(days=1))

    def relations(self) -> pd.DataFrame:
        """Return the relations table in one frame; `relation_blocks` makes it in pieces."""
        blocks = relation_blocks(self.census, self.params, self.today, seed=self.seed)
        return pd.concat(blocks, ignore_index=True)


def simulate_market(
    params: MarketParams,
    styles: pd.DataFrame,
    today: pd.Timestamp,
    *,
    store_ids: Sequence[str] = (),
    history_days: int = 365,
    seed: int = 0,
) -> Market:
    """Simulate a market around styles that are already sold.

    Parameters
    ----------
    styles
        ``style_id, category, price_fen, weekly_pieces``: `evergreen_styles`, or a real assortment.
    today
        Day of the orders; sales, signals and relations end the day before.
    store_ids
        Ids to give to some of the stores: those whose sales are known.
    history_days
        Days before `today` over which new styles were launched.

    Examples
    --------
    >>> styles = evergreen_styles(2)
    >>> market = simulate_market(MarketParams(parties=30, styles=10), styles, pd.Timestamp("2025-03-03"))
    >>> len(market.parties()), int(market.launches["hit"].sum())
    (30, 1)
    """
    census = take_census(params, store_ids=store_ids, seed=seed)
    yesterday, first_day = today - pd.Timedelta(days=1), today - pd.Timedelta(days=history_days)
    launches = launch_styles(params, first_day, history_days, seed=seed)
    count = usual_orders(census)
    goods = make_goods(styles, census, day_pieces=count * MEAN_PIECES, seed=seed)
    share = sku_share(styles)
    return Market(
        params=params,
        census=census,
        today=today,
        seed=seed,
        goods=goods,
        launches=launches,
        signals=teaser_signals(launches, params, census, until=yesterday, seed=seed),
        launch_sales=launch_sales(launches, params, until=yesterday, seed=seed),
        orders=orders_of_day(census, goods.products, share, today, params, orders=count, seed=seed),
    )


def evergreen_styles(n: int, *, seed: int = 0) -> pd.DataFrame:
    """Return styles that sell all year: ``style_id, category, price_fen, weekly_pieces``."""
    rng = np.random.default_rng([seed, 61])
    category = [CATEGORIES[i % len(CATEGORIES)] for i in range(n)]
    return pd.DataFrame(
        {
            "style_id": [f"sim-{name}-{i:03d}" for i, name in enumerate(category, start=1)],
            "category": category,
            "price_fen": rng.integers(1_500, 12_000, n),
            "weekly_pieces": np.round(rng.lognormal(5.5, 0.6, n)),
        }
    )


def evergreen_sales(
    styles: pd.DataFrame, first_day: pd.Timestamp, days: int, *, regions: int = 3, seed: int = 0
) -> pd.DataFrame:
    """Return daily pieces of each style in some regions: ``unique_id, ds, y, region, style_id``."""
    rng = np.random.default_rng([seed, 62])
    places = rng.choice(len(REGIONS), regions, replace=False)
    ds = pd.date_range(first_day, periods=days)
    mean = (styles["weekly_pieces"].to_numpy(float) / 7 / regions)[:, None, None]
    local = rng.lognormal(0, 0.3, (len(styles), regions, 1))
    season = 1 + 0.15 * np.sin(2 * np.pi * (np.asarray(ds.day_of_year) + 80) / 365)
    y = rng.poisson(mean * local * _WEEKDAY[ds.day_of_week] * season)
    style, place, _ = (index.ravel() for index in np.indices(y.shape))
    frame = pd.DataFrame(
        {
            "ds": np.tile(ds, len(styles) * regions),
            "y": y.ravel().astype(float),
            "region": pd.Series(np.array(REGIONS, dtype=object)[places[place]], dtype="str"),
            "style_id": styles["style_id"].to_numpy()[style],
            "simulated": True,
        }
    )
    frame.insert(0, "unique_id", frame["region"] + "/" + frame["style_id"])
    return frame
