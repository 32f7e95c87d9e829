"""The demo's stages, one after the other, each keeping its results with the network they were computed on."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contracts.progress import Report
from services.demo_figures import (
    LABELS,
    forecast_figures,
    market_figures,
    match_figures,
    plan_figures,
    preview_shares,
)
from services.demo_market import DemoMarket, make_market, scale_of, write_market
from services.load_network import load_network
from services.network_forecast import forecast_network
from services.network_plan import plan_network
from services.network_routes import route_network
from store.home import Home
from store.snapshot import Snapshot

__all__ = ["run_stages"]


def run_stages(home: Home, made_by: Mapping[str, Any], *, progress: Report) -> tuple[Snapshot, dict[str, Any]]:
    """Make the market, load it, forecast, plan, route a day of orders; return the network and the key figures.

    Parameters
    ----------
    made_by
        ``scale`` and ``seed``, and what else tells one demo from another; kept with the network from the moment it is
        there, so that nobody takes it for their own.

    Raises
    ------
    InputError
        If `scale` is unknown.
    NotReadyError
        If the `demo` extra is not installed.
    """
    seed, clock = int(made_by["seed"]), _Clock()
    sizes = scale_of(str(made_by["scale"]))
    with clock.stage("market"):
        made = make_market(sizes, seed=seed, progress=progress)
    with clock.stage("load"):
        snapshot = _load(made, home, progress)
        snapshot.write_result("figures", made_by)
    figures = {**made_by, **LABELS, "version": snapshot.version, **market_figures(snapshot, made)}
    for name, stage in (("forecast", _forecast), ("plan", _plan), ("match", _match)):
        with clock.stage(name):
            figures |= stage(snapshot, made, seed, progress)
    figures["seconds"] = {**clock.seconds, "total": round(sum(clock.seconds.values()), 3)}
    snapshot.write_result("figures", figures)
    return snapshot, figures


@dataclass
class _Clock:
    """Seconds by stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)


def _load(made: DemoMarket, home: Home, progress: Report) -> Snapshot:
    with tempfile.TemporaryDirectory(prefix="evenflow-demo-") as folder:
        write_market(made, Path(folder), progress=progress)
        load_network(Path(folder), home=home, strict=True, progress=progress)
    return home.current()


def _forecast(snapshot: Snapshot, made: DemoMarket, seed: int, progress: Report) -> dict[str, Any]:
    calendar = {"calendar": made.retail.calendar}
    return forecast_figures(
        forecast_network(snapshot, tables=calendar, options={"backtest": 1, "seed": seed}, progress=progress)
    )


def _plan(snapshot: Snapshot, _: DemoMarket, seed: int, progress: Report) -> dict[str, Any]:
    found = plan_network(snapshot, seed=seed, progress=progress)
    return plan_figures(found.report, found.tables.routes, found.tables.demand)


def _match(snapshot: Snapshot, made: DemoMarket, seed: int, progress: Report) -> dict[str, Any]:
    report = route_network(snapshot, seed=seed, progress=progress)
    shares, split = preview_shares(report, snapshot, made.market.today)
    snapshot.write_result("shares", shares)
    return {**match_figures(report, snapshot.table("orders"), made.market.today), **split}
