"""Waves of group orders while they run: forecast anew from the orders that came, for the plan and the prices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from contracts.errors import NotReadyError
from forecast.waves import WaveParams
from services.effective import effective
from services.flow.passes import Event, Pass, World, event
from services.flow.wave_orders import Wave, came_to, wave_of, wave_orders
from services.forecast_wave import WaveReport, forecast_waves
from store.fact_book import Fact, facts_since, families, of_kind
from store.snapshot import Snapshot
from store.wave_book import WaveBook

__all__ = ["correct_waves", "orders_to_come"]

_PARAMS = WaveParams()
_DAY_MS, _MINUTE_MS = 86_400_000, 60_000
_ANNOUNCED_MS = 30 * _DAY_MS  # pushes told of longer ago are over and kept
_AHEAD_MS, _LATE_MS = 2 * _DAY_MS, _DAY_MS  # before a push, and after a wave's end
_LONGEST_DELAY_MS = 15 * _MINUTE_MS  # a bucket: what comes later than that is put in its place when it comes
_STALE_MS = 30 * _MINUTE_MS


@dataclass(frozen=True)
class _Known:
    """What is known of the waves that are coming, running or just over.

    Parameters
    ----------
    waves
        By id, with the facts that told of them.
    orders
        What came to each (`services.flow.wave_orders.wave_orders`).
    """

    waves: Mapping[str, tuple[Wave, Fact]]
    orders: pd.DataFrame


def correct_waves(world: World, given: Pass) -> Sequence[Event]:
    """Forecast the waves that are coming or running from all orders told so far, whenever these come.

    An order counts where it was placed, however late it is told of. Of the last minutes some are still under way: the
    forecast looks at the orders until the moment before which nine of ten have been told by now. A wave is learnt from
    once it is over, and kept a day later.
    """
    known = _known(world, given.now_ms)
    snapshot, live = world.home.current(), [one for one, _ in known.waves.values() if given.now_ms < _end(one)]
    before = _kept(snapshot)
    if not live and not before:
        return []
    report = _report(world, known, live, given.now_ms)
    figures = {} if report is None else _figures(report, known, live)
    _write(snapshot, report, figures, known, given)
    over = {name: one | {"state": "over", "left": 0.0} for name, one in before.items() if name not in figures}
    told = {name: one for name, one in (figures | over).items() if one != before.get(name)}
    return [_told(snapshot, known, name, one, given) for name, one in told.items()]


def orders_to_come(snapshot: Snapshot, last_hour: float, *, now_ms: int) -> float:
    """Return how many orders are still expected: what is left of running waves, others like those of the last hour.

    Parameters
    ----------
    last_hour
        Orders of the last hour, waves' and others.
    """
    kept = snapshot.result("waves")
    if not isinstance(kept, dict) or now_ms - kept["as_of_ms"] > _STALE_MS:
        return last_hour
    running = [one for one in kept["waves"].values() if one["state"] == "running"]
    came, left = sum(one["so_far"] for one in running), sum(one["left"] for one in running)
    return float(max(last_hour - came, 0.0) + left)


def _end(wave: Wave) -> int:
    return wave.push_ms + _PARAMS.horizon_hours * 3_600_000


def _known(world: World, now_ms: int) -> _Known:
    """Return the waves of now and their orders; those that are over for long are put into the book."""
    told = facts_since(world.database, ("push",), since_ms=now_ms - _ANNOUNCED_MS)
    counting = effective(of_kind(families(world.database, [(fact.tenant, fact.root) for fact in told]), "push"))
    book, waves = WaveBook(world.home.root), {}
    for fact in counting.values():
        wave = None if fact is None else wave_of(fact.payload)
        if fact and wave and wave.push_ms < now_ms + _AHEAD_MS and not book.holds(wave.id):
            waves[wave.id] = (wave, fact)
    if not waves:
        return _Known({}, wave_orders([], [], hours=_PARAMS.horizon_hours))
    since_ms = min(wave.push_ms for wave, _ in waves.values())
    orders = facts_since(world.database, ("order", "cancellation"), since_ms=since_ms)
    came = wave_orders([wave for wave, _ in waves.values()], orders, hours=_PARAMS.horizon_hours)
    for name in [name for name, (wave, _) in waves.items() if now_ms >= _end(wave) + _LATE_MS]:
        book.keep(name, waves.pop(name)[0].pushes, came_to(came[came["wave_id"] == name], _PARAMS.bucket_minutes))
    return _Known(waves, came)


def _report(world: World, known: _Known, live: Sequence[Wave], now_ms: int) -> WaveReport | None:
    """Return the forecast; None if nothing is live, or no wave is over that could be learnt from."""
    if not live:
        return None
    pushes, orders = WaveBook(world.home.root).read()
    own = [wave.pushes for wave, _ in known.waves.values()]
    rows = known.orders[known.orders["wave_id"].isin(known.waves)]
    as_of = pd.Timestamp(now_ms - _delay_ms(rows, live), unit="ms", tz="Asia/Shanghai")
    try:
        return forecast_waves(
            pd.concat([pushes, *own], ignore_index=True),
            pd.concat([orders, came_to(rows, _PARAMS.bucket_minutes)], ignore_index=True),
            as_of=as_of,
            params=_PARAMS,
        )
    except NotReadyError:
        return None


def _delay_ms(rows: pd.DataFrame, live: Sequence[Wave]) -> int:
    """Return how long after they were placed nine of ten orders of the live waves have been told."""
    late = rows.loc[rows["wave_id"].isin([wave.id for wave in live]), "late_ms"]
    return int(late.quantile(0.9).clip(0, _LONGEST_DELAY_MS)) if len(late) else 0


def _figures(report: WaveReport, known: _Known, live: Sequence[Wave]) -> dict[str, dict[str, Any]]:
    """Return what is told of each live wave."""
    told, late = report.summary["waves"], known.orders.groupby("wave_id")["late_ms"]
    delayed = (late.quantile(0.9) / _MINUTE_MS).round(1).to_dict()
    return {
        wave.id: told[wave.id]
        | {"left": round(told[wave.id]["mean"] - told[wave.id]["so_far"], 1)}
        | {"minutes_late": max(float(delayed.get(wave.id, 0.0)), 0.0)}
        for wave in live
    }


def _write(
    snapshot: Snapshot, report: WaveReport | None, figures: Mapping[str, Any], known: _Known, given: Pass
) -> None:
    """Keep the forecast with the network: figures, buckets, and the pieces of each sku in the whole wave."""
    buckets = report.buckets if report else pd.DataFrame({"wave_id": [], "bucket_at": [], "observed": [], "mean": []})
    rows = known.orders[known.orders["wave_id"].isin(figures)]
    pieces = rows.groupby(["wave_id", "sku_id"], as_index=False)["pieces"].sum()
    counts = rows["wave_id"].value_counts()
    grown = {name: one["mean"] / counts.get(name, 1) for name, one in figures.items()}
    days = {name: known.waves[name][0].day for name in figures}
    whole = pieces["pieces"] * pieces["wave_id"].map(grown).astype(float)
    items = pieces.assign(pieces=whole, ds=pd.to_datetime(pieces["wave_id"].map(days)))
    snapshot.write_result("wave_buckets", buckets)
    snapshot.write_result("wave_items", items)
    snapshot.write_result("waves", {"as_of_ms": given.now_ms, "waves": figures})


def _kept(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    kept = snapshot.result("waves")
    return dict(kept["waves"]) if isinstance(kept, dict) else {}


def _told(snapshot: Snapshot, known: _Known, name: str, figures: Mapping[str, Any], given: Pass) -> Event:
    fact = known.waves[name][1] if name in known.waves else None
    causes = [*([fact.id] if fact else []), f"network-{snapshot.version}"]
    known_to = {"id": f"wave-{name}-{given.to_position}-{figures['minutes_known']}", "causes": causes}
    return event("wave.forecast", name, {**known_to, **figures, "network": snapshot.version})
