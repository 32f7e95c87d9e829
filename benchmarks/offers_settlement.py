"""What `benchmarks.offers` measures of settlement: CPU seconds for many sales, every fen, and a replay."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.meter import timed
from services.settle_sales import Settled, Told, settle_sales
from settlement.rule_files import rules_from
from settlement.rules import ShareRules

__all__ = ["AGREEMENT", "made_sales", "run", "settlement"]

AGREEMENT = {
    "name": "benchmark",
    "rest": "brand",
    "max_depth": 2,
    "rules": [
        {"role": "platform", "of": "price", "percent": 5},
        {"role": "workshop", "fixed_fen": 120, "per": "piece"},
        {"role": "kol", "tiers": [[0, 10], [5_000, 12.5], [20_000, 15]], "filled_by": "touch"},
        {"role": "guide", "percent": 7.5, "filled_by": "binding", "within_days": 365},
        {"role": "introducer", "percent": 1.25, "filled_by": "referrer", "through": "kol", "depth": 2},
    ],
    "discounts": [
        {"order_number": 1, "percent": 20, "paid_by": "brand"},
        {"order_number": 2, "percent": 50},
    ],
    "attribution": {"window_days": {"live": 3, "group": 1, "link": 14}},
}
_START = pd.Timestamp("2026-03-01", tz="Asia/Shanghai")
_MINUTES = 30 * 1440


def settlement(sellers: int, seeds: int) -> dict[str, Any]:
    """Settle ten sales a seller, once per seed; see `run`."""
    return {f"seed_{seed}": run(sales=10 * sellers, seed=seed) for seed in range(seeds)}


def run(*, sales: int = 1_000_000, seed: int = 0) -> dict[str, Any]:
    """Settle simulated sales of a month with returns, then settle all of it again.

    Parameters
    ----------
    sales
        How many; a tenth of them comes back in part or whole, half are led to by touches, a third are bound.
    seed
        Of the simulation.

    Returns
    -------
    dict
        ``cpu_seconds`` of settling (checks, split, entries, returns, totals), ``replay_cpu_seconds`` of sending the
        same again to the ledger, ``fen_off``: what entries and margins differ by, over all events; ``replay_same``:
        whether a second run and a repetition give the same ledger and statements, byte by byte.
    """
    rules = rules_from(AGREEMENT)
    frame, told = made_sales(sales, seed)
    seconds, found = timed(lambda: settle_sales(frame, rules, told))
    again_seconds, again = timed(lambda: settle_sales(frame, rules, told, ledger=found.ledger))
    second = settle_sales(frame, rules, told)
    same = _hash(found.ledger) == _hash(second.ledger) == _hash(again.ledger)
    return {
        "sales": sales,
        "cpu_seconds": seconds,
        "replay_cpu_seconds": again_seconds,
        "replay_same": same and found.totals.equals(second.totals) and again.entries.empty,
        "fen_off": fen_off(frame, rules, found),
        "summary": found.summary,
    }


def fen_off(frame: pd.DataFrame, rules: ShareRules, found: Settled) -> int:
    """Return by how many fen the sales' entries and their margins differ, each margin worked out from its row."""
    entries = found.entries[found.entries["kind"] == "sale"]
    booked = entries.groupby("sale_id", sort=False)["share_fen"].sum()
    mine = frame.set_index("sale_id").loc[booked.index]
    off = mine["order_number"].map({d.order_number: d.basis_points for d in rules.discounts}).fillna(0).astype("int64")
    margin = mine["price_fen"] - (mine["price_fen"] * off + 5000) // 10_000 - mine["cost_fen"]
    lost = len(frame) - len(booked) - int((found.refused["table"] == "sales").sum())
    return int((booked - margin).abs().sum()) + lost


def made_sales(n: int, seed: int) -> tuple[pd.DataFrame, Told]:
    """Return sales of a month and what belongs to them, drawn at random."""
    rng = np.random.default_rng(seed)
    price = rng.integers(20, 500, n) * 100 - rng.integers(0, 2, n)
    pieces = rng.integers(1, 6, n)
    minute = rng.integers(0, _MINUTES, n)
    led, bound = rng.random(n) < 0.5, rng.random(n) < 1 / 3
    sales = pd.DataFrame(
        {
            "sale_id": _ids("s", np.arange(n)),
            "sold_at": _START + pd.to_timedelta(minute, unit="min"),
            "price_fen": price,
            "cost_fen": (price * rng.uniform(0.2, 0.6, n)).astype(np.int64),
            "pieces": pieces,
            "order_number": rng.integers(1, 6, n),
            "journey_id": pd.Series(_ids("j", np.arange(n)), dtype="str").where(led),
            "binding_id": pd.Series(_ids("b", rng.integers(0, 50_000, n)), dtype="str").where(bound),
            "platform": "platform",
            "workshop": _ids("w", rng.integers(0, 300, n)),
            "kol": pd.Series(_ids("k", rng.integers(0, 100_000, n)), dtype="str").where(rng.random(n) < 0.8),
            "brand": _ids("brand-", rng.integers(0, 50, n)),
        }
    )
    return sales, Told(
        touches=_touches(rng, np.flatnonzero(led), minute), bindings=_bindings(rng), sellers=_sellers(rng),
        returns=_returns(rng, minute, pieces),
    )  # fmt: skip


def _touches(rng: np.random.Generator, led: np.ndarray, minute: np.ndarray) -> pd.DataFrame:
    sale = np.repeat(led, rng.integers(1, 4, len(led)))
    before = rng.integers(0, 20 * 1440, len(sale))
    return pd.DataFrame(
        {
            "journey_id": _ids("j", sale),
            "touched_at": _START + pd.to_timedelta(minute[sale] - before, unit="min"),
            "channel": rng.choice(["live", "group", "link", "poster"], len(sale)),
            "party_id": _ids("k", rng.integers(0, 100_000, len(sale))),
        }
    )


def _bindings(rng: np.random.Generator) -> pd.DataFrame:
    many = rng.integers(1, 4, 50_000)
    binding = np.repeat(np.arange(50_000), many)
    turn = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
    starts = pd.Timestamp("2025-01-01") + pd.to_timedelta(turn * 200 + rng.integers(0, 100, len(turn)), unit="D")
    guides = _ids("g", rng.integers(0, 20_000, len(turn)))
    return pd.DataFrame({"binding_id": _ids("b", binding), "party_id": guides, "starts_on": starts})


def _sellers(rng: np.random.Generator) -> pd.DataFrame:
    n = 100_000
    left = pd.Series(_START.tz_localize(None) + pd.to_timedelta(rng.integers(-30, 30, n), unit="D"))
    upward = np.arange(n) - rng.integers(1, 1000, n)  # everybody was brought by somebody earlier: no circles
    return pd.DataFrame(
        {
            "party_id": _ids("k", np.arange(n)),
            "left_on": left.where(pd.Series(rng.random(n) < 0.05)),
            "successor_id": pd.Series(_ids("k", np.maximum(upward, 0)), dtype="str").where(upward > 0),
            "referred_by": pd.Series(_ids("k", np.maximum(upward, 0)), dtype="str").where(upward > 0),
        }
    )


def _returns(rng: np.random.Generator, minute: np.ndarray, pieces: np.ndarray) -> pd.DataFrame:
    sale = rng.choice(len(minute), len(minute) // 10)
    return pd.DataFrame(
        {
            "return_id": _ids("r", np.arange(len(sale))),
            "sale_id": _ids("s", sale),
            "returned_at": _START + pd.to_timedelta(minute[sale] + rng.integers(1, 20_000, len(sale)), unit="min"),
            "pieces": pd.Series(rng.integers(1, 6, len(sale)).clip(max=pieces[sale])).where(
                rng.random(len(sale)) < 0.7
            ),
        }
    )


def _ids(prefix: str, numbers: np.ndarray) -> pd.Index:
    """Return ids; each text is made once."""
    values, at = np.unique(numbers, return_inverse=True)
    return pd.Index([f"{prefix}{value}" for value in values], dtype="str").take(at)


def _hash(ledger: pd.DataFrame) -> str:
    return hashlib.sha256(pd.util.hash_pandas_object(ledger).to_numpy().tobytes()).hexdigest()
