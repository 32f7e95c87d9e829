"""The planner's views of orders, box, changes, what-if, quotes and workshops: one page each, chosen in the header."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd
from nicegui import run, ui

from api.console.audit import audited, who_asks
from api.console.charts import cost_chart, frontier_chart
from api.console.parts import card, link
from api.console.planning_tables import (
    box_grid,
    diff_grid,
    dispatch_grid,
    frontier_grid,
    order_grid,
    peg_grid,
    quote_grid,
    scenario_grid,
)
from api.http.house import House
from api.http.quotes import quote_work
from api.http.scenarios import frontier_work, scenario_work
from contracts.errors import EvenflowError, InputError
from planning.order_identity import lot_names
from planning.plan_diff import diff_figures, plan_diff
from planning.scenarios import scenarios_from
from services.dispatches import list_dispatches
from services.jobs import Job, Work
from services.make_boxes import make_boxes
from services.production_orders import current_orders, orders_before
from store.plans import PlanShelf

__all__ = ["VIEWS"]

_SECONDS_BETWEEN_LOOKS = 0.5
_ROUTES = {"scenarios": "/v1/scenarios", "frontier": "/v1/frontiers", "quote": "/v1/quotes"}  # that do the same


def _orders(house: House) -> None:
    found = current_orders(house.settings.home)
    orders, plan = found.orders, found.plan
    counts = ", ".join(f"{n:,} {state}" for state, n in orders.groupby("state").size().items())
    with card(
        "Production orders", f"{counts}; plan {plan.id} and {found.decisions} decisions; click one for its demand"
    ):
        grid = _grid(order_grid(orders), rows=len(orders))
        pegs = plan.table("pegs") if (plan.folder / "pegs.parquet").is_file() else None
    with card("What it is for", "demand that the chosen order covers"):
        said = ui.label("Choose an order above.").classes("sub")
        shown = _grid(
            peg_grid(pd.DataFrame(columns=["order_id", "item", "pieces", "covers", "bucket", "parent_order"])), 4
        )

    def choose(row: dict[str, Any]) -> None:
        name = str(row["order_id"])
        if pegs is None:
            said.set_text("This plan was kept without its pegs.")
            return
        lots = lot_names(orders)
        lot = lots[orders["order_id"] == name].iloc[0]
        mine = pegs[(pegs["order_id"] == name) | (pegs["order_id"] == lot)]
        said.set_text(f"{name}: {row['pieces']:,} of {row['item']}, {row['reason']}")
        shown.options["rowData"] = peg_grid(mine)["rowData"]
        shown.update()

    grid.on("cellClicked", lambda event: choose(event.args["data"]), ["data"])


def _box(house: House) -> None:
    found = make_boxes(current_orders(house.settings.home).orders)
    names = sorted(found.boxes["resource"].astype(str).unique())
    with card("Heijunka box", "what each resource makes in each slot of each day, mixed evenly") as head:
        if not names:
            ui.label("Nothing is to be made.").classes("sub")
            return
        grid = _grid(box_grid(found.boxes, found.takt, names[0]), rows=8)

        def show(name: str) -> None:
            grid.options.update(box_grid(found.boxes, found.takt, name))
            grid.update()

        with head.default_slot.children[0]:
            choice = ui.select(names, value=names[0], with_input=True, on_change=lambda event: show(event.value))
            choice.props("dense outlined options-dense").classes("pick")
            link("Print", "/v1/box.html")
            link("Excel", "/v1/box.xlsx")


def _changes(house: House) -> None:
    shelf = PlanShelf(house.settings.home)
    ids, used = shelf.ids(), shelf.current()
    with card("What a plan changed", "orders added, moved, resized or cancelled, and why") as head:
        if len(ids) < 2:
            ui.label("There is only one plan so far: change a forecast, then `evenflow replan`.").classes("sub")
            return
        told = ui.label().classes("sub")
        grid = _grid(diff_grid(pd.DataFrame()), rows=12)

        def show() -> None:
            earlier, later = (shelf.get(choice.value) for choice in (old, new))
            before, after = orders_before(house.settings.home, earlier, later), later.table("orders")
            diff = plan_diff(before, after)
            figures = diff_figures(before, after, diff)
            told.set_text(", ".join(f"{name.replace('_', ' ')}: {_short(value)}" for name, value in figures.items()))
            grid.options["rowData"] = diff_grid(diff)["rowData"]
            grid.update()

        with head.default_slot.children[0]:
            newer = ids[0] if used is None else used.id
            old = ui.select(ids, value=_before(shelf, newer), label="from")
            new = ui.select(ids, value=newer, label="to")
            for choice in (old, new):
                choice.props("dense outlined options-dense").classes("pick").on_value_change(show)
        show()


def _scenarios(house: House) -> None:
    house.net.current()
    compared, traced = ui.refreshable(_shown_scenarios), ui.refreshable(_shown_frontier)
    with card("What if", "on the loaded network, beside the base"), ui.element("div").classes("form"):
        demand = _number("Demand, %", 100, low=0, high=1000)
        overtime = _number("Overtime, % of hours", None, low=0, high=100)
        late = _number("Price of being late, times", 1, low=0, high=1000)
        firm = _number("Firm weeks", None, low=0, high=52)

        def scenario_job() -> tuple[str, Work]:
            one: dict[str, Any] = {"name": "what if", "demand": _value(demand) / 100, "late": _value(late)}
            one |= {} if overtime.value is None else {"overtime": _value(overtime) / 100}
            one |= {} if firm.value is None else {"firm": int(_value(firm))}
            asked = scenarios_from([one], where="scenarios")
            return "scenarios", partial(scenario_work, asked, {}, {}, home=house.settings.home)

        def frontier_job() -> tuple[str, Work]:
            options = {"late": [0.25, 0.5, 1.0, 2.0, 4.0], "firm_buckets": [0]}
            return "frontier", partial(frontier_work, {}, options, {}, {}, home=house.settings.home)

        said = ui.label().classes("sub")
        _job_button(house, "Compare", scenario_job, said, compared)
        _job_button(house, "Trace the frontier", frontier_job, said, traced)
    compared(house, _last(house, "scenarios"))
    traced(house, _last(house, "frontier"))


def _shown_scenarios(house: House, job: Job | None) -> None:
    if job is not None:
        table = pd.read_parquet(house.board.table_path(job.id, "scenarios"))
        with card(
            "Scenarios side by side", "cost by part, lateness at the base's prices; the network's money is in fen"
        ):
            ui.echart(cost_chart(table)).classes("chart")
            _grid(scenario_grid(table), rows=len(table))


def _shown_frontier(house: House, job: Job | None) -> None:
    if job is not None:
        table = pd.read_parquet(house.board.table_path(job.id, "frontier"))
        with card("Frontier", "cost against fill; a point's label is the price of being late, times the base's"):
            ui.echart(frontier_chart(table)).classes("chart")
            _grid(frontier_grid(table), rows=len(table))


def _quotes(house: House) -> None:
    items = sorted(house.net.current().snapshot.table("routes")["item"].astype(str).unique())
    shown = ui.refreshable(_shown_quotes)
    with card("Quote a due date", "firm work is never moved"), ui.element("div").classes("form"):
        item = ui.select(items, value=items[0] if items else None, label="Item", with_input=True)
        item.props("dense outlined options-dense")
        pieces = _number("Pieces", 100, low=1, high=10**9)

        def quote_job() -> tuple[str, Work]:
            orders = pd.DataFrame({"order_id": ["new"], "item": [item.value], "pieces": [int(_value(pieces))]})
            return "quote", partial(quote_work, orders, {}, {}, home=house.settings.home, options=5)

        said = ui.label().classes("sub")
        _job_button(house, "Quote", quote_job, said, shown)
    shown(house, _last(house, "quote"))


def _shown_quotes(house: House, job: Job | None) -> None:
    if job is not None:
        table = pd.read_parquet(house.board.table_path(job.id, "quotes"))
        with card("Dates", "by factory, the earliest first; premium against the factory's cheapest date"):
            _grid(quote_grid(table), rows=len(table))


def _workshops(house: House) -> None:
    found = list_dispatches(house.settings.home)
    counts = ", ".join(f"{n:,} {state}" for state, n in found.groupby("state").size().items())
    with card("Steps sent to workshops", counts or "none so far: `evenflow dispatch --home HOME`"):
        if len(found):
            _grid(dispatch_grid(found), rows=len(found))


VIEWS: dict[str, tuple[str, Callable[[House], None]]] = {
    "orders": ("Orders", _orders),
    "box": ("Heijunka box", _box),
    "changes": ("Plan changes", _changes),
    "scenarios": ("What if", _scenarios),
    "quotes": ("Quotes", _quotes),
    "workshops": ("Workshops", _workshops),
}
"""The views beside the first screen: what the address calls each, its title, and what draws it."""


def _before(shelf: PlanShelf, plan_id: str) -> str:
    """Return the plan that a plan replaced if it is still kept, else the one made before it."""
    ids, replaced = shelf.ids(), shelf.get(plan_id).summary.get("replaces")
    return str(replaced) if replaced in ids else ids[min(ids.index(plan_id) + 1, len(ids) - 1)]


def _grid(options: dict[str, Any], rows: int) -> ui.aggrid:
    grid = ui.aggrid(options, auto_size_columns=False).classes("grid")
    return grid.style(f"height: {44 + 36 * min(14, max(2, rows))}px")


def _number(label: str, value: float | None, *, low: float, high: float) -> ui.number:
    field = ui.number(label, value=value, min=low, max=high)
    return field.props("dense outlined")


def _value(field: ui.number) -> float:
    """Return what was typed."""
    if field.value is None or not field.min <= field.value <= field.max:
        raise InputError(str(field.props["label"]), f"a number from {field.min:g} to {field.max:g}", field.value)
    return float(field.value)


def _job_button(
    house: House,
    text: str,
    make: Callable[[], tuple[str, Work]],
    said: ui.label,
    shown: Any,
) -> None:
    """Add a button that queues a job, tells how it goes, and shows its table once it is done."""

    async def go() -> None:
        try:
            kind, work = make()
            submit = partial(house.board.submit, kind, work)
            job = await run.io_bound(audited, house, who_asks(), _ROUTES[kind], submit)
        except EvenflowError as error:
            said.set_text(str(error))
            return
        if job is None:  # the server is ending
            return
        said.set_text(f"{text}: being computed")
        timer = ui.timer(_SECONDS_BETWEEN_LOOKS, lambda: look(timer, job.id))

    async def look(timer: ui.timer, job_id: str) -> None:
        job = await run.io_bound(house.board.get, job_id)
        if job is None or not job.over:
            return
        timer.deactivate()
        failed = job.problem["detail"] if job.problem else job.state
        said.set_text(f"{text}: done" if job.state == "succeeded" else f"{text}: {failed}")
        if job.state == "succeeded":
            shown.refresh(house, job)

    ui.button(text, on_click=go).props("no-caps unelevated color=teal-8")


def _last(house: House, kind: str) -> Job | None:
    """Return the latest job of a kind that succeeded."""
    return next((job for job in house.board.jobs() if job.kind == kind and job.state == "succeeded"), None)


def _short(value: object) -> str:
    return f"{value:,.3g}" if isinstance(value, float) else str(value)
