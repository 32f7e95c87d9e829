"""The HTTP application: wires the routes to one home folder, one job board, one loaded network."""

from __future__ import annotations

import gc
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute

from api.http import (
    aftersales,
    backorders,
    boxes,
    candidates,
    capacities,
    credit,
    density,
    dispatches,
    docs_page,
    events,
    exceptions,
    facts,
    forecasts,
    group_orders,
    jobs,
    launch_decisions,
    launches,
    match_replays,
    match_routes,
    matches,
    models,
    offers,
    overrides,
    parked,
    parties,
    party_ties,
    plan_history,
    plans,
    prices,
    problems,
    production_orders,
    quotes,
    relations,
    requirements,
    reservations,
    scenarios,
    score_rights,
    scorecards,
    scores,
    sell_in,
    settlements,
    sign_in,
    signals,
    system,
    trust,
    two_sided,
    waves,
    webhooks,
    why,
    workshop_links,
)
from api.http import (
    keys as key_routes,
)
from api.http.access import authorise, describe
from api.http.etags import ETags, describe_tags
from api.http.gate import Gate
from api.http.guard import Guard
from api.http.hosts import Hosts
from api.http.house import House, Houses, Net
from api.http.metrics import Metrics
from api.http.queries import take_declared
from api.http.shared_counts import SharedCounts
from api.http.sign_in import Door
from api.http.straight import Straight
from api.http.tokens import Tokens
from api.settings import Settings
from contracts.errors import InputError
from services.audit import record_write
from services.deliver_events import Courier, deliver_due
from services.ingest import Inlet
from services.jobs import JobBoard
from services.keep_doing import KeepDoing
from services.keys import KeyRing
from services.reserve import Desk, wall_clock_ms
from services.sweep_holds import sweep_due
from services.vital_signs import vital_signs
from store.database import Database
from store.home import Home
from store.link_key import link_key

__all__ = ["Shared", "create_app"]

_ROUTERS = (
    candidates.router,
    party_ties.router,
    credit.router,
    scorecards.router,
    scores.router,
    scores.outcomes_router,
    score_rights.router,
    aftersales.router,
    trust.router,
    density.router,
    sell_in.router,
    overrides.router,
    forecasts.router,
    models.router,
    plans.router,
    plan_history.router,
    production_orders.router,
    requirements.router,
    boxes.router,
    quotes.router,
    scenarios.router,
    dispatches.router,
    workshop_links.router,
    matches.router,
    match_replays.router,
    match_routes.router,
    two_sided.router,
    offers.router,
    group_orders.router,
    backorders.router,
    prices.router,
    reservations.router,
    settlements.router,
    capacities.router,
    parties.router,
    relations.router,
    launch_decisions.router,
    waves.router,
    signals.router,
    facts.router,
    parked.router,
    launches.router,
    jobs.router,
    exceptions.router,
    events.router,
    webhooks.router,
    why.router,
    key_routes.router,
    sign_in.router,
    system.router,
)
_DESCRIPTION = """\
Matches supply and demand, and turns social demand into level-loaded factory orders.

* **Forecasts** and **plans** take seconds to minutes: the answer is a job to watch.
* **Matches** answer at once and hold nothing; **reservations** hold, and every write has its `Idempotency-Key`.
* Every failure is an RFC 9457 problem (`application/problem+json`) whose `type` leads to its explanation.
"""
_GC_THRESHOLD = 50_000  # allocations between two collections: the objects of a request are few and short-lived


class Shared(NamedTuple):
    """What processes that serve together have from before they parted: the opened home, limits, a folder of counts."""

    home: Home
    limits: SharedCounts
    counts: Path


def create_app(settings: Settings, *, shared: Shared | None = None) -> FastAPI:
    """Return the application.

    Parameters
    ----------
    settings
        Where the home folder is, how many jobs run at once, how large a body may be.
    shared
        What it has in common with other processes; None: it serves alone.
    """
    app = FastAPI(
        title="Evenflow",
        version=version("evenflow"),
        description=_DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
        responses=_PROBLEM_RESPONSES,
        dependencies=[Depends(authorise), Depends(take_declared)],
    )
    house = app.state.house = _house(settings, shared)
    app.state.houses = Houses(house)
    app.state.door = Door(house.keys, link_key(settings.home))
    for router in _ROUTERS:
        app.include_router(router)
    docs_page.install(app)
    problems.install(app)
    describe(app)
    describe_tags(app)
    app.add_middleware(ETags)
    _answer_straight(app, house)
    app.add_middleware(
        Guard,
        gate=_gate(settings, house.keys, None if shared is None else shared.limits),
        audit=partial(record_write, house.database),
        door=app.state.door,
        metrics=house.metrics,
        max_body_bytes=settings.max_body_mb * 2**20,
        body_seconds=settings.body_seconds,
        most_at_once=settings.requests_at_once,
        most_connections=settings.connections,
    )
    return app


def _answer_straight(app: FastAPI, house: House) -> None:
    """Answer before the routes what needs nothing but memory."""
    app.state.forecast_readers = OrderedDict()
    app.state.forecast_jobs = {}
    again = forecasts.asked_again(house.board, app.state.forecast_jobs)
    posts = (again, match_routes.route_straight(house.net), matches.match_straight(house.net))
    read = forecasts.forecast_straight(house.net, app.state.forecast_readers)
    app.add_middleware(Straight, routes={route.path: route for route in posts}, read=read)


def _house(settings: Settings, shared: Shared | None) -> House:
    """Return the operator's house."""
    each = -(-settings.workers // settings.processes)  # jobs of processes that serve together: their share
    board = JobBoard(settings.home / "jobs", workers=each)
    database = Database.open(settings.database())
    return House(
        settings=settings,
        board=board,
        net=Net(Home(settings.home) if shared is None else shared.home),
        metrics=Metrics(
            board.jobs,
            lambda: vital_signs(settings.home, database, now_ms=wall_clock_ms()),
            together=None if shared is None else shared.counts,
        ),
        inlet=Inlet.of(settings.home, key=settings.secret()),
        database=database,
        desk=Desk(database),
        keys=KeyRing(database) if settings.access == "keys" else None,
    )


def _gate(settings: Settings, keys: KeyRing | None, counts: SharedCounts | None) -> Gate:
    """Return the gate that the settings ask for."""
    rate = settings.requests_per_second
    tokens = None
    if settings.jwt_jwks is not None and keys is not None:
        if not settings.jwt_issuer:
            raise InputError("EVENFLOW_JWT_ISSUER", "the issuer whose tokens are taken, beside EVENFLOW_JWT_JWKS", "")
        tokens = Tokens(settings.jwt_jwks, issuer=settings.jwt_issuer, audience=settings.jwt_audience)
    names = settings.allowed_hosts.split(",") if settings.allowed_hosts else None
    hosts = Hosts([] if names is None and keys is None else names)  # without keys only this machine's own names
    return Gate(keys, tokens, requests_per_second=rate, hosts=hosts, counts=counts)


def _operation_id(route: APIRoute) -> str:
    return route.name  # the function's: stable while paths move


def _problem_response(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {"application/problem+json": {"schema": schema}}}


_PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": _problem_response("The request is wrong; `type` and `errors` say how."),
    "5XX": _problem_response("It cannot be answered now; `type` says why."),
}


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    gc.collect()
    gc.freeze()  # what start-up made is never garbage: looking at it again and again costs the slowest requests
    gc.set_threshold(_GC_THRESHOLD)
    house = app.state.house
    courier = Courier(house.database, targets=house.settings.webhook_targets)
    kept = (
        KeepDoing(partial(sweep_due, house.desk, retention_days=house.settings.retention_days), "hold-sweeper"),
        KeepDoing(partial(deliver_due, courier, seconds=1.0), "courier"),
    )
    for work in kept:
        work.start()
    yield
    for work in kept:
        work.stop()
    house.board.close(grace_seconds=max(getattr(app.state, "ends_at", 0.0) - time.monotonic(), 0.0))
    house.database.close()
