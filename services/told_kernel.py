"""The figures that are told of one order's candidates, collected in one compiled step."""

from __future__ import annotations

import numpy as np

from contracts.jit import compiled
from graph.arrays import Array
from graph.candidates.kernel import REASONS
from matching.problem import Floats, Ints

__all__ = ["UNKNOWN", "counted"]

UNKNOWN = -(2**63)
_EXCLUSIVE = REASONS.index("exclusive")
_FIRST_FEN, _COSTS = 10, 5


@compiled
def counted(  # noqa: PLR0917 (compiled: no keywords)
    found: Array, offers: Array, lanes: Array, team_start: Array, numbers: Floats, pieces: int
) -> tuple[Ints, Floats]:
    """Return what is told in whole numbers of each candidate, money for so many pieces; and how long lanes take.

    Parameters
    ----------
    found, offers, lanes
        Rows with fields `graph.candidates.layout`.
    team_start
        Where each offer's team begins (`graph.candidates.supply_book.SupplyBook`).
    numbers
        float64 [>= 5, K], costs of a piece (`matching.landed.PARTS`).

    Returns
    -------
    counts, transit_days
        int64 [K, 15]: positions of supplier, place, middleman, carrier and of who holds an exclusive territory (-1
        nobody), basis, hops, how many others do steps, smallest lot, days until the promise, five costs in fen;
        `UNKNOWN` for what is not known. float64 [K], NaN without a lane.
    """
    counts, transit = np.empty((len(found), _FIRST_FEN + _COSTS), np.int64), np.full(len(found), np.nan)
    for t in range(len(found)):
        row, told = found[t], counts[t]
        own = offers[row["offer"]]
        told[0], told[1] = own["supplier"], own["place"]
        told[2] = row["middle"] if row["hops"] == 2 else -1
        told[3] = -1
        if row["lane"] >= 0:
            told[3], transit[t] = lanes[row["lane"]]["carrier"], lanes[row["lane"]]["days"]
        told[4] = row["holder"] if row["reason"] == _EXCLUSIVE else -1
        told[5], told[6] = own["basis"], row["hops"]
        told[7] = team_start[row["offer"] + 1] - team_start[row["offer"]]
        told[8] = np.int64(own["minimum"])
        told[9] = np.int64(np.ceil(row["days"])) if np.isfinite(row["days"]) else UNKNOWN
        for part in range(_COSTS):
            fen = numbers[part, t] * pieces
            told[_FIRST_FEN + part] = np.int64(np.rint(fen)) if np.isfinite(fen) else UNKNOWN
    return counts, transit
