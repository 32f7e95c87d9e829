"""Planted channel stuffing found again: ``python -m benchmarks.sell_in --json``.

Distributors are simulated for 18 months: honest ones order what they sold (weekly, with noise, season and promotions
that are bought ahead and sold weeks later, or once a month at its end); stuffers are sent more at the ends of months or
quarters, some of which comes off later orders and some of which never does.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

import numpy as np

from forecast.sell_in import check_sell_in

HONEST = ("weekly", "promotion", "growing", "newcomer", "monthly")
STUFFED = ("month-end", "quarter-end", "pulled-forward", "steady surplus")
_DAYS = 547


def simulated(each: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """Return sell-in, sell-through (shape (n, T)), days, and the kind of each distributor."""
    rng = np.random.default_rng(seed)
    days = np.datetime64("2024-01-01") + np.arange(_DAYS)
    kinds = [kind for kind in (*HONEST, *STUFFED) for _ in range(each)]
    pairs = [_distributor(kind, days, rng) for kind in kinds]
    return np.stack([into for into, _ in pairs]), np.stack([out for _, out in pairs]), days, kinds


def _distributor(kind: str, days: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    t = np.arange(_DAYS)
    month = days.astype("datetime64[M]").astype(int)
    to_end = ((days.astype("datetime64[M]") + 1).astype("datetime64[D]") - days).astype(int) - 1
    rate = np.exp(rng.normal(3.5, 0.8)) * (1 + 0.2 * np.sin(2 * np.pi * (t / 365 + rng.random())))
    rate *= np.array([0.9, 0.8, 0.9, 1, 1.1, 1.3, 1.0])[t % 7]
    if kind == "growing":
        rate *= 1 + t / _DAYS
    ahead = np.zeros(_DAYS)
    if kind in ("promotion", "pulled-forward"):
        for start in rng.choice(np.arange(60, _DAYS - 50), 4, replace=False):
            extra = rate[start] * rng.uniform(10, 25)
            rate[start : start + 14] += extra / 14
            ahead[max(start - int(rng.integers(7, 28)), 0)] += extra
    if kind == "newcomer":
        rate[:150] = 0
    out = rng.poisson(rng.gamma(8, rate / 8)).astype(float)
    plain = np.where(ahead > 0, out.mean(), out)
    into: np.ndarray = np.zeros(_DAYS)
    step = 7 if kind != "monthly" else 30
    for day in range(int(rng.integers(0, step)), _DAYS, step):
        into[day] = plain[max(day - step, 0) : day].sum() * rng.uniform(0.85, 1.15)
    if kind == "monthly":
        into = np.bincount(
            np.flatnonzero(to_end == 0)[np.minimum(month - month[0], (to_end == 0).sum() - 1)], plain, _DAYS
        )
    if kind == "newcomer":
        into[150] += rate[200] * 30
    return _stuffed(kind, into, rate, to_end, month, rng), out


def _stuffed(
    kind: str, into: np.ndarray, rate: np.ndarray, to_end: np.ndarray, month: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    last = to_end == rng.integers(0, 3)
    monthly = rate.mean() * 30
    if kind == "month-end":
        return np.asarray(into + last * monthly * rng.uniform(0.2, 0.4))
    if kind == "quarter-end":
        return np.asarray(into + (last & (month % 3 == 2)) * monthly * rng.uniform(0.6, 1.2))
    if kind == "pulled-forward":
        share = rng.uniform(0.4, 0.7)
        moved = np.zeros(len(into))
        for m in np.unique(month):
            moved[np.flatnonzero(month == m)[-1 - rng.integers(0, 3)]] = share * into[month == m].sum()
        return np.asarray((1 - share) * into + moved + last * monthly * 0.05)
    if kind == "steady surplus":
        return into * rng.uniform(1.12, 1.3)
    return into


def measure(each: int, seed: int) -> dict[str, float | int | dict[str, float]]:
    """Check a simulation and count what was found."""
    into, out, days, kinds = simulated(each, seed)
    flagged = np.array([check.stuffing for check in check_sell_in(into, out, days, seed=seed)])
    guilty = np.array([kind in STUFFED for kind in kinds])
    hits = int((flagged & guilty).sum())
    return {
        "seed": seed,
        "distributors": len(kinds),
        "stuffers": int(guilty.sum()),
        "precision": round(hits / max(int(flagged.sum()), 1), 3),
        "recall": round(hits / int(guilty.sum()), 3),
        "flagged by kind": {kind: float(flagged[[k == kind for k in kinds]].mean()) for kind in (*HONEST, *STUFFED)},
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print one JSON object (or one line per figure)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=25, help="Distributors of each kind.")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    runs = [measure(options.each, seed) for seed in options.seeds]
    mean = {name: round(float(np.mean([float(str(run[name])) for run in runs])), 3) for name in ("precision", "recall")}
    answer = {"mean": mean, "runs": runs}
    print(json.dumps(answer) if options.json else json.dumps(answer, indent=1))


if __name__ == "__main__":
    main()
