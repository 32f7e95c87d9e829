"""`evenflow reserve`: hold pieces for an order, say what becomes of them, look at what is promised."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from api.cli.output import emit
from api.settings import read_settings
from contracts.errors import EvenflowError, InputError

__all__ = ["reserve"]

_Action = Literal["hold", "confirm", "release", "reject", "cancel", "show", "list", "capacities", "sync", "sweep"]
_CHANGES = ("confirm", "release", "reject", "cancel")


def reserve(
    action: Annotated[_Action, typer.Argument(help="What to do; sync sets capacities from the loaded network.")],
    reservation_id: Annotated[str | None, typer.Argument(help="Of confirm, release, reject, cancel, show.")] = None,
    *,
    order_id: Annotated[str | None, typer.Option("--order", help="hold: your id of the order.")] = None,
    sku: Annotated[str | None, typer.Option(help="hold: what is asked for.")] = None,
    pieces: Annotated[int | None, typer.Option(min=1, help="hold, confirm: how many.")] = None,
    buyer: Annotated[str | None, typer.Option(help="hold: who buys.")] = None,
    due: Annotated[str | None, typer.Option(help="hold: day by which they must be there, YYYY-MM-DD.")] = None,
    ttl_seconds: Annotated[int, typer.Option(min=1, help="hold: after how long it expires.")] = 900,
    key: Annotated[str | None, typer.Option(help="Repeat a write with its key to get the same answer.")] = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    spare: Annotated[bool, typer.Option("--spare", help="sync: only what the current plan leaves free.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="list, capacities: how many rows.")] = 100,
    tenant: Annotated[str | None, typer.Option(help="Who asks; the operator without it.")] = None,
    home: Annotated[Path | None, typer.Option(help="Folder of the loaded network; EVENFLOW_HOME by default.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Taken like everywhere; nothing is drawn at random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Hold an order's pieces at the best supplier that has room, then confirm, release, reject or cancel them.

    Example: evenflow reserve hold --order o-1 --sku soap --pieces 30 --buyer store-1 --key o-1
    """
    del seed
    if action in (*_CHANGES, "show") and reservation_id is None:
        raise InputError("RESERVATION_ID", f"the reservation to {action}", "nothing")
    order = {"order_id": order_id, "sku_id": sku, "pieces": pieces, "buyer_id": buyer, "due_date": due}
    asked = {"pieces": pieces, "reason": reason, "limit": limit, "spare": spare, "ttl_seconds": ttl_seconds}
    told = _Counter(home, tenant, key).do(action, reservation_id, order, asked)
    emit(told, as_json=as_json, title=f"Reservations: {action}")


class _Counter:
    """The desk of a home, for one command."""

    def __init__(self, home: Path | None, tenant: str | None, key: str | None) -> None:
        from services.reserve import Desk
        from services.viewer import Viewer
        from store.database import Database

        settings = read_settings(home=home)
        self._home, self._viewer = settings.home, Viewer(tenant)
        self._retention_days = settings.retention_days
        self._desk = Desk(Database.open(settings.database()))
        self._key = key or f"cli-{secrets.token_hex(8)}"

    def do(self, action: str, reservation_id: str | None, order: dict[str, Any], asked: dict[str, Any]) -> Any:
        try:
            if action == "hold":
                return self._hold(order, asked["ttl_seconds"])
            if action in _CHANGES:
                return self._change(action, str(reservation_id), asked)
            return self._look(action, reservation_id, asked)
        finally:
            self._desk.database.close()

    def _hold(self, order: dict[str, Any], ttl_seconds: int) -> dict[str, Any]:
        from services.hold_candidates import network_candidates
        from services.hold_decision import Order
        from services.reserve import HoldTerms, reserve
        from store.home import Home

        for option, name in (
            ("--order", "order_id"),
            ("--sku", "sku_id"),
            ("--pieces", "pieces"),
            ("--buyer", "buyer_id"),
        ):
            if order[name] is None:
                raise InputError(option, "this option with hold", "nothing")
        given = {name: value for name, value in order.items() if value is not None}
        snapshot = Home(self._home).current()
        terms = HoldTerms(ttl_seconds=ttl_seconds)
        with self._desk.write(self._viewer, self._key, {"hold": given, "ttl_seconds": ttl_seconds}) as write:
            answer = reserve(
                self._desk,
                write,
                Order(**{name: order[name] for name in ("order_id", "buyer_id", "sku_id", "pieces")}),
                lambda: network_candidates(self._desk, snapshot, given, viewer=self._viewer),
                terms,
            )
        return {"key": self._key, **answer.body}

    def _change(self, action: Any, reservation_id: str, asked: dict[str, Any]) -> dict[str, Any]:
        from services.reserve import change, reject

        told = {"reason": asked["reason"], "pieces": asked["pieces"] if action == "confirm" else None}
        with self._desk.write(self._viewer, self._key, {action: reservation_id, **told}) as write:
            if action == "reject":
                answer = reject(
                    self._desk, write, reservation_id, viewer=self._viewer, reason=told["reason"], reroute=True
                )
            else:
                answer = change(self._desk, write, reservation_id, action, viewer=self._viewer, **told)
        if answer.status == 409:
            raise EvenflowError(answer.body["detail"])
        return {"key": self._key, **answer.body}

    def _look(self, action: str, reservation_id: str | None, asked: dict[str, Any]) -> dict[str, Any]:
        from services.sweep_holds import sweep_due
        from store.booking.capacity import list_capacities
        from store.booking.lookup import find_reservation, list_reservations

        database, tenant = self._desk.database, self._viewer.tenant
        if action == "sync":
            return self._sync(spare=asked["spare"])
        if action == "sweep":
            return sweep_due(self._desk, retention_days=self._retention_days)
        if action == "show":
            return find_reservation(database, str(reservation_id), tenant=tenant).told()
        if action == "capacities":
            rows = list_capacities(database, tenant=tenant, supplier_id=None, after=None, limit=asked["limit"])
            return {"capacities": rows}
        return {
            "reservations": [row.told() for row in list_reservations(database, tenant=tenant, limit=asked["limit"])]
        }

    def _sync(self, *, spare: bool) -> dict[str, Any]:
        import pandas as pd

        from services.capacities import sync_capacities
        from services.route_orders import TIMEZONE
        from store.home import Home

        self._viewer.require_operator()
        day = pd.Timestamp.now(tz=TIMEZONE).normalize().tz_localize(None)
        snapshot = Home(self._home).current()
        made = sync_capacities(self._desk.database, snapshot, day, spare=spare, now_ms=self._desk.clock())
        return {"day": f"{day:%Y-%m-%d}", **made}
