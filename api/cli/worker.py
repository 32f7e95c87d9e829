"""`evenflow worker`: carries facts to forecast, plan and prices."""

from __future__ import annotations

import os
import signal
import sys
import threading
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.output import emit, stderr
from api.logs import log_to
from api.settings import read_settings
from api.traces import traced

__all__ = ["worker"]


def worker(
    *,
    once: Annotated[bool, typer.Option("--once", help="Do what there is to do, then end.")] = False,
    lease_seconds: Annotated[
        float, typer.Option(min=1, max=600, help="After how long another worker takes over from one that died.")
    ] = 15.0,
    home: Annotated[Path | None, typer.Option(help="Folder of loaded networks; EVENFLOW_HOME by default.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="With --once: print one JSON object.")] = False,
) -> None:
    """Carry facts through: orders routed, forecasts of touched items, the free part of the plan, prices.

    Any number may run beside any number of servers, and any may die: another takes its work over.

    Example: evenflow worker --home my-net
    """
    from services.deliver_events import Courier
    from services.flow.passes import World
    from services.flow.schedule import schedule_of
    from services.flow.worker import Worker
    from services.ingest import Inlet
    from services.reserve import Desk
    from store.database import Database
    from store.home import Home

    settings = read_settings(home=home)
    log_to(sys.stderr, settings.log)
    database = Database.open(settings.database())
    inlet = Inlet.of(settings.home, key=settings.secret())
    made = Worker(
        world=World(
            home=Home(settings.home), desk=Desk(database), inlet=inlet, seed=seed, mlflow_uri=settings.mlflow_uri
        ),
        schedule=schedule_of(settings.schedule, retention_days=settings.retention_days),
        lease_seconds=lease_seconds,
    )
    courier = Courier(database, targets=settings.webhook_targets)
    try:
        with traced("evenflow-worker"):
            _work(made, courier, once=once, as_json=as_json, nice=settings.worker_nice)
    finally:
        database.close()


def _work(made: Any, courier: Any, *, once: bool, as_json: bool, nice: int) -> None:
    from services.deliver_events import deliver_due
    from services.flow.lag import stage_lags
    from services.keep_doing import KeepDoing

    if not once:
        os.nice(nice)
        _serve(made, KeepDoing(partial(deliver_due, courier, seconds=1.0), "courier"))
        return
    passes = made.drain()
    deliver_due(courier)
    lags = stage_lags(courier.database, now_ms=made.world.desk.clock())
    emit({"passes": passes, "stages": lags}, as_json=as_json, title="worker")


def _serve(made: Any, delivering: Any) -> None:
    """Work until a signal comes; a pass at work is finished first."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    stderr.print(f"{made.name} works; stop it with Ctrl-C", highlight=False)
    delivering.start()
    made.run(stop)
    delivering.stop()
