"""A column by candidate, wherever it stands: in the candidates, their orders or their suppliers."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from contracts.errors import InputError
from matching.problem import Ints

__all__ = ["Columns"]


@dataclass(frozen=True)
class Columns:
    """Candidates with the tables they point into.

    Parameters
    ----------
    candidates, orders, suppliers
        Checked tables.
    order, supplier
        int [E], row of each candidate's order and supplier.
    """

    candidates: pd.DataFrame
    orders: pd.DataFrame
    suppliers: pd.DataFrame
    order: Ints
    supplier: Ints

    @classmethod
    def of(cls, candidates: pd.DataFrame, orders: pd.DataFrame, suppliers: pd.DataFrame) -> Columns:
        """Find each candidate's order and supplier by their ids, which must be known."""
        order = pd.Index(orders["order_id"]).get_indexer(candidates["order_id"])
        supplier = pd.Index(suppliers["supplier_id"]).get_indexer(candidates["supplier_id"])
        return cls(candidates, orders, suppliers, order, supplier)

    def column(self, name: str, where: str) -> pd.Series:
        """Return a column by candidate.

        Raises
        ------
        InputError
            If no table has it; `where` says who asks.
        """
        if name in self.candidates:
            return self.candidates[name].reset_index(drop=True)
        for table, at in ((self.orders, self.order), (self.suppliers, self.supplier)):
            if name in table:
                return table[name].iloc[at].reset_index(drop=True)
        have = ", ".join(dict.fromkeys(map(str, [*self.candidates, *self.orders, *self.suppliers])))
        raise InputError(where, f"a column of candidates, orders or suppliers ({have})", name)
