"""Which k of ten candidates to make before any has been sold, on simulated launches, against simpler choices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.launch_ablation import Split, forecasts_with, split_season
from planning.selection import SelectionParams, SelectionProblem, joint_totals, solve

__all__ = ["select_tens"]

_TEN = 10
_LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
_CORRELATION = 0.0


def select_tens(seeds: Sequence[int], *, styles: int = 2_000, counts: Sequence[int] = (1, 2, 3)) -> dict[str, Any]:
    """Choose from each ten successive styles of the test part; figures are means over all tens and seasons.

    Returns
    -------
    dict
        Per count and way: share of hits caught (recall), of the chosen that are hits (precision), and the profit of the
        chosen as a share of the best choice and orders in hindsight (1 - regret).
    """
    rows: list[dict[str, Any]] = []
    for seed in seeds:
        split = split_season(styles, seed)
        forecasts = {name: _at_launch(split, name, seed) for name in ("attributes", "graph")}
        teased = _teasers(split)
        for first in range(0, len(split.test) - _TEN + 1, _TEN):
            part = slice(first, first + _TEN)
            for count in counts:
                rows += _ten(split, forecasts, teased, part, count, seed)
    table = pd.DataFrame(rows).groupby(["count", "way"])[["caught", "hits", "right", "chosen", "profit", "best"]].sum()
    answer: dict[str, Any] = {"tens": len(rows) // len(counts) // len(_WAYS), "seeds": list(seeds)}
    for count in counts:
        answer[f"choose_{count}"] = {
            way: {
                "hit_recall": round(float(sums["caught"] / sums["hits"]), 4),
                "hit_precision": round(float(sums["right"] / sums["chosen"]), 4),
                "profit_share_of_hindsight": round(float(sums["profit"] / sums["best"]), 4),
            }
            for way, sums in table.loc[count].iterrows()
        }
    return answer


_WAYS = ("by_profit", "by_hit", "attributes_by_profit", "signal_rank", "random")


def _at_launch(split: Split, name: str, seed: int) -> pd.DataFrame:
    found = forecasts_with(split, name, checkpoints=("0h",), quantiles=_LEVELS, seed=seed)
    return found.set_index("style_id").loc[split.test["style_id"]]


def _teasers(split: Split) -> np.ndarray:
    """Return the public's reactions known at launch, shape (n,): what a ranking by counts would use."""
    signals = split.season.signals
    launch = split.test.set_index("style_id")["launch_at"]
    public = signals[signals["account_id"].isna() & signals["kol_id"].isna() & signals["style_id"].isin(launch.index)]
    known = public[public["observed_at"] <= public["style_id"].map(launch)]
    return np.asarray(known.groupby("style_id")["count"].sum().reindex(launch.index, fill_value=0), dtype=float)


def _ten(
    split: Split, forecasts: dict[str, pd.DataFrame], teased: np.ndarray, part: slice, count: int, seed: int
) -> list[dict[str, Any]]:
    terms = split.season.economics.set_index("style_id").loc[split.test["style_id"][part]]
    truth = split.truth[part]
    hit_pieces = np.full(_TEN, float(split.season.params.hit_pieces))
    made = {name: _problem(found[part], terms, hit_pieces, count, seed) for name, found in forecasts.items()}
    graph, plain = solve(made["graph"]), solve(made["attributes"])
    ways: dict[str, tuple[np.ndarray, np.ndarray]] = {
        "by_profit": (graph.chosen, graph.pieces),
        "by_hit": (solve(made["graph"], params=SelectionParams(objective="hit")).chosen, graph.pieces),
        "attributes_by_profit": (plain.chosen, plain.pieces),
        "signal_rank": (np.argsort(-teased[part], kind="stable")[:count], graph.pieces),
        "random": (np.random.default_rng([seed, part.start]).permutation(_TEN)[:count], plain.pieces),
    }
    margin = (terms["price_fen"] - terms["unit_cost_fen"]).to_numpy(float) * truth["total"].to_numpy()
    best = float(np.sort(margin)[-count:].sum())
    hits = truth["hit"].to_numpy()
    return [
        {
            "count": count,
            "way": way,
            "caught": int(hits[chosen].sum()),
            "hits": int(hits.sum()),
            "right": int(hits[chosen].sum()),
            "chosen": count,
            "profit": _profit(terms, truth, chosen, pieces),
            "best": best,
        }
        for way, (chosen, pieces) in ways.items()
    ]


def _problem(
    found: pd.DataFrame, terms: pd.DataFrame, hit_pieces: np.ndarray, count: int, seed: int
) -> SelectionProblem:
    quantiles = found[[f"q{level:g}" for level in _LEVELS]].to_numpy(float)
    return SelectionProblem(
        totals=joint_totals(np.array(_LEVELS), quantiles, samples=1_000, correlation=_CORRELATION, seed=seed),
        count=count,
        hit_pieces=hit_pieces,
        price=terms["price_fen"].to_numpy(float),
        unit_cost=terms["unit_cost_fen"].to_numpy(float),
        salvage=terms["salvage_fen"].to_numpy(float),
        minimum=terms["minimum_order"].to_numpy(float),
    )


def _profit(terms: pd.DataFrame, truth: pd.DataFrame, chosen: np.ndarray, pieces: np.ndarray) -> float:
    """Return what the chosen earn if ordered once, before the launch."""
    price, cost, salvage = (
        terms[name].to_numpy(float)[chosen] for name in ("price_fen", "unit_cost_fen", "salvage_fen")
    )
    order, total = pieces[chosen], truth["total"].to_numpy()[chosen]
    sold = np.minimum(order, total)
    return float((price * sold + salvage * (order - sold) - cost * order).sum())
