"""Which of several candidate styles to make when only some can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from contracts.errors import InputError, TableError
from planning.launch_value import totals_at
from planning.selection import Selection, SelectionParams, SelectionProblem, joint_totals, solve
from services.launch_frames import LaunchFrames, launch_frames

__all__ = ["SelectionReport", "select_styles"]

_SAMPLES = 4_000
_MOST_CANDIDATES = 10_000


@dataclass(frozen=True)
class SelectionReport:
    """Candidates, the chosen first, and key figures as plain values."""

    candidates: pd.DataFrame
    summary: dict[str, Any]


def select_styles(
    launches: pd.DataFrame,
    styles: pd.DataFrame,
    *,
    count: int,
    at: str | None = None,
    correlation: float = 0.0,
    params: SelectionParams | None = None,
    seed: int = 0,
    sources: Mapping[str, str] | None = None,
) -> SelectionReport:
    """Choose `count` of the styles forecast at a checkpoint.

    Parameters
    ----------
    launches, styles
        As for `services.decide_launches.decide_launches`.
    count
        How many can be made.
    at
        The checkpoint whose forecasts count; the latest by default.
    correlation
        Of the candidates' fortunes, in [0, 1): styles of one trend win or lose together.

    Raises
    ------
    TableError
        If a table is wrong; names the file, the column and the row.
    """
    if not 0 <= correlation < 1:
        raise InputError("--correlation", "a number in [0, 1)", correlation)
    frames = launch_frames(launches, styles, at=at, sources=sources)
    name = at or frames.checkpoints[-1].name
    rows = frames.at(name)
    if not 1 <= count <= len(rows):
        raise InputError("--count", f"1 to {len(rows)}, the candidates at {name}", count)
    if len(rows) > _MOST_CANDIDATES:
        raise InputError("--launches", f"at most {_MOST_CANDIDATES} candidates at {name}", len(rows))
    source = (sources or {}).get("launches", "launches")
    problem = _problem(frames, rows, count=count, correlation=correlation, seed=seed, source=source)
    found = solve(problem, params=params, seed=seed)
    summary = {
        "checkpoint": name,
        "candidates": len(rows),
        "count": count,
        "objective": (params or SelectionParams()).objective,
        "chosen": rows["style_id"].to_numpy()[found.chosen].tolist(),
        "expected_profit_fen": round(found.expected_profit),
        "p_hit_caught": found.p_caught,
        "p_best_caught": found.p_best_caught,
        "exact": found.exact,
    }
    return SelectionReport(_table(rows, found), summary)


def _problem(
    frames: LaunchFrames, rows: pd.DataFrame, *, count: int, correlation: float, seed: int, source: str
) -> SelectionProblem:
    levels, quantiles = np.array(list(frames.levels.values())), frames.quantiles(rows)
    styles = rows["style_id"]
    return SelectionProblem(
        totals=joint_totals(levels, quantiles, samples=_SAMPLES, correlation=correlation, seed=seed),
        count=count,
        hit_pieces=_hit_pieces(frames, rows, levels, quantiles, source),
        price=frames.terms_of(styles, "price_fen"),
        unit_cost=frames.terms_of(styles, "unit_cost_fen"),
        salvage=frames.terms_of(styles, "salvage_fen"),
        minimum=frames.terms_of(styles, "minimum_order"),
    )


def _table(rows: pd.DataFrame, found: Selection) -> pd.DataFrame:
    """Return all candidates, the chosen first, in the order in which each adds most."""
    rank = np.full(len(rows), np.nan)
    rank[found.chosen] = np.arange(1, len(found.chosen) + 1)
    table = pd.DataFrame(
        {
            "style_id": rows["style_id"],
            "checkpoint": rows["checkpoint"],
            "chosen": np.isfinite(rank),
            "rank": pd.array(rank, dtype="Int64"),
            "pieces": np.where(np.isfinite(rank), found.pieces, 0),
            "best_order": found.pieces,
            "profit_fen": np.round(found.profit).astype(np.int64),
            "p_hit": found.p_hit,
            "p_best": found.p_best,
        }
    )
    return table.sort_values(["rank", "profit_fen"], ascending=[True, False], kind="stable", ignore_index=True)


def _hit_pieces(
    frames: LaunchFrames,
    rows: pd.DataFrame,
    levels: NDArray[np.float64],
    quantiles: NDArray[np.float64],
    source: str,
) -> NDArray[np.float64]:
    """Return from where a style is a hit: as told, else where the forecast's own `p_hit` puts it."""
    told = np.full(len(rows), np.nan)
    if "hit_pieces" in frames.terms:
        told = frames.terms_of(rows["style_id"], "hit_pieces")
    if np.isfinite(told).all():
        return told
    if "p_hit" not in rows or rows["p_hit"][~np.isfinite(told)].isna().any():
        raise TableError(source, "p_hit", "this column filled, or hit_pieces for every style", "neither")
    z = ndtri(np.clip(1 - rows["p_hit"].to_numpy(float), 1e-6, 1 - 1e-6))
    return np.where(np.isfinite(told), told, totals_at(levels, quantiles, z[:, None])[:, 0])
