"""Which candidates are wanted at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import InputError, UnknownIdError
from graph.candidates.layout import Wanted, plain
from graph.candidates.supply_book import SupplyBook
from graph.paths import Visible
from graph.tables import PARTY_KINDS

__all__ = ["EVERYBODY", "Filters", "Sight"]


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Only candidates with all of these properties are found; others are not told of at all.

    Parameters
    ----------
    kinds
        Kinds of supplier (`graph.tables.PARTY_KINDS`); all if empty.
    category
        The supplier makes or trades this category.
    max_distance_km
        Great circle from where the goods leave to the place of delivery; an unknown distance is too far.
    max_lead_time_days
        Days until delivery, the carrier's included.
    min_tie_strength
        Weakest tie on the path; above 0 nobody unknown is found.
    strangers
        Whether suppliers that no path leads to are found.
    stock_only
        Only goods on hand.
    without
        Ids of suppliers left out, for example those who have rejected the order; unknown ids are no fault.

    Raises
    ------
    InputError
        If a bound is negative or not a number.
    UnknownIdError
        If there is no such kind of party.
    """

    kinds: tuple[str, ...] = ()
    category: str | None = None
    max_distance_km: float = np.inf
    max_lead_time_days: float = np.inf
    min_tie_strength: float = 0.0
    strangers: bool = True
    stock_only: bool = False
    without: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("max_distance_km", "max_lead_time_days", "min_tie_strength"):
            if not getattr(self, name) >= 0:
                raise InputError(name, "a number >= 0", getattr(self, name))
        for kind in self.kinds:
            if kind not in PARTY_KINDS:
                raise UnknownIdError("party kind", kind)

    def on(self, book: SupplyBook, sight: Sight | None = None) -> Wanted:
        """Return the same as arrays over a book; raises UnknownIdError for a category that nobody has."""
        without = np.empty(0, np.int32)
        if self.without:
            without = book.network.parties.ids.positions(pd.Series(self.without, dtype="str"))
        offers = np.empty(0) if self.category is None else book.traders(self.category)
        if sight is not None:
            seen = sight.parties[book.offers.rows["supplier"]]
            offers = seen if self.category is None else seen & offers
        return Wanted(
            plain(np.isin(PARTY_KINDS, self.kinds) if self.kinds else np.empty(0), np.bool_),
            plain(offers, np.bool_),
            plain(without, np.int32),
            float(self.max_distance_km),
            float(self.max_lead_time_days),
            float(self.min_tie_strength),
            bool(self.strangers),
            bool(self.stock_only),
        )


@dataclass(frozen=True, eq=False)
class Sight:
    """What the one who asks may know; paths lead over relations it may know of, suppliers are such parties.

    Parameters
    ----------
    parties
        Mask of the parties, shape (parties,).
    between
        Which relations, asked with the positions of their ends.
    """

    parties: npt.NDArray[np.bool_]
    between: Visible


EVERYBODY = Filters()
