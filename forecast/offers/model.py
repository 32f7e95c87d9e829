"""What a promotion brings: accepted or not, pieces ordered, pieces returned; learned from earlier offers.

``expected = audience x base x fit x trust x (1 - rho)^exposures x record``, where fit is category, own category, price
band, size of the audience and hour, learned from all sellers alike (so that a beginner gets what its look-alikes
get), and record is what the seller, and the seller in the category, sold more or less than that, as far as it can be
relied on. Acceptance and returns are learned in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import gammaincinv

from contracts.errors import InputError
from forecast.offers.features import HOURS, Sellers, Styles, bands, levels_of, pair_codes, sizes
from forecast.offers.rates import Group, Members, Rates, fit_rates
from graph.exposures import recent_exposures

__all__ = ["Expected", "OfferModel", "fit_offers", "promotions_before"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
EXPOSURE_DAYS = 14
_CERTAIN = 0.98
_STYLE, _SELLER, _SELLER_CATEGORY = 0, 1, 2
_EPOCH = pd.Timestamp("1970-01-01")


@dataclass(frozen=True, eq=False)
class Expected:
    """What is expected of pairs, arrays [n].

    Parameters
    ----------
    accepts
        Probability that the seller accepts.
    pieces
        Pieces ordered if it does.
    net
        Pieces left after returns if it does.
    evidence
        Counts of the seller's own record behind it.
    """

    accepts: Floats
    pieces: Floats
    net: Floats
    evidence: Floats

    @property
    def per_offer(self) -> Floats:
        """Net pieces per offer shown."""
        return self.accepts * self.net


@dataclass(frozen=True, eq=False)
class OfferModel:
    """A fitted model, for the sellers it was fitted with.

    Parameters
    ----------
    sellers, categories
        Whom and what it knows.
    sales, acceptance, returns
        Pieces per person reached; offers accepted; pieces returned.
    past_styles
        Styles of the history, the members of the sales' first group.
    shown
        int [S], offers each seller was shown.
    last_day
        The history's last day.
    """

    sellers: Sellers
    categories: pd.Index
    sales: Rates
    acceptance: Rates
    returns: Rates
    past_styles: pd.Index
    shown: Ints
    last_day: pd.Timestamp

    @property
    def fatigue(self) -> float:
        """rho: what an audience loses per promotion in the fortnight before."""
        return self.sales.decay

    def aligned(self, sellers: pd.DataFrame, *, also: Iterable[str] = ()) -> OfferModel:
        """Return the model for other sellers (a checked table): records go along by id; who is new has none.

        Parameters
        ----------
        also
            Categories that will be offered: those the model does not know count as average.
        """
        c, new = len(self.categories), [name for name in sorted(set(also)) if name not in self.categories]
        categories = self.categories.append(pd.Index(new, dtype="str"))
        known, average = Sellers.of(sellers, categories), np.ones(len(new))
        at = self.sellers.ids.get_indexer(known.ids).astype(np.int64)
        place = np.append(np.arange(c), np.full(len(new), -1))
        cell = np.where((at[:, None] >= 0) & (place >= 0), at[:, None] * c + place, -1).ravel()
        style, seller, part = self.sales.groups
        of_category, *others = self.sales.effects
        return replace(
            self,
            sellers=known,
            categories=categories,
            sales=replace(
                self.sales,
                effects=(np.append(of_category, average), *others),
                groups=(style, seller.taken(at), part.taken(cell)),
            ),
            acceptance=replace(self.acceptance, groups=(self.acceptance.groups[0].taken(at),)),
            returns=replace(
                self.returns,
                effects=(np.append(self.returns.effects[0], average),),
                groups=(self.returns.groups[0].taken(at),),
            ),
            shown=np.where(at >= 0, self.shown[np.maximum(at, 0)], 0),
        )

    def expect(
        self, seller: Ints, styles: Styles, style: Ints, *, hour: Ints | int = HOURS - 1,
        exposures: Floats | Ints | int = 0, record: bool = True,
    ) -> Expected:  # fmt: skip
        """Return what is expected of pairs: rows of the model's sellers and of `styles`.

        Parameters
        ----------
        seller, style
            int [n].
        hour
            0 to 23, 24 if not known.
        exposures
            The seller's promotions in the 14 days before, whole or expected.
        record
            Whether the seller's own record counts; without it, what its look-alikes would bring.
        """
        category = styles.category[style]
        known = category >= 0
        codes = pair_codes(self.sellers, seller, np.maximum(category, 0), styles.price[style], _full(hour, len(seller)))
        mean = (
            self.sellers.audience[seller] * self.sales.base * self._tired(exposures) * self.style_factor(styles)[style]
        )
        for f, effect in enumerate(self.sales.effects):
            mean = mean * (np.where(known, effect[codes[:, f]], 1.0) if f == 0 else effect[codes[:, f]])
        member = seller * len(self.categories) + np.maximum(category, 0)
        whole, part = self.sales.groups[_SELLER], self.sales.groups[_SELLER_CATEGORY]
        own = whole.ratio[seller] * np.where(known, part.ratio[member], 1.0) if record else 1.0
        pieces = self.sales.calibrated(mean * own)
        net = pieces * (1.0 - self._returned(seller, category, record=record))
        return Expected(self._accepts(seller, codes, record=record), pieces, net, whole.expected[seller])

    def between(self, seller: Ints, styles: Styles, style: Ints, mean: Floats) -> tuple[Floats, Floats]:
        """Return the 10 % and 90 % quantiles of pairs' means, around the given ones, for what is known."""
        category = styles.category[style]
        whole, part = self.sales.groups[_SELLER], self.sales.groups[_SELLER_CATEGORY]
        member = seller * len(self.categories) + np.maximum(category, 0)
        of_part = np.where(category >= 0, part.spread[member], 1.0 / part.prior_n)
        shape = 1.0 / (whole.spread[seller] + of_part + self._style(styles)[1][style])
        low, high = (mean * gammaincinv(shape, q) / shape for q in (0.1, 0.9))
        return np.minimum(low, mean), np.maximum(high, mean)

    def score_all(
        self, rows: Ints, styles: Styles, *, hour: Ints | int = HOURS - 1, exposures: Floats | Ints | int = 0
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return float32 [rows, styles] each: acceptance and net pieces if accepted, of every pair of some sellers.

        Parameters
        ----------
        rows
            int [rows], rows of the model's sellers.
        hour, exposures
            One for all, or one per row.
        """
        known, category = styles.category >= 0, np.maximum(styles.category, 0)
        distinct, at = np.unique(self.sellers.price[rows], return_inverse=True)
        band = bands(styles.price[None, :], distinct[:, None])
        by_price = (self.sales.effects[2][band] * self.style_factor(styles)).astype(np.float32)[at]
        reach = self._reach(rows, hour) * self._tired(exposures)
        net = self.sales.calibrated(
            (reach[:, None] * self._in_category(rows)).astype(np.float32)[:, category] * by_price
        )
        net *= self._kept(rows).astype(np.float32)[:, category] * known
        own = self.sellers.own[rows][:, category]
        accepts = (self._cells().astype(np.float32)[own, band[at]]) * self.acceptance.groups[0].ratio[
            rows, None
        ].astype(np.float32)
        return np.minimum(self.acceptance.calibrated(accepts), np.float32(_CERTAIN)), net

    def _reach(self, rows: Ints, hour: Ints | int) -> Floats:
        """Return float [rows]: what does not depend on the style."""
        audience, effects = self.sellers.audience[rows], self.sales.effects
        reach = audience * self.sales.base * effects[3][sizes(audience)] * effects[4][self.sellers.trust[rows]]
        return np.asarray(reach * effects[5][hour] * self.sales.groups[_SELLER].ratio[rows])

    def _in_category(self, rows: Ints) -> Floats:
        """Return float [rows, categories]: what depends on the style's category."""
        part = self.sales.groups[_SELLER_CATEGORY].ratio.reshape(-1, len(self.categories))[rows]
        return np.asarray(self.sales.effects[0] * self.sales.effects[1][self.sellers.own[rows]] * part)

    def _kept(self, rows: Ints) -> Floats:
        """Return float [rows, categories]: share of pieces that do not come back."""
        n = len(self.categories)
        return 1.0 - np.column_stack([self._returned(rows, np.full(len(rows), c)) for c in range(n)])

    def _tired(self, exposures: Floats | Ints | int) -> Floats:
        return np.asarray((1.0 - self.fatigue) ** np.asarray(exposures, np.float64))

    def style_factor(self, styles: Styles) -> Floats:
        """Return float [H]: what each style sells as a multiple of a usual one, its own record counted."""
        return self._style(styles)[0]

    def _style(self, styles: Styles) -> tuple[Floats, Floats]:
        """Return what styles add and its squared coefficient of variation: their own record, else what is expected."""
        at = self.past_styles.get_indexer(styles.ids)
        group, prior_n = self.sales.groups[_STYLE], 1.0 / np.maximum(np.expm1(styles.spread**2), 1e-6)
        seen = np.where(at >= 0, group.seen[at], 0.0)
        expected = np.where(at >= 0, group.expected[at], 0.0)
        return styles.appeal * (prior_n + seen) / (prior_n + expected), 1.0 / (prior_n + seen)

    def _cells(self) -> Floats:
        """Return float [own, band]: how often offers are accepted."""
        own, band = self.acceptance.effects
        return np.asarray(self.acceptance.base * own[:, None] * band[None, :])

    def _accepts(self, seller: Ints, codes: Ints, *, record: bool) -> Floats:
        usual = self._cells()[codes[:, 1], codes[:, 2]] * (self.acceptance.groups[0].ratio[seller] if record else 1.0)
        return np.asarray(np.minimum(self.acceptance.calibrated(usual), _CERTAIN))

    def _returned(self, seller: Ints, category: Ints, *, record: bool = True) -> Floats:
        effect = np.where(category >= 0, self.returns.effects[0][np.maximum(category, 0)], 1.0)
        own = self.returns.groups[0].ratio[seller] if record else 1.0
        return np.asarray(np.minimum(self.returns.base * effect * own, _CERTAIN))


def fit_offers(sellers: pd.DataFrame, history: pd.DataFrame, *, also: Iterable[str] = ()) -> OfferModel:
    """Fit a model to what became of earlier offers.

    Parameters
    ----------
    sellers, history
        Checked tables (`forecast.offers.tables`); rows of sellers that are not listed are left out.
    also
        Categories that will be offered, whether or not the history has them: new ones count as average.

    Raises
    ------
    InputError
        If no offer of the history was accepted, or none sold anything.
    """
    categories = pd.Index(sorted({*history["category"].unique(), *also}))
    known = Sellers.of(sellers, categories)
    seller = known.ids.get_indexer(history["seller_id"]).astype(np.int64)
    rows = history[seller >= 0].reset_index(drop=True)
    seller = seller[seller >= 0]
    accepted = rows["accepted"].to_numpy(np.bool_)
    if not accepted.any():
        raise InputError(
            "history", "at least one accepted offer of a listed seller", f"{len(rows)} offers, none accepted"
        )
    category, price = categories.get_indexer(rows["category"]).astype(np.int64), rows["price_fen"].to_numpy(np.float64)
    styles, style_ids = pd.factorize(rows["style_id"])
    hour = _column(rows, "hour", HOURS - 1).astype(np.int64)
    codes = pair_codes(known, seller, category, np.round(np.log(np.maximum(price, 1.0)) / 0.1).astype(np.int64), hour)
    levels, n, c = levels_of(len(categories)), len(known.ids), len(categories)
    took = accepted & (known.audience[seller] > 0)
    groups = [
        Members(styles[took], len(style_ids)),
        Members(seller[took], n),
        Members((seller * c + category)[took], n * c, parent=1),
    ]
    reached = (known.audience[seller] * _column(rows, "appeal", 1.0))[took]
    if not rows["pieces"].to_numpy(np.float64)[took].sum() > 0:
        raise InputError("history", "at least one piece sold by a listed seller with an audience", "none")
    pieces, tired = rows["pieces"].to_numpy(np.float64)[took], _exposures(rows, seller, accepted)[took]
    said, once = accepted.astype(np.float64), np.ones(len(rows))
    return OfferModel(
        sellers=known,
        categories=categories,
        sales=fit_rates(reached, pieces, codes[took], levels, groups=groups, repeats=tired),
        acceptance=fit_rates(once, said, codes[:, 1:3], levels[1:3], groups=[Members(seller, n)]),
        returns=_returns(pieces, _column(rows, "returned", 0.0)[took], category[took], c, seller[took], n),
        past_styles=pd.Index(style_ids),
        shown=np.bincount(seller, minlength=n),
        last_day=pd.Timestamp(rows["shown_on"].max()),
    )


def promotions_before(history: pd.DataFrame) -> Ints:
    """Return int [n], promotions of the same seller in the fortnight before each offer of a checked history."""
    seller, _ = pd.factorize(history["seller_id"])
    return _exposures(history, seller.astype(np.int64), history["accepted"].to_numpy(np.bool_))


def _exposures(rows: pd.DataFrame, seller: Ints, accepted: npt.NDArray[np.bool_]) -> Ints:
    """Return int [n], promotions of the same seller in the fortnight before each row."""
    day = (rows["shown_on"] - rows["shown_on"].min()).dt.days.to_numpy(np.int64)
    return recent_exposures(seller, day, accepted.astype(np.int64), days=EXPOSURE_DAYS)


def _returns(pieces: Floats, returned: Floats, category: Ints, c: int, seller: Ints, n: int) -> Rates:  # noqa: PLR0917
    if returned.sum() <= 0:
        nobody = Group(1e4, np.zeros(n), np.zeros(n))
        return Rates(0.0, (np.ones(c),), 0.0, (nobody,), 0.0, np.ones(1), np.ones(1))
    return fit_rates(pieces, returned, category[:, None], [c], groups=[Members(seller, n)])


def _column(history: pd.DataFrame, name: str, default: float) -> Floats:
    """Return a column as float64, the default where it is empty or not there."""
    if name not in history:
        return np.full(len(history), default)
    found: Floats = history[name].to_numpy(np.float64, na_value=np.nan)
    return np.where(np.isnan(found), default, found)


def _full(value: Ints | int, n: int) -> Ints:
    return np.broadcast_to(np.asarray(value, np.int64), (n,))
