"""A market of small sellers: their audiences, what they were offered before and what came of it.

Orders of a promotion are Poisson around ``audience x 0.4 % x`` factors of the seller, the seller and category, whether
the category is its own, the distance of prices, trust, hour, the style's appeal and fatigue ``(1 - rho)^exposures``;
a gamma noise per promotion stands for everything else. Only the simulator knows the factors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from graph.exposures import recent_exposures

__all__ = ["SmallSellerMarket", "SmallSellerParams", "simulate_small_sellers"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_FIRST_DAY = pd.Timestamp("2025-09-01")
_HOURS = np.array([8, 12, 15, 18, 20, 22])
_HOUR_FACTOR = np.array([0.7, 1.05, 0.85, 1.0, 1.35, 1.1])
_CONVERSION = 0.004


@dataclass(frozen=True, kw_only=True)
class SmallSellerParams:
    """Sizes and strengths of `simulate_small_sellers`.

    Parameters
    ----------
    sellers, styles, past_styles, categories, brands
        How many there are, >= 1 each (categories <= 26).
    shown
        Offers per seller in the history, on average, >= 0.
    history_days
        Length of the history, >= 1.
    fatigue
        rho: share of an audience's response lost per promotion in the 14 days before, in [0, 1).
    appeal_spread
        Standard deviation of the log of a style's appeal around what is expected of it, >= 0.
    noise
        Squared coefficient of variation of what a promotion brings around its mean, Poisson noise aside, > 0.
    """

    sellers: int = 100_000
    styles: int = 300
    past_styles: int = 600
    categories: int = 8
    brands: int = 30
    shown: float = 8.0
    history_days: int = 120
    fatigue: float = 0.12
    appeal_spread: float = 0.5
    noise: float = 0.3

    def __post_init__(self) -> None:
        for name in ("sellers", "styles", "past_styles", "categories", "brands", "history_days"):
            if getattr(self, name) < 1:
                raise ValueError(f"Expected {name} >= 1, got {getattr(self, name)!r}.")
        if not 0 <= self.fatigue < 1:
            raise ValueError(f"Expected fatigue in [0, 1), got {self.fatigue!r}.")
        if not 0 < self.noise < math.inf or not 0 <= self.appeal_spread < math.inf or not 0 <= self.shown < math.inf:
            raise ValueError("Expected noise > 0, appeal_spread >= 0 and shown >= 0.")


@dataclass(frozen=True, eq=False)
class SmallSellerMarket:
    """Sellers, styles and history as a user's files hold them, and the truth behind them.

    Parameters
    ----------
    sellers, styles, history
        Tables of `evenflow offers`.
    params
        The parameters.
    own
        bool [sellers, categories]: whether a category is the seller's own.
    skill
        float [sellers, categories]: the seller's true factor in the category.
    likes
        float [sellers]: log-odds by which it accepts more than others.
    gives_back
        float [sellers, categories]: true share of pieces returned.
    appeal, past_appeal
        float [styles], [past styles].
    """

    sellers: pd.DataFrame
    styles: pd.DataFrame
    history: pd.DataFrame
    params: SmallSellerParams
    own: NDArray[np.bool_]
    skill: Floats
    likes: Floats
    gives_back: Floats
    appeal: Floats

    def mean_pieces(self, seller: Ints, style: Ints, hour: Ints, exposures: Ints) -> Floats:
        """Return the true mean orders of promotions of today's styles (arrays [n]), in pieces."""
        return _mean(self, self.styles, self.appeal, seller, style, hour, exposures)

    def accepts(self, seller: Ints, style: Ints) -> Floats:
        """Return the true probability [n] that a seller accepts an offer of one of today's styles."""
        return _accepts(self, self.styles, seller, style)

    def returned_share(self, seller: Ints, style: Ints) -> Floats:
        """Return the true share [n] of a promotion's pieces that come back."""
        category = self.styles["category"].str[-1].map(ord).to_numpy() - ord("a")
        return np.asarray(self.gives_back[seller, category[style]])


def simulate_small_sellers(params: SmallSellerParams | None = None, *, seed: int = 0) -> SmallSellerMarket:
    """Simulate a market; today is the day after the history.

    Examples
    --------
    >>> made = simulate_small_sellers(SmallSellerParams(sellers=50, styles=4, past_styles=20), seed=1)
    >>> len(made.sellers), len(made.styles), bool((made.history["pieces"] >= made.history["returned"]).all())
    (50, 4, True)
    """
    params = params or SmallSellerParams()
    rng = np.random.default_rng([seed, 61])
    n, c = params.sellers, params.categories
    own = np.zeros((n, c), np.bool_)
    own[np.arange(n), rng.integers(c, size=n)] = True
    own |= rng.random((n, c)) < 0.12
    sellers = _sellers(params, own, rng)
    level = rng.lognormal(0, 0.3, c)
    skill = level * rng.lognormal(-0.18, 0.6, (n, 1)) * rng.lognormal(-0.08, 0.4, (n, c)) * np.where(own, 1.0, 0.3)
    gives_back = rng.uniform(0.05, 0.22, c) * rng.gamma(12, 1 / 12, (n, 1))
    styles, appeal = _styles(params, "style", params.styles, rng)
    past, past_appeal = _styles(params, "past", params.past_styles, rng)
    market = SmallSellerMarket(
        sellers, styles, past, params, own, skill, rng.normal(0, 0.6, n), np.minimum(gives_back, 0.9), appeal
    )
    history = _history(market, past, past_appeal, rng)
    return SmallSellerMarket(**(vars(market) | {"history": history}))


def _names(kind: str, n: int) -> pd.Series:
    return pd.Series(np.char.mod(f"sim-{kind}-%07d", np.arange(1, n + 1)), dtype="str")


def _sellers(params: SmallSellerParams, own: NDArray[np.bool_], rng: np.random.Generator) -> pd.DataFrame:
    n = params.sellers
    audience = np.round(rng.lognormal(math.log(800), 1.0, n))
    audience[rng.random(n) < 0.005] = 0
    letters = np.array([f"category-{chr(97 + i)}" for i in range(params.categories)], dtype=object)
    quiet = np.where(rng.random(n) < 0.1, rng.choice([12, 15, 20], n), 23)
    return pd.DataFrame(
        {
            "seller_id": _names("kol", n),
            "audience": audience.astype(np.int64),
            "categories": pd.Series(["|".join(letters[row]) for row in own], dtype="str"),
            "price_fen": np.round(rng.lognormal(math.log(9_900), 0.6, n)).astype(np.int64),
            "trust": np.round(rng.beta(4, 3, n), 3),
            "fee_fen": 0,
            "quiet_from": quiet,
            "quiet_to": (quiet + np.where(quiet == 23, 8, 3)) % 24,
            "simulated": True,
        }
    )


def _styles(params: SmallSellerParams, kind: str, n: int, rng: np.random.Generator) -> tuple[pd.DataFrame, Floats]:
    expected = rng.lognormal(-0.18, 0.6, n)
    appeal = expected * rng.lognormal(-(params.appeal_spread**2) / 2, params.appeal_spread, n)
    price = np.round(rng.lognormal(math.log(9_900), 0.5, n)).astype(np.int64)
    frame = pd.DataFrame(
        {
            "style_id": _names(kind, n),
            "category": pd.Series([f"category-{chr(97 + i)}" for i in rng.integers(params.categories, size=n)]),
            "brand_id": pd.Series([f"sim-brand-{i + 1:07d}" for i in rng.integers(params.brands, size=n)]),
            "price_fen": price,
            "margin_fen": (price * rng.uniform(0.3, 0.5, n)).astype(np.int64),
            "appeal": expected.round(4),
            "appeal_spread": params.appeal_spread,
            "simulated": True,
        }
    )
    return frame, appeal


def _history(market: SmallSellerMarket, past: pd.DataFrame, appeal: Floats, rng: np.random.Generator) -> pd.DataFrame:
    params = market.params
    rows = round(params.sellers * params.shown)
    seller = rng.integers(params.sellers, size=rows)
    # Half of the offers went by category, half to anybody: what is learned must not rest on one habit.
    style = rng.integers(len(past), size=rows)
    category = past["category"].str[-1].map(ord).to_numpy() - ord("a")
    again = ~market.own[seller, category[style]] & (rng.random(rows) < 0.5)
    style[again] = rng.integers(len(past), size=int(again.sum()))
    day, hour = rng.integers(params.history_days, size=rows), _HOURS[rng.integers(len(_HOURS), size=rows)]
    accepted = rng.random(rows) < _accepts(market, past, seller, style)
    exposures = recent_exposures(seller, day, accepted.astype(np.int64))
    mean = _mean(market, past, appeal, seller, style, hour, exposures) * accepted
    pieces = rng.poisson(mean * rng.gamma(1 / params.noise, params.noise, rows))
    returned = rng.binomial(pieces, market.gives_back[seller, category[style]])
    frame = pd.DataFrame(
        {
            "seller_id": market.sellers["seller_id"].to_numpy()[seller],
            **{
                name: past[name].to_numpy()[style]
                for name in ("style_id", "category", "brand_id", "price_fen", "appeal")
            },
            "shown_on": _FIRST_DAY + pd.to_timedelta(day, unit="D"),
            "hour": hour,
            "accepted": accepted,
            "pieces": pieces,
            "returned": returned,
            "income_fen": (pieces - returned) * past["margin_fen"].to_numpy()[style] // 5,
            "simulated": True,
        }
    )
    return frame.iloc[np.argsort(day, kind="stable")].reset_index(drop=True)


def _gap(market: SmallSellerMarket, styles: pd.DataFrame, seller: Ints, style: Ints) -> Floats:
    usual, price = market.sellers["price_fen"].to_numpy(), styles["price_fen"].to_numpy()
    return np.asarray(np.log(price[style] / usual[seller]))


def _mean(  # noqa: PLR0917
    market: SmallSellerMarket, styles: pd.DataFrame, appeal: Floats, seller: Ints, style: Ints, hour: Ints,
    exposures: Ints,
) -> Floats:  # fmt: skip
    category = styles["category"].str[-1].map(ord).to_numpy() - ord("a")
    audience = market.sellers["audience"].to_numpy()[seller]
    crowd = np.maximum(audience / 800, 0.01) ** -0.15
    trust = 0.4 + 1.05 * market.sellers["trust"].to_numpy()[seller]
    at_hour = _HOUR_FACTOR[np.searchsorted(_HOURS, hour)]
    fit = np.exp(-0.5 * (_gap(market, styles, seller, style) / 0.55) ** 2)
    response = _CONVERSION * market.skill[seller, category[style]] * crowd * trust * at_hour * fit * appeal[style]
    return np.asarray(audience * response * (1 - market.params.fatigue) ** exposures)


def _accepts(market: SmallSellerMarket, styles: pd.DataFrame, seller: Ints, style: Ints) -> Floats:
    category = styles["category"].str[-1].map(ord).to_numpy() - ord("a")
    own = market.own[seller, category[style]]
    odds = -0.8 + 1.3 * own - 0.8 * _gap(market, styles, seller, style) ** 2 + market.likes[seller]
    return np.asarray(1 / (1 + np.exp(-odds)))
