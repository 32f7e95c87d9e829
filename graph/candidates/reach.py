"""Who supplies the buyers, and who supplies those: relations of trade as rows."""

from __future__ import annotations

import numpy as np

from graph.arrays import Array
from graph.candidates.layout import Trade, plain
from graph.network import SupplyNetwork
from graph.paths import Visible, holding

__all__ = ["TRADE", "trade_around"]

TRADE = ("supplies", "distributes", "serves")


def trade_around(
    network: SupplyNetwork, buyer: Array, visible: Visible | None = None, day: int | None = None
) -> tuple[Trade, Trade]:
    """Return the suppliers of each buyer (one row each), and the suppliers of all those (one row per party).

    Over `visible` relations only, if given (see `graph.paths.introduction`), and those that hold on a day (since
    1970-01-01), if given.
    """
    which, supplier, weight = _suppliers(network, buyer, visible, day)
    middle, row = np.unique(supplier, return_inverse=True)
    further, source, strength = _suppliers(network, middle, visible, day)
    near = _trade(len(buyer), which, supplier, weight, row)
    return near, _trade(len(middle), further, source, strength, np.full(len(source), -1))


def _suppliers(
    network: SupplyNetwork, buyer: Array, visible: Visible | None, day: int | None
) -> tuple[Array, Array, Array]:
    """Return (index into buyer, supplier, weight) of all relations of trade that lead to the buyers, sorted."""
    parts = [(np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))]
    for kind in TRADE:
        if kind in network.blocks:
            block = network.blocks[kind]
            which, supplier, relation = block.into(buyer)
            if day is not None and {"valid_from", "valid_to"} & set(block.names):
                holds = holding(block, relation, day)
                which, supplier, relation = which[holds], supplier[holds], relation[holds]
            parts.append((which, supplier, block.values("weight", relation)))
    which, supplier, weight = (np.concatenate(column) for column in zip(*parts, strict=True))
    if visible is not None:
        seen = visible(supplier, buyer[which])
        which, supplier, weight = which[seen], supplier[seen], weight[seen]
    order = np.lexsort((supplier, which))
    return which[order], supplier[order], weight[order]


def _trade(n: int, which: Array, supplier: Array, weight: Array, row: Array) -> Trade:
    start = np.searchsorted(which, np.arange(n + 1))
    return Trade(plain(start, np.int64), plain(supplier, np.int32), plain(weight, np.float64), plain(row, np.int64))
