"""A plan of group orders as people read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecast.wave_forecast import WaveForecast
from matching.group_orders import PUSH_REASONS, GroupProblem, GroupResult
from services.group_book import LEVELS, GroupBook
from services.offer_book import numbers

__all__ = ["GroupPlan", "pieces_of", "told_plan"]


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupPlan:
    """Who gets which push.

    Parameters
    ----------
    pushes
        ``wave_id, community_id, push_at, members, coupon``, as `evenflow wave` takes them, and
        ``expected_orders, value_fen``.
    refusals
        ``wave_id, community_id, reason`` of pushes that are not sent.
    waves
        Per wave: communities, members, orders expected (mean and quantiles), and what is to be held for it:
        ``supplier_id, good, bucket, buyer_id, sku_id, pieces``; ``promise`` stock, capacity, stated or none.
    buckets
        ``wave_id, bucket_at, mean, q…``: the wave's shape.
    summary
        Key figures, plain values.
    """

    pushes: pd.DataFrame
    refusals: pd.DataFrame
    waves: pd.DataFrame
    buckets: pd.DataFrame
    summary: dict[str, Any]


def told_plan(book: GroupBook, problem: GroupProblem, result: GroupResult, waits: Sequence[WaveForecast]) -> GroupPlan:
    """Return the tables and key figures of a solved plan."""
    waves = pd.DataFrame([_wave_row(book, result, wave, waits[wave]) for wave in range(len(book.waves))])
    counts = np.bincount(result.reason.ravel(), minlength=len(PUSH_REASONS))
    return GroupPlan(
        pushes=_pushes(book, problem, result, waits),
        refusals=_refusals(book, result),
        waves=waves,
        buckets=pd.concat([_buckets(book, wave, found) for wave, found in enumerate(waits)], ignore_index=True),
        summary={
            "communities": len(book.communities),
            "waves": len(book.waves),
            "waves_sent": int((waves["communities"] > 0).sum()),
            "pushes": int(result.pushed.sum()),
            "expected_orders": round(float(waves["orders"].sum()), 1),
            "pieces_to_hold": int(waves["pieces"].sum()),
            "value_fen": round(result.objective),
            "upper_bound_fen": round(result.upper_bound),
            "gap": result.gap,
            "orders_per_push": round(float(waves["orders"].sum()) / max(int(result.pushed.sum()), 1), 3),
            "not_pushed": {name: int(n) for name, n in zip(PUSH_REASONS[1:], counts[1:], strict=True) if n},
        },
    )


def pieces_of(book: GroupBook, wave: int, found: WaveForecast) -> int:
    """Return the pieces to hold for a wave; none where nobody is pushed."""
    return int(np.ceil(found.total_quantiles[-1] * book.per_order()[wave])) if found.total_mean > 1e-6 else 0


def _wave_row(book: GroupBook, result: GroupResult, wave: int, found: WaveForecast) -> dict[str, Any]:
    row, place, reached = book.waves.iloc[wave], book.places[wave], result.pushed[:, wave]
    stated = "pieces" in row and pd.notna(row["pieces"])
    sent, levels = bool(reached.any()), zip(LEVELS, found.total_quantiles, strict=False)
    promise = ("stock" if not place[2] else "capacity") if place else "stated" if stated else "none"
    return {
        "wave_id": row["wave_id"],
        "push_at": row["push_at"],
        "coupon": row.get("coupon"),
        "communities": int(reached.sum()),
        "members": int(book.members[reached].sum()),
        "orders": round(found.total_mean, 1) if sent else 0.0,
        **{f"orders_q{level:g}": float(value) if sent else 0.0 for level, value in levels},
        "value_fen": round(float(found.total_mean * book.gain()[wave])) if sent else 0,
        "promise": promise,
        "sku_id": row["sku_id"],
        "supplier_id": place[0] if place else None,
        "good": place[1] if place else None,
        "bucket": place[2] if place else None,
        "buyer_id": row.get("buyer_id"),
        "unit_price_fen": int(numbers(book.waves, "unit_price_fen", 0.0)[wave]),
        "pieces": pieces_of(book, wave, found) if sent else 0,
        "piece_price_fen": round(float(result.prices[book.pool[wave]])),
    }


def _pushes(book: GroupBook, problem: GroupProblem, result: GroupResult, waits: Sequence[WaveForecast]) -> pd.DataFrame:
    wave, at = np.nonzero(result.pushed.T)
    ids, table = book.communities["community_id"].to_numpy(), book.waves
    orders = np.array([waits[w].community_mean[c] for w, c in zip(wave.tolist(), at.tolist(), strict=True)])
    return pd.DataFrame(
        {
            "wave_id": table["wave_id"].to_numpy()[wave],
            "community_id": ids[at],
            "push_at": table["push_at"].to_numpy()[wave] if not len(wave) else table["push_at"].iloc[wave].array,
            "members": book.members[at].astype(np.int64),
            "coupon": (table["coupon"] if "coupon" in table else pd.Series(None, index=table.index, dtype="str")).array[
                wave
            ],
            "expected_orders": orders.round(3) if len(orders) else np.zeros(0),
            "value_fen": problem.value[at, wave].round().astype(np.int64),
        }
    )


def _refusals(book: GroupBook, result: GroupResult) -> pd.DataFrame:
    wave, at = np.nonzero(~result.pushed.T)
    reasons = np.array(PUSH_REASONS, dtype=object)
    frame = pd.DataFrame(
        {
            "wave_id": book.waves["wave_id"].to_numpy()[wave],
            "community_id": book.communities["community_id"].to_numpy()[at],
            "reason": reasons[result.reason[at, wave]],
        }
    )
    return frame.astype("str")


def _buckets(book: GroupBook, wave: int, found: WaveForecast) -> pd.DataFrame:
    sent = found.total_mean > 1e-6
    step = np.arange(len(found.mean) if sent else 0)
    start, minutes = book.waves["push_at"].iloc[wave], book.settings.bucket_minutes
    table = pd.DataFrame(
        {
            "wave_id": book.waves["wave_id"].iloc[wave],
            "bucket_at": start + pd.to_timedelta(step * minutes, unit="min"),
            "mean": found.mean[: len(step)],
        }
    )
    return table.assign(**{f"q{level:g}": found.quantiles[: len(step), i] for i, level in enumerate(LEVELS)})
