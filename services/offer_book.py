"""Who could offer what to whom: sellers, styles, what was learned, and what stands in the way, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import MAXYEAR
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import InputError
from contracts.tables import require_known
from forecast.offers.features import HOURS, Styles
from forecast.offers.model import EXPOSURE_DAYS, OfferModel, fit_offers
from forecast.offers.tables import PROMOTIONS, SELLERS, STYLES
from matching.offer_tables import ANSWERS
from matching.offers import reason_code
from services.offer_cake import Cake, piece_shares, usual_cake
from services.offer_params import OfferParams
from services.offer_worth import brand_shares, steadiness_of

__all__ = ["OfferBook", "brand_ids", "numbers", "offer_book", "open_hours", "within_hours"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_UNLIMITED = 2**31 - 1


@dataclass(frozen=True, kw_only=True, eq=False)
class OfferBook:
    """Checked tables and what was learned from them.

    Parameters
    ----------
    sellers, styles, history, answers
        Checked tables; answers of sellers or styles that are not listed are refused.
    model, faced
        The fitted model, and today's styles as it sees them.
    today
        The first day that is planned.
    weeks
        How many weeks are planned.
    params
        Limits.
    cake
        The agreement that offers would be settled by.
    """

    sellers: pd.DataFrame
    styles: pd.DataFrame
    history: pd.DataFrame
    answers: pd.DataFrame
    model: OfferModel
    faced: Styles
    today: pd.Timestamp
    weeks: int
    params: OfferParams
    cake: Cake

    @cached_property
    def shares(self) -> tuple[Ints, np.ndarray]:
        """What the seller gets of a piece of each style, in fen, int [H], and why the rules cannot be kept, if so."""
        return piece_shares(self.cake, self.styles, brand_ids(self.styles), self.today)

    @cached_property
    def brand(self) -> tuple[Ints, pd.Index]:
        """The number of each style's brand, and the brands; a style without one is its own."""
        code, ids = pd.factorize(brand_ids(self.styles))
        return code.astype(np.int64), pd.Index(ids)

    @cached_property
    def margin(self) -> Floats:
        """Fen per piece, float [H]."""
        found: Floats = self.styles["margin_fen"].to_numpy(np.float64)
        return found

    @cached_property
    def fee(self) -> Floats:
        """What each seller wants to earn at least per promotion, in fen."""
        return numbers(self.sellers, "fee_fen", 0.0)

    @cached_property
    def approaches(self) -> Ints:
        """Most offers of each seller over the weeks planned."""
        weekly = numbers(self.sellers, "approaches_per_week", self.params.approaches_per_week)
        return np.maximum(weekly * self.weeks - numbers(self.sellers, "approached", 0.0), 0).astype(np.int64)

    @cached_property
    def room(self) -> Ints:
        """Most sellers of each style."""
        return numbers(self.styles, "sellers_cap", _UNLIMITED).astype(np.int64)

    @cached_property
    def exposures(self) -> Ints:
        """Promotions of each seller in the fortnight before today."""
        since = self.today - pd.Timedelta(days=EXPOSURE_DAYS)
        recent = self.history[self.history["accepted"] & (self.history["shown_on"] >= since)]
        at = self.model.sellers.ids.get_indexer(recent["seller_id"])
        return np.bincount(at[at >= 0], minlength=len(self.sellers)).astype(np.int64)

    @cached_property
    def hours(self) -> Ints:
        """The best hour at which each seller may be approached; -1 where it is quiet at all of them."""
        return open_hours(self.model, self.sellers, self.params)

    @cached_property
    def closed(self) -> Ints:
        """The number of the reason why a seller gets no offers at all, 0 if it may."""
        found = np.zeros(len(self.sellers), np.int64)
        audience = self.sellers["audience"].to_numpy()
        left = (
            pd.to_datetime(self.sellers["left_on"])
            if "left_on" in self.sellers
            else pd.Series(pd.NaT, index=range(len(found)))
        )
        wants = (
            self.sellers["opted_in"].to_numpy(np.bool_) if "opted_in" in self.sellers else np.ones(len(found), np.bool_)
        )
        for mask, name in (
            (self.hours < 0, "quiet_hours"), (audience == 0, "zero_audience"), (~wants, "seller_opted_out"),
            ((left <= self.today).to_numpy(), "seller_left"),
        ):  # fmt: skip
            found[mask] = reason_code(name)
        return found

    @cached_property
    def steadiness(self) -> Floats:
        """How alike each seller's promotions turn out, float [S] in (0, 1]."""
        rows = self.history[self.history["accepted"]]
        at = self.model.sellers.ids.get_indexer(rows["seller_id"])
        return steadiness_of(at[at >= 0], rows["pieces"].to_numpy(np.float64)[at >= 0], len(self.sellers))

    def dependence(self, seller: Ints, style: Ints) -> Floats:
        """Return float [n], what share of the pieces of each pair's brand came through its seller so far."""
        rows, brands = self.history, self.brand[1]
        who = self.model.sellers.ids.get_indexer(rows["seller_id"])
        brand = brands.get_indexer(brand_ids(rows))
        known = (who >= 0) & (brand >= 0)
        key = who[known] * np.int64(len(brands)) + brand[known]
        keys, share = brand_shares(key, brand[known], rows["pieces"].to_numpy(np.float64)[known])
        asked = seller * np.int64(len(brands)) + self.brand[0][style]
        at = np.minimum(np.searchsorted(keys, asked), max(len(keys) - 1, 0))
        return np.where(keys[at] == asked, share[at], 0.0) if len(keys) else np.zeros(len(asked))

    def slack_fen(self) -> tuple[Ints, Floats, Floats]:
        """Return how much more sellers may earn from brands they earned from, in fen.

        Returns
        -------
        key, slack, usual
            int [k] ``seller * brands + brand``, ascending, float [k] its slack, and float [S] the slack towards brands
            that the seller earned nothing from.
        """
        share, least = self.params.brand_income_share, self.params.income_from_fen
        ids, n = self.brand[1], len(self.sellers)
        rows = self.history
        seller = self.model.sellers.ids.get_indexer(rows["seller_id"])
        rows, seller = rows[seller >= 0], seller[seller >= 0]
        income = numbers(rows, "income_fen", 0.0)
        total = np.bincount(seller, income, n)
        brand = ids.get_indexer(brand_ids(rows))
        key = seller[brand >= 0] * np.int64(len(ids)) + brand[brand >= 0]
        distinct, at = np.unique(key, return_inverse=True)
        earned = np.bincount(at, income[brand >= 0], len(distinct))
        free = total < least
        usual = np.where(free | (share >= 1), np.inf, share * total / max(1 - share, 1e-9))
        of = distinct // max(len(ids), 1)
        slack = np.where(np.isinf(usual[of]), np.inf, (share * total[of] - earned) / max(1 - share, 1e-9))
        return distinct, slack, usual


def offer_book(
    sellers: pd.DataFrame,
    styles: pd.DataFrame,
    history: pd.DataFrame,
    answers: pd.DataFrame | None = None,
    *,
    params: OfferParams | None = None,
    today: pd.Timestamp | None = None,
    weeks: int = 1,
    model: OfferModel | None = None,
    cake: Cake | None = None,
    sources: Mapping[str, str] | None = None,
) -> OfferBook:
    """Check the tables and learn from the history.

    Parameters
    ----------
    sellers, styles, history, answers
        Raw tables (`forecast.offers.tables`, `matching.offer_tables`).
    today
        The first day that is planned; the day after the history by default.
    weeks
        How many weeks are planned, >= 1.
    model
        A model fitted before, of whichever sellers; without it one is fitted to the history.
    cake
        The agreement; without it the seller gets ``seller_percent`` of the margin and the brand the rest.
    sources
        File name per table, for messages.

    Raises
    ------
    InputError
        If a table is wrong; names the file, the column and the row.
    """
    names = {name: name for name in ("sellers", "styles", "history", "answers")} | dict(sources or {})
    if weeks < 1:
        raise InputError("weeks", "at least 1 week", weeks)
    of_sellers, of_styles = SELLERS.check(sellers, names["sellers"]), STYLES.check(styles, names["styles"])
    past = PROMOTIONS.check(history, names["history"])
    raw = pd.DataFrame(columns=[column.name for column in ANSWERS.columns], dtype="str") if answers is None else answers
    said = ANSWERS.check(raw, names["answers"])
    require_known(said, "seller_id", pd.Index(of_sellers["seller_id"]), source=names["answers"], kind="seller")
    require_known(said, "style_id", pd.Index(of_styles["style_id"]), source=names["answers"], kind="style")
    limits = params or OfferParams()
    if model is None:
        fitted = fit_offers(of_sellers, past, also=of_styles["category"])
    else:
        fitted = model.aligned(of_sellers, also=of_styles["category"])
    return OfferBook(
        sellers=of_sellers,
        styles=of_styles,
        history=past,
        answers=said,
        model=fitted,
        faced=Styles.of(of_styles, fitted.categories),
        today=_day_after(past, names["history"]) if today is None else today,
        weeks=weeks,
        params=limits,
        cake=cake or usual_cake(limits.seller_percent),
    )


def _day_after(history: pd.DataFrame, source: str) -> pd.Timestamp:
    """Return the day after the last promotion."""
    last = pd.Timestamp(history["shown_on"].max())
    if last.year >= MAXYEAR:
        raise InputError(f"{source}, column shown_on", f"days before the year {MAXYEAR}", f"{last:%Y-%m-%d}")
    return last + pd.Timedelta(days=1)


def open_hours(model: OfferModel, sellers: pd.DataFrame, params: OfferParams) -> Ints:
    """Return int [S], the best hour of the day outside everybody's and the seller's own quiet hours, -1 if none is."""
    effect = model.sales.effects[5][: HOURS - 1]
    hour = np.arange(HOURS - 1)
    quiet = numbers(sellers, "quiet_from", -1.0)[:, None], numbers(sellers, "quiet_to", -1.0)[:, None]
    shut = within_hours(hour, *quiet) | within_hours(
        hour, np.array([[params.quiet_from]]), np.array([[params.quiet_to]])
    )
    # Hours that the history knows nothing of have an effect of 1: they are taken only if nothing known is open.
    tried = effect != 1.0
    worth = np.where(shut, -1.0, np.where(tried, 1.0 + effect, 0.0))
    best = worth.argmax(axis=1)
    return np.where(worth.max(axis=1) < 0, -1, best).astype(np.int64)


def numbers(table: pd.DataFrame, name: str, default: float) -> Floats:
    """Return a column as float64, the default where it is empty or not there."""
    if name not in table:
        return np.full(len(table), float(default))
    values = table[name].to_numpy(np.float64, na_value=np.nan)
    return np.where(np.isnan(values), float(default), values)


def brand_ids(table: pd.DataFrame) -> pd.Series:
    """Return who offers each style of a table: its brand, else the style itself."""
    if "brand_id" not in table:
        return table["style_id"]
    return table["brand_id"].where(table["brand_id"].notna(), table["style_id"])


def within_hours(hour: Ints, start: Floats | Ints, end: Floats | Ints) -> npt.NDArray[np.bool_]:
    """Return whether hours lie in a span that may go over midnight; equal or negative ends span nothing."""
    plain, over = (start <= hour) & (hour < end), (hour >= start) | (hour < end)
    spans = (start >= 0) & (end >= 0) & (start != end)
    return np.asarray(spans & np.where(start < end, plain, over))
