"""Trade credit and after-sales at size: `python -m benchmarks.credit [--json]`.

A ledger of millions of events of simulated trades becomes positions (and, as a peer, the plain exposures alone with
pandas group-bys); claims on simulated lots are attributed. Prints CPU seconds and one JSON object.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from graph.aftersales.attribution import attribute
from graph.aftersales.faults import trace
from graph.aftersales.tables import CLAIM_KINDS, CLAIMS, LOTS
from graph.credit.checks import ledger_faults
from graph.credit.positions import credit_positions, credit_room
from graph.credit.price import price_of_terms
from graph.credit.tables import LEDGER, TERMS

T = TypeVar("T")
AS_OF = pd.Timestamp("2026-03-02")
_STEPS = ("ordered", "reserved", "delivered", "invoiced", "paid")


def ledger(events: int, *, buyers: int, suppliers: int, seed: int) -> pd.DataFrame:
    """Return trades of five events each, in random order; the last ones are not over yet."""
    rng = np.random.default_rng(seed)
    n = events // len(_STEPS)
    start = np.datetime64("2025-01-01", "D") + rng.integers(0, 420, n)
    gaps = np.cumsum(rng.integers(0, 20, (n, len(_STEPS))), axis=1)
    trade = np.repeat(np.arange(n), len(_STEPS))
    rows = pd.DataFrame(
        {
            "trade_id": pd.Series(pd.Index(np.arange(n)).astype("str").take(trade), dtype="str"),
            "buyer_id": _names("S", rng.integers(0, buyers, n)[trade]),
            "supplier_id": _names("F", rng.integers(0, suppliers, n)[trade]),
            "at": pd.Series((start[:, None] + gaps).ravel()).astype("datetime64[s]"),
            "event": pd.Series(np.tile(_STEPS, n), dtype="str"),
            "amount_fen": np.repeat(rng.integers(1_000, 1_000_000, n), len(_STEPS)),
        }
    )
    return rows.sample(frac=1, random_state=seed).reset_index(drop=True)


def terms(rows: pd.DataFrame) -> pd.DataFrame:
    """Return terms for every pair of a ledger."""
    pairs = rows[["buyer_id", "supplier_id"]].drop_duplicates().reset_index(drop=True)
    return TERMS.check(pairs.assign(limit_fen=5_000_000, terms_days=30, retained_share=0.05))


def measure_credit(options: argparse.Namespace) -> dict[str, Any]:
    """Compute positions of a ledger, and check that what is told of it is right."""
    rows = ledger(options.events, buyers=options.buyers, suppliers=options.suppliers, seed=options.seed)
    agreed = terms(rows)
    checking, checked = _timed(lambda: LEDGER.check(rows))
    clashing, faults = _timed(lambda: ledger_faults(checked))
    seconds, result = _timed(lambda: credit_positions(checked, agreed, as_of=AS_OF))
    peer, plain = _timed(lambda: _plain_exposure(checked))
    positions = result.positions
    if int(positions["exposure_fen"].sum()) != plain:
        raise RuntimeError("exposure differs from the plain sum")
    room, _ = _timed(lambda: credit_room(positions))
    amount = positions["exposure_fen"].to_numpy(float)
    pricing, _ = _timed(lambda: price_of_terms(amount, 30, 0.06, retained_share=0.05, acceptance_days=45, p_late=0.1))
    return {
        "events": len(rows),
        "faulty_rows": int((faults != "").sum()),
        "trades": int(positions["trades"].sum()),
        "pairs": len(positions),
        "schema_cpu_seconds": checking,
        "duplicates_cpu_seconds": clashing,
        "positions_cpu_seconds": seconds,
        "pandas_exposure_only_cpu_seconds": peer,
        "room_cpu_seconds": room,
        "price_cpu_seconds": pricing,
    }


def measure_faults(options: argparse.Namespace) -> dict[str, Any]:
    """Attribute one claim for every five lots of three steps each; the claims point anywhere."""
    rng = np.random.default_rng(options.seed)
    n = options.lots
    lot = pd.Series(pd.Index(np.arange(n)).astype("str"), dtype="str")
    way = pd.DataFrame(
        {
            "lot_id": lot.repeat(3).to_numpy(),
            "step": np.tile([1, 2, 3], n),
            "party_id": _names("P", rng.integers(0, 300, 3 * n) * 3 + np.tile([0, 1, 2], n)),
            "process_step": "work",
            "role": np.tile(["workshop", "carrier", "warehouse"], n),
            "pieces": rng.integers(100, 1_000, 3 * n),
            "at": AS_OF,
        }
    )
    said = pd.DataFrame(
        {
            "claim_id": lot[: n // 5],
            "lot_id": lot.sample(n // 5, random_state=options.seed).to_numpy(),
            "at": AS_OF,
            "kind": rng.choice(CLAIM_KINDS, n // 5),
            "pieces": 1,
            "amount_fen": 100,
        }
    )
    handled, claimed = LOTS.check(way), CLAIMS.check(said)
    seconds, made = _timed(lambda: attribute(claimed, handled))
    telling, told = _timed(lambda: trace(made))
    return {
        "lots": n,
        "claims": len(claimed),
        "suspects": len(told) - len(claimed),
        "attribute_cpu_seconds": seconds,
        "trace_cpu_seconds": telling,
    }


def _plain_exposure(rows: pd.DataFrame) -> int:
    known = rows[rows["at"] <= AS_OF]
    keys = ["trade_id", "buyer_id", "supplier_id", "event"]
    wide = known.groupby(keys)["amount_fen"].sum().reset_index()
    wide = wide.pivot_table("amount_fen", keys[:-1], "event", "sum", fill_value=0)
    furthest = wide[["reserved", "delivered", "invoiced"]].max(axis=1)
    return int((furthest - wide["paid"]).sum())


def _names(letter: str, numbers: Any) -> pd.Series:
    distinct, where = np.unique(numbers, return_inverse=True)
    return pd.Series((letter + pd.Index(distinct).astype("str")).take(where), dtype="str")


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    started = time.process_time()
    done = work()
    return time.process_time() - started, done


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--buyers", type=int, default=100_000)
    parser.add_argument("--suppliers", type=int, default=2_000)
    parser.add_argument("--lots", type=int, default=500_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print on one line")
    options = parser.parse_args()
    result: dict[str, Any] = {"credit": measure_credit(options), "aftersales": measure_faults(options)}
    result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(result, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
