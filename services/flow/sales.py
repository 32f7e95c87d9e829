"""Sales that were told: the forecasts of the items they touch, made anew from the facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from contracts.errors import NotReadyError
from services.champion import forecast_with
from services.effective import effective
from services.flow.learnt import Learnt, forecast_whole, learnt_of
from services.flow.passes import Event, Pass, World, about, causes_of, event, facts_in
from services.network_forecast import item_sales, measured_sales, own_sales
from services.route_orders import TIMEZONE
from store.fact_book import Fact, facts_of_kind
from store.snapshot import Snapshot

__all__ = ["refresh_all", "refresh_items", "told_sales"]

_MOST_PIECES = 1e12  # of a day: more no table of sales takes, and one mistyped sale must not stop the others' forecasts


def refresh_items(world: World, given: Pass) -> Sequence[Event]:
    """Forecast the items whose sales a pass touches, by series and by week, and put them among the others'.

    The models are those of the loaded network (`services.flow.learnt`); an item's numbers depend on what was loaded
    and on the facts about it, and on nothing else.
    """
    facts = facts_in(world, given, "sale")
    touched, given = {fact.subject for fact in facts if fact.kind == "sale"}, about(given, facts)
    if not touched:
        return []
    snapshot = world.home.current()
    learnt = learnt_of(snapshot, seed=world.seed)
    known = sorted(touched & set(learnt.items.index))
    items, series = _refreshed(world, snapshot, learnt, known, given)
    more = {"items": items, "series": series, "unknown_series": sorted(touched - set(known))}
    made = {"id": f"forecast-{given.to_position}", "network": snapshot.version, "model_version": learnt.daily.label}
    causes = [f"network-{snapshot.version}", *learnt.causes]
    return [event("forecast.refreshed", "network", {**made, **causes_of(given, *causes), **more})]


def refresh_all(world: World, given: Pass) -> list[str]:
    """Forecast every item that facts tell of, after the whole was forecast from what was loaded; return the series."""
    snapshot = world.home.current()
    learnt = learnt_of(snapshot, seed=world.seed)
    told = {fact.subject for fact in facts_of_kind(world.database, "sale") if fact.kind == "sale"}
    return _refreshed(world, snapshot, learnt, sorted(told & set(learnt.items.index)), given)[1]


def _refreshed(
    world: World, snapshot: Snapshot, learnt: Learnt, known: Sequence[str], given: Pass
) -> tuple[list[str], list[str]]:
    """Forecast the items of some series, put them among the others, and return them and all their series."""
    base = {name: _kept(snapshot, name, world) for name in ("forecast", "weekly_forecast")}
    items = sorted(set(learnt.items[list(known)]))
    series = sorted(learnt.items.index[learnt.items.isin(items)])
    for name, frame in _forecasts(world, snapshot, learnt, series, base).items():
        _publish(snapshot, name, _merged(base[name], frame), given)
    return items, series


def told_sales(loaded: pd.DataFrame, facts: Sequence[Fact]) -> pd.DataFrame:
    """Return sales with what facts add to them.

    Parameters
    ----------
    loaded
        ``unique_id, ds, y`` and, if it is there, ``returned`` and ``available``, of some series.
    facts
        Everything told of these series.
    """
    rows = [
        {
            "unique_id": fact.subject,
            "ds": _day(str(fact.payload["ds"])),
            "y": float(fact.payload["pieces"]),
            "returned": float(fact.payload.get("returned") or 0.0),
        }
        for fact in effective(facts).values()
        if fact is not None
    ]
    if not rows:
        return loaded
    added = pd.DataFrame(rows)
    if "returned" not in loaded and not added["returned"].any():
        added = added.drop(columns="returned")
    both = pd.concat([loaded.assign(ds=pd.to_datetime(loaded["ds"])), added], ignore_index=True)
    rules = {"y": "sum", "returned": "sum", "available": "first"}  # nothing told of a stock-out: as it was loaded
    both = both.sort_values(
        [name for name in both if name != "available"], kind="stable", ignore_index=True
    )  # sums in one order
    kept = {name: rule for name, rule in rules.items() if name in both}
    summed = both.groupby(["unique_id", "ds"], as_index=False, sort=True).agg(kept)
    most = {name: summed[name].clip(upper=_MOST_PIECES) for name in ("y", "returned") if name in summed}
    return summed.assign(**most)


def _day(text: str) -> pd.Timestamp:
    """Return the day that a fact names, of a moment the day in Asia/Shanghai, as its table read it."""
    moment = pd.Timestamp(text)
    return (moment.tz_convert(TIMEZONE).tz_localize(None) if moment.tzinfo else moment).normalize()


def _forecasts(
    world: World, snapshot: Snapshot, learnt: Learnt, series: Sequence[str], base: Mapping[str, pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    """Return the forecasts of some series, and of the weeks of their items."""
    if not series:
        return {}
    sales = own_sales(snapshot)
    rows = sales[sales["unique_id"].isin(series)]
    daily = told_sales(measured_sales(rows), facts_of_kind(world.database, "sale", series))
    daily = daily[daily["unique_id"].isin(series)]
    names = rows.drop_duplicates("unique_id").set_index("unique_id")
    named = daily.join(names[[name for name in names if name not in daily]], on="unique_id")
    weekly = item_sales(snapshot, named)
    found = [
        _of_item(learnt, daily[daily["unique_id"].isin(own)], weekly[weekly["unique_id"] == item], base)
        for item, own in learnt.items[list(series)].groupby(learnt.items[list(series)]).groups.items()
    ]
    return {name: pd.concat([one[name] for one in found], ignore_index=True) for name in base}


def _of_item(
    learnt: Learnt, daily: pd.DataFrame, weekly: pd.DataFrame, base: Mapping[str, pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    """Return the forecasts of one item, by itself: beside others its days, and so its numbers, would hang on theirs."""
    own = {name: _of(frame, daily["unique_id"].unique()) for name, frame in learnt.tables.items()}
    by_day = forecast_with(
        learnt.daily,
        daily,
        horizon=learnt.horizon,
        static=own.get("static"),
        known=own.get("known"),
        calendar=own.get("calendar"),
        quantiles=_levels(base["forecast"]),
    )
    by_week = forecast_with(
        learnt.weekly,
        weekly,
        calendar=learnt.tables.get("calendar"),
        quantiles=_levels(base["weekly_forecast"]),
        bucket="W-MON" if learnt.weekly.card["recipe"]["freq"] == "D" else None,
    )
    return {"forecast": by_day.forecast, "weekly_forecast": by_week.forecast}


def _of(frame: pd.DataFrame, series: Any) -> pd.DataFrame:
    return frame[frame["unique_id"].isin(series)] if "unique_id" in frame else frame


def _levels(forecast: pd.DataFrame) -> list[float]:
    return [float(str(name)[1:]) for name in forecast if str(name).startswith("q0.")]


def _publish(snapshot: Snapshot, name: str, frame: pd.DataFrame, given: Pass) -> None:
    moment = datetime.fromtimestamp(given.now_ms / 1000, UTC)
    frame.attrs |= {"run": f"{moment:%Y%m%dT%H%M%S%f}", "computed_at": moment.isoformat(timespec="milliseconds")}
    frame.attrs |= {"input_position": given.to_position}
    snapshot.write_result(name, frame)


def _kept(snapshot: Snapshot, name: str, world: World) -> pd.DataFrame:
    """Return the forecast of the whole network that items are put into; made first if nobody did."""
    found = snapshot.result(name)
    if not isinstance(found, pd.DataFrame):
        forecast_whole(snapshot, seed=world.seed)
        found = snapshot.result(name)
    if not isinstance(found, pd.DataFrame):
        raise NotReadyError(f"the loaded network has no {name}: `evenflow run`")
    return found


def _merged(base: pd.DataFrame, made: pd.DataFrame) -> pd.DataFrame:
    """Return a forecast with the items made anew in place of what it said of them, with the columns that it had."""
    others = base[~base["unique_id"].isin(made["unique_id"])]
    if "periods" in base:  # weeks: those of the others, so that a plan has the same buckets for all
        made = made[made["ds"].isin(base["ds"])]
    both = pd.concat([others, made.reindex(columns=base.columns)], ignore_index=True)
    merged = both.sort_values(["unique_id", "ds"], kind="stable", ignore_index=True)
    merged.attrs = dict(base.attrs)
    return merged
