"""What was made of the loaded network, by its id: matches, forecasts, a plan's orders and hours, launches, jobs."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from contracts.errors import NotReadyError
from services.dispatches import read_dispatch
from services.job_files import read_job
from services.overrides import list_overrides
from services.record import Record, plain_row
from store.booking.rows import moment_text
from store.database import Database
from store.fact_book import facts_of_kind
from store.home import Home
from store.launch_book import LaunchBook
from store.offers import OfferShelf
from store.outbox_ids import latest_rows
from store.plans import KeptPlan, PlanShelf
from store.snapshot import Snapshot

__all__ = ["MadeRecords"]

_DAY = re.compile(r"(.+)/(\d{4}-\d{2}-\d{2})")
_MOST = 12  # orders of one row of hours, facts of one launch


class MadeRecords:
    """Finds what the house made, for the operator.

    Parameters
    ----------
    home
        The home folder.
    database
        Where facts and events are kept.
    """

    def __init__(self, home: Path, database: Database) -> None:
        self._home, self._database = home, database

    def offers(self, name: str) -> Record | None:
        """Return the current offers, or the one of a seller and a style: ``offers-…/SELLER/STYLE``."""
        shelf = OfferShelf(self._home)
        current, (wanted, _, pair) = shelf.current(), name.partition("/")
        if current is None or wanted != current:
            return None
        rows = shelf.table("offers")
        at, network = moment_text(int(current.removeprefix("offers-")[:12], 16)), self._network()
        if not pair:
            return Record(id=name, kind="offers", told=f"{len(rows):,} offers to small sellers", at=at, causes=network)
        one = rows[rows["seller_id"].astype(str) + "/" + rows["style_id"].astype(str) == pair]
        if one.empty:
            return None
        facts = plain_row(one.iloc[0])
        told = f"{facts['style_id']} offered to {facts['seller_id']}: {facts.get('reason', '')}".rstrip(": ")
        return Record(id=name, kind="offer", told=told, at=at, facts=facts, causes=[current, *network])

    def match(self, name: str) -> Record | None:
        """Return what the match of the loaded orders gave one of them."""
        snapshot = self._snapshot()
        rows = _rows(snapshot, "matches", "order_id", name)
        if snapshot is None or rows.empty:
            return None
        taken = rows[rows["supplier_id"].notna() & (rows["supplier_id"] != "")]
        told = "; ".join(f"{row.pieces:,} pieces at {row.supplier_id}" for row in taken.itertuples()) or "nobody"
        facts = {"lines": [plain_row(row) for _, row in rows.iterrows()]}
        reasons = ", ".join(sorted({str(reason) for reason in rows["reason"]}))
        causes = [f"network-{snapshot.version}"]
        return Record(id=name, kind="match", told=f"matched with {told} ({reasons})", facts=facts, causes=causes)

    def series(self, name: str) -> Record | None:
        """Return a forecast: of a series by day, or of an item by week, or one of its periods (``NAME/2026-03-02``)."""
        snapshot = self._snapshot()
        day = _DAY.fullmatch(name)
        for table in ("forecast", "weekly_forecast"):
            rows, of = _rows(snapshot, table, "unique_id", name), name
            if rows.empty and day is not None:
                of = day[1]
                rows = _on(_rows(snapshot, table, "unique_id", of), "ds", day[2])
            if snapshot is not None and not rows.empty:
                return self._forecast(snapshot, name, of, rows, period="day" if table == "forecast" else "week")
        return None

    def _forecast(self, snapshot: Snapshot, name: str, of: str, rows: pd.DataFrame, *, period: str) -> Record:
        meta = snapshot.result("forecast_meta")
        model = meta.get("model_version") if isinstance(meta, dict) else None
        named = latest_rows(self._database, "forecast.refreshed", naming=[of, "*"])  # "*": the whole network
        refreshed = [row.payload["id"] for row in named if row.payload.get("network") == snapshot.version]
        adjusted = [one["id"] for one in list_overrides(self._home, unique_id=of) if one["withdrawn"] is None]
        causes = [*(refreshed or [f"network-{snapshot.version}"]), *adjusted]
        told = f"{rows['mean'].sum():,.0f} pieces expected over {len(rows)} {period}s"
        facts = {"model_version": model, "rows": len(rows)}
        if len(rows) == 1:
            told = f"{rows['mean'].iloc[0]:,.1f} pieces expected that {period}"
            facts |= plain_row(rows.iloc[0])
        return Record(id=name, kind="forecast", told=told, facts=facts, causes=causes)

    def production_order(self, name: str) -> Record | None:
        """Return a production order of the current plan, or of the latest one that had it."""
        shelf = PlanShelf(self._home)
        for plan in self._plans(shelf):
            rows = plan.table("orders")
            rows = rows[rows["order_id"].astype(str) == name]
            if not rows.empty:
                one = rows.iloc[0]
                told = f"{one['pieces']:,.0f} pieces of {one['item']} on {one['resource']} from {one['start']:%Y-%m-%d}"
                told = f"{told}: {one.get('reason', '')}".rstrip(": ")
                causes = [plan.id, str(one["item"])]
                return Record(id=name, kind="production order", told=told, facts=plain_row(one), causes=causes)
        return None

    def hours(self, name: str) -> Record | None:
        """Return the hours of a line in one bucket of the current plan: ``LINE/2026-03-02``."""
        plan, day = PlanShelf(self._home).current(), _DAY.fullmatch(name)
        if plan is None or day is None:
            return None
        load, orders = plan.table("load"), plan.table("orders")
        rows = _on(load[load["resource"].astype(str) == day[1]], "bucket", day[2])
        if rows.empty:
            return None
        one = rows.iloc[0]
        made = _on(orders[orders["resource"].astype(str) == day[1]], "start", day[2])
        made = made.sort_values("hours", ascending=False, kind="stable")
        told = f"{one['hours']:,.1f} of {one['capacity']:,.1f} hours planned: {one.get('reason', '')}".rstrip(": ")
        causes = [plan.id, *made["order_id"].astype(str).head(_MOST)]
        facts = plain_row(one)
        return Record(id=name, kind="hours", told=told, facts=facts, causes=causes, causes_in_all=1 + len(made))

    def launch(self, name: str) -> Record | None:
        """Return an estimate of a launch; by the id of a style, the latest one that was told."""
        known = LaunchBook(self._home).estimates()
        found = [one for one in known if name in (one["estimate_id"], one["style_id"])]
        if not found:
            return None
        one = found[-1]
        facts = [fact for fact in facts_of_kind(self._database, "signal", [one["style_id"]]) if fact.kind == "signal"]
        before = [fact for fact in facts if moment_text(fact.accepted_at_ms) <= _local(one["made_at"])]
        before = sorted(before, key=lambda fact: fact.order)
        told = f"{one['style_id']} at checkpoint {one['checkpoint']}: {one['mean']:,.0f} pieces, hit {one['p_hit']:.0%}"
        shown = {key: value for key, value in one.items() if key != "path"}
        causes = [*self._network(), *(fact.id for fact in before[-_MOST:])]
        return Record(id=name, kind="launch forecast", told=told, at=one["made_at"], facts=shown, causes=causes)

    def job(self, name: str) -> Record | None:
        """Return a piece of long work by its id: a quote, a plan, a forecast, offers."""
        job = read_job(self._home / "jobs", name)
        summary = dict(job.summary or {})
        plan, version = summary.get("plan_id"), summary.get("network") or summary.get("version")
        at = moment_text(int(job.created_at * 1000))
        causes = [*([str(plan)] if plan else []), *([f"network-{version}"] if version else [])]
        told = f"{job.kind}: {job.state}"
        return Record(id=name, kind="job", told=told, at=at, facts=summary, causes=causes)

    def override(self, name: str) -> Record | None:
        """Return what a planner adjusted in a forecast."""
        one = next((one for one in list_overrides(self._home) if one["id"] == name), None)
        if one is None:
            return None
        told = f"{one['by']} adjusted {one['unique_id']}: {one['reason']}"
        return Record(id=name, kind="override", told=told, at=one.get("at"), facts=one)

    def dispatch(self, name: str) -> Record:
        """Return steps that were dispatched to a workshop."""
        one = read_dispatch(self._home, name)
        told = f"{one['pieces']:,} pieces of {one['item']}, step {one['step']}, at {one['workshop']}: {one['state']}"
        return Record(id=name, kind="dispatch", told=told, at=one["sent_at"], facts=one, causes=[one["plan_id"]])

    def _plans(self, shelf: PlanShelf) -> list[KeptPlan]:
        current = shelf.current()
        known = [] if current is None else [current]
        return known + [shelf.get(name) for name in shelf.ids() if current is None or name != current.id]

    def _snapshot(self) -> Snapshot | None:
        try:
            return Home(self._home).current()
        except NotReadyError:
            return None

    def _network(self) -> list[str]:
        snapshot = self._snapshot()
        return [] if snapshot is None else [f"network-{snapshot.version}"]


def _rows(snapshot: Snapshot | None, table: str, column: str, value: str) -> pd.DataFrame:
    frame = None if snapshot is None else snapshot.result(table)
    return frame[frame[column] == value] if isinstance(frame, pd.DataFrame) else pd.DataFrame()


def _on(rows: pd.DataFrame, column: str, day: str) -> pd.DataFrame:
    return rows[pd.to_datetime(rows[column]).dt.strftime("%Y-%m-%d") == day] if len(rows) else rows


def _local(at: str) -> str:
    return moment_text(int(pd.Timestamp(at).value // 1_000_000))
