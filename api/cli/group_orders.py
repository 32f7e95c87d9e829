"""`evenflow group-orders`: communities x coupon x hour in; pushes, and the pieces held for their waves, out."""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli import output
from api.settings import read_settings
from contracts.errors import InputError

if TYPE_CHECKING:
    from services.group_tables import GroupPlan

__all__ = ["group_orders"]

_TIMES = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]


_Communities = Annotated[Path, typer.Option(help="Communities: community_id, members[, pushes_per_week, …].")]
_Waves = Annotated[Path, typer.Option(help="Waves that might be sent: wave_id, push_at, sku_id, margin_fen[, …].")]
_Pushes = Annotated[Path, typer.Option(help="Earlier pushes: wave_id, community_id, push_at, members, coupon.")]
_Orders = Annotated[Path, typer.Option(help="The orders that followed: wave_id, community_id, placed_at, orders.")]
_Out = Annotated[Path, typer.Option(help="Who gets which push (.csv or .parquet); `evenflow wave` reads it.")]
_WavesOut = Annotated[Path | None, typer.Option(help="Expected wave and pieces to hold, per wave, to write.")]
_Buckets = Annotated[Path | None, typer.Option(help="Each wave by quarter of an hour, to write.")]
_Refusals = Annotated[Path | None, typer.Option(help="Pushes not sent, each with its reason, to write.")]
_Limits = Annotated[Path | None, typer.Option(help="Limits (TOML: pushes_per_week = 3, service = 0.9 …).")]
_AsOf = Annotated[
    datetime | None, typer.Option(formats=_TIMES, help="Moment until which orders are known (Asia/Shanghai).")
]
_Hold = Annotated[bool, typer.Option("--hold", help="Hold the pieces; a wave without them is not sent.")]
_Key = Annotated[str | None, typer.Option(help="With --hold: repeated with its key, nothing is held twice.")]
_Ttl = Annotated[int, typer.Option(min=1, max=604_800, help="With --hold: after how long it expires.")]
_Tenant = Annotated[str | None, typer.Option(help="Who asks; the operator without it.")]
_Home = Annotated[Path | None, typer.Option(help="Folder of the reservations; EVENFLOW_HOME by default.")]
_Seed = Annotated[int, typer.Option(min=0, help="Decides among equals.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def group_orders(
    *,
    communities: _Communities,
    waves: _Waves,
    pushes: _Pushes,
    orders: _Orders,
    out: _Out,
    waves_out: _WavesOut = None,
    buckets: _Buckets = None,
    refusals: _Refusals = None,
    limits: _Limits = None,
    as_of: _AsOf = None,
    hold: _Hold = False,
    key: _Key = None,
    ttl_seconds: _Ttl = 86_400,
    tenant: _Tenant = None,
    home: _Home = None,
    seed: _Seed = 0,
    as_json: _Json = False,
) -> None:
    """Plan group orders: who gets which push, so that stock or capacity fills the wave that comes of it.

    Example: evenflow group-orders --communities c.csv --waves w.csv --pushes p.csv --orders o.csv --out pushes.csv
    """
    if key is not None and not hold:
        raise InputError("--key", "--hold with it", "nothing")
    paths = {"communities": communities, "waves": waves, "pushes": pushes, "orders": orders}
    outs = {"pushes": out, "waves": waves_out, "buckets": buckets, "refusals": refusals}
    raw = _read(paths, [path for path in outs.values() if path is not None], limits)
    sources = {name: path.name for name, path in paths.items()}
    counter = _Counter(home, tenant, live=hold)
    try:
        plan = counter.plan(raw, limits=limits, as_of=as_of, seed=seed, sources=sources)
        told = counter.held(plan, key or f"cli-{secrets.token_hex(8)}", ttl_seconds) if hold else plan
    finally:
        counter.close()
    _write(told, outs)
    output.emit(told.summary | {"out": str(out)}, as_json=as_json, title="Group orders")


def _read(paths: dict[str, Path], outs: list[Path], limits: Path | None) -> dict[str, Any]:
    from services.files import check_writable, read_raw

    for at, path in enumerate(outs):
        check_writable(path, *paths.values(), limits, *outs[:at], *outs[at + 1 :])
    return {name: read_raw(path) for name, path in paths.items()}


def _write(plan: GroupPlan, outs: dict[str, Path | None]) -> None:
    from services.files import write_table

    for name, path in outs.items():
        if path is not None:
            write_table(getattr(plan, name), path)


class _Counter:
    """Plans, and holds if that is asked for; only then is the database of a home opened."""

    def __init__(self, home: Path | None, tenant: str | None, *, live: bool) -> None:
        from services.viewer import Viewer

        self._viewer, self._desk = Viewer(tenant), None
        if live:
            from services.reserve import Desk
            from store.database import Database

            settings = read_settings(home=home)
            self._home, self._desk = settings.home, Desk(Database.open(settings.database()))

    def plan(self, raw: dict[str, Any], *, limits: Path | None, **asked: Any) -> GroupPlan:
        from contracts.params import params_from, read_toml
        from services.group_book import GroupParams, places_of
        from services.group_orders import plan_group_orders
        from services.hold_waves import room_of

        params = GroupParams() if limits is None else params_from(read_toml(limits), GroupParams, where=limits.name)
        room = None
        if self._desk is not None:
            places = places_of(raw["waves"], asked["sources"]["waves"])
            room = room_of(self._desk, self._network(), places, self._viewer)
        return plan_group_orders(raw, params=params, room=room, **asked)

    def held(self, plan: GroupPlan, key: str, ttl_seconds: int) -> GroupPlan:
        from dataclasses import replace

        from services.hold_waves import hold_waves, holds_of, sent_only

        assert self._desk is not None
        told = hold_waves(
            self._desk, self._network(), holds_of(plan), viewer=self._viewer, key=key, ttl_seconds=ttl_seconds
        )
        done = sent_only(plan, told)
        return replace(done, summary=done.summary | {"key": key, "holds": told})

    def close(self) -> None:
        if self._desk is not None:
            self._desk.database.close()

    def _network(self) -> Any:
        from store.home import Home

        return Home(self._home).current().network() if self._viewer.tenant is not None else None
