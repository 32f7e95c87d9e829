"""What the worker does by the clock, once a day each: model, whole forecast and prices anew, what is old forgotten."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd

from contracts.errors import InputError
from services.flow.forget import forget
from services.flow.learnt import forecast_whole
from services.flow.passes import Event, Pass, World, event
from services.flow.prices import publish_prices
from services.flow.retrain import retrain
from services.flow.sales import refresh_all
from services.flow.waves import correct_waves
from services.route_orders import TIMEZONE

__all__ = ["Every", "Timed", "schedule_of"]

Run = Callable[[World, Pass], Sequence[Event]]
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True, kw_only=True)
class Timed:
    """Work of a time of day.

    Parameters
    ----------
    name
        Of its stage: ``daily-forecast`` …
    at
        Time of day, ``HH:MM`` in Asia/Shanghai.
    """

    name: str
    at: str
    run: Run

    def after(self, now_ms: int) -> int:
        """Return the next moment at which it is due, in milliseconds since 1970.

        Examples
        --------
        >>> timed = Timed(name="x", at="08:00", run=publish_prices)
        >>> timed.after(0) // 3_600_000, timed.after(-1)
        (24, 0)
        """
        now = pd.Timestamp(now_ms, unit="ms", tz="UTC").tz_convert(TIMEZONE)
        due = now.normalize() + pd.Timedelta(f"{self.at}:00")
        due = due if due > now else due + pd.Timedelta(days=1)
        return int(due.value // 1_000_000)


@dataclass(frozen=True, kw_only=True)
class Every:
    """Work of every so many seconds.

    Parameters
    ----------
    name
        Of its stage.
    """

    name: str
    seconds: int
    run: Run

    def after(self, now_ms: int) -> int:
        """Return the next moment at which it is due, in milliseconds since 1970.

        Examples
        --------
        >>> Every(name="x", seconds=60, run=publish_prices).after(61_000)
        120000
        """
        step = 1000 * self.seconds
        return (now_ms // step + 1) * step


def schedule_of(times: Mapping[str, str], *, retention_days: int) -> tuple[Timed | Every, ...]:
    """Return the work of a schedule: waves every minute; ``forecast``, ``prices``, ``retrain``, ``forget`` once a day.

    Parameters
    ----------
    retention_days
        After how many days what happened is forgotten, whether or not the schedule says at what time of day.

    Raises
    ------
    InputError
        If there is no such work, or a time is none.
    """
    runs: dict[str, Run] = {**_RUNS, "forget": partial(forget, days=retention_days)}
    for name, at in times.items():
        if name not in runs:
            raise InputError("schedule", f"only {', '.join(runs)}", name)
        if not _TIME.fullmatch(at):
            raise InputError(f"schedule: {name}", "a time of day, HH:MM", at)
    daily = (Timed(name=f"daily-{name}", at=at, run=runs[name]) for name, at in {**_ALWAYS, **times}.items())
    return (Every(name="waves", seconds=60, run=correct_waves), *daily)


def _forecast(world: World, given: Pass) -> Sequence[Event]:
    snapshot = world.home.current()
    forecast_whole(snapshot, seed=world.seed)
    series = refresh_all(world, given)
    told = {"id": f"forecast-daily-{given.now_ms}", "causes": [f"network-{snapshot.version}"]}
    more = {"items": ["*"], "series": series, "network": snapshot.version}
    return [event("forecast.refreshed", "network", told | more)]


_RUNS: Mapping[str, Run] = {
    "forecast": _forecast,
    "prices": publish_prices,
    "retrain": retrain,
}
_ALWAYS: Mapping[str, str] = {"forget": "04:40"}
