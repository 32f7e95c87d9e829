"""What the worker does by the clock: the whole forecast and the prices anew, once a day each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from contracts.errors import InputError
from services.flow.passes import Event, Pass, World, event
from services.flow.prices import publish_prices
from services.flow.sales import refresh_all
from services.route_orders import TIMEZONE

__all__ = ["Timed", "schedule_of"]

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
    run: Callable[[World, Pass], Sequence[Event]]

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


def schedule_of(times: Mapping[str, str]) -> tuple[Timed, ...]:
    """Return the work of a schedule: times of day by ``forecast`` and ``prices``.

    Raises
    ------
    InputError
        If there is no such work, or a time is none.
    """
    for name, at in times.items():
        if name not in _RUNS:
            raise InputError("schedule", f"only {', '.join(_RUNS)}", name)
        if not _TIME.fullmatch(at):
            raise InputError(f"schedule: {name}", "a time of day, HH:MM", at)
    return tuple(Timed(name=f"daily-{name}", at=at, run=_RUNS[name]) for name, at in times.items())


def _forecast(world: World, given: Pass) -> Sequence[Event]:
    from services.network_forecast import forecast_network, sent_tables

    snapshot = world.home.current()
    forecast_network(snapshot, tables=sent_tables(snapshot), options={"seed": world.seed})
    series = refresh_all(world, given)
    told = {"id": f"forecast-daily-{given.now_ms}", "causes": [f"network-{snapshot.version}"]}
    more = {"items": ["*"], "series": series, "network": snapshot.version}
    return [event("forecast.refreshed", "network", told | more)]


_RUNS: Mapping[str, Callable[[World, Pass], Sequence[Event]]] = {"forecast": _forecast, "prices": publish_prices}
