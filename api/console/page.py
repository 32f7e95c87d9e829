"""The planner's first screen: exceptions by money at stake, then forecast, plan and matches."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from typing import Any

from fastapi import FastAPI
from nicegui import run, ui
from nicegui.events import ValueChangeEventArguments

from api.console.attention import attention_card, open_exceptions
from api.console.charts import forecast_chart, load_chart
from api.console.parts import card, link
from api.console.planning import VIEWS
from api.console.tables import match_grid, resource_grid, series_grid
from api.console.view import View
from api.http.house import House, Loaded
from contracts.errors import EvenflowError, NotReadyError

__all__ = ["add_page"]

_STYLE = (files("api.console") / "style.css").read_text(encoding="utf-8")


def add_page(app: FastAPI) -> None:
    """Make an application that knows its house the console."""
    house: House = app.state.house

    async def first_screen() -> None:
        ui.add_css(_STYLE)
        with ui.element("div").classes("fill") as area:
            _computing()
        await ui.context.client.connected()  # what comes next may take longer than a response is waited for
        chosen = ui.context.client.request.query_params.get("view", "")
        view = await _computed(house, chosen, area)
        if view is None or ui.context.client.is_deleted:  # it failed, the server is ending, or who asked is gone
            return
        area.clear()
        with area:
            _header(view, chosen)
            with ui.element("main").classes("main-area"):
                _planning(house, chosen) if chosen in VIEWS else _body(house, view)

    ui.run_with(
        app,
        root=first_screen,
        mount_path="/",
        title="Evenflow",
        tailwind=False,
        show_welcome_message=False,
        favicon="⚖️",
    )


async def _computed(house: House, chosen: str, area: ui.element) -> View | None:
    """Return what the screen shows; None if there is nothing, and the area says why."""
    try:
        return await run.io_bound(_view, house, chosen)
    except Exception as error:
        area.clear()
        with area:
            if isinstance(error, NotReadyError):
                _nothing_loaded(str(error))
                return None
            _failed(chosen, str(error) if isinstance(error, EvenflowError) else "the server's log says why")
        if isinstance(error, EvenflowError):
            return None
        raise


def _view(house: House, chosen: str) -> View:
    view = _view_of(house.net.current())
    return view if chosen in VIEWS else view.showing(open_exceptions(house))


@lru_cache(maxsize=1)
def _view_of(loaded: Loaded) -> View:
    return View(loaded)


def _computing() -> None:
    with ui.element("div").classes("empty").props('role="status"'):
        ui.html("<h1>Computing what needs a decision</h1>", sanitize=False)
        ui.label("From the network, the plan, prices and what came since. A busy machine takes some seconds.").classes(
            "sub"
        )
        ui.spinner(size="lg")


def _failed(chosen: str, why: str) -> None:
    with ui.element("div").classes("empty").props('role="alert"'):
        ui.html("<h1>This could not be computed</h1>", sanitize=False)
        ui.label(why).classes("sub")
        link("Try again", f"/console/?view={chosen}" if chosen in VIEWS else "/console/")


def _nothing_loaded(why: str) -> None:
    with ui.element("div").classes("empty"):
        ui.html("<h1>Nothing is loaded yet</h1><p>Load your own network, or let the demo make one.</p>", sanitize=False)
        ui.html("<code>evenflow load DIR</code><code>evenflow demo</code>", sanitize=False)
        ui.label(why).classes("sub")
        link("Look again", "/console/")


def _planning(house: House, chosen: str) -> None:
    title, draw = VIEWS[chosen]
    try:
        draw(house)
    except NotReadyError as error:
        with card(title, str(error)):
            link("Look again", f"/console/?view={chosen}")


def _header(view: View, chosen: str) -> None:
    with ui.element("header").classes("bar"):
        ui.html("even<span>flow</span>", sanitize=False).classes("brand")
        ui.label("Planner console").classes("chip")
        ui.label(f"network {view.version}").classes("chip")
        if view.simulated:
            ui.label("simulated data").classes("chip sim").tooltip(view.simulated)
        ui.element("div").classes("space")
        if view.plan is not None:
            link("Plan as Excel", "/v1/plan.xlsx").classes("main")
            link("Plan as CSV", "/v1/plan.csv")
        link("API", "/docs")
    with ui.element("nav").classes("views"):
        for name, title in {"": "Today", **{name: title for name, (title, _) in VIEWS.items()}}.items():
            made = link(title, f"/console/?view={name}" if name else "/console/")
            if name == (chosen if chosen in VIEWS else ""):
                made.classes("chosen").props('aria-current="page"')


def _body(house: House, view: View) -> None:
    if view.simulated:
        ui.label(f"{view.simulated} Nothing simulated describes a real company or person.").classes("sub")
    if view.empty:
        _nothing_computed()
        return
    with ui.element("div").classes("tiles"):
        for place, (name, value, note) in enumerate(view.tiles()):
            _tile(name, value, note, alert=place == 0 and len(view.attention) > 0)
    attention_card(house, view)
    with ui.element("div").classes("two"):
        _forecast_card(view)
        _plan_card(view)
    _match_card(view)


def _nothing_computed() -> None:
    """Say how to compute, with the address this page came from."""
    request = ui.context.client.request
    server = f"{request.url.scheme}://{request.url.netloc}"
    curl = "curl -X POST -H 'Content-Type: application/json' -d '{}' " + server
    with card("Nothing has been computed on this network yet", "Ask for forecasts and a plan, then look again."):
        for command in (f"{curl}/v1/forecasts", f"{curl}/v1/plans"):
            ui.label(command).classes("code")
        ui.label("Or all of it and the routes of its orders, on the command line: evenflow run").classes("sub")
        link("Look again", "/console/")


def _tile(name: str, value: str, note: str, *, alert: bool) -> None:
    with ui.element("div").classes("tile alert" if alert else "tile"):
        ui.label(name).classes("name")
        ui.label(value).classes("value")
        ui.label(note).classes("note")


def _forecast_card(view: View) -> None:
    names = view.series()
    if view.forecast is not None and names:
        _chosen_card(
            "Demand forecast",
            "sell-through in pieces a day, and its range",
            names,
            lambda name: forecast_chart(*view.one_series(name)),
            series_grid(view.forecast),
        )


def _plan_card(view: View) -> None:
    names = view.resources()
    if view.load is not None and names:
        _chosen_card(
            "Level-loaded plan",
            "hours per resource against its capacity",
            names,
            lambda name: load_chart(*view.one_resource(name)),
            resource_grid(view.load),
        )


def _chosen_card(
    title: str, sub: str, names: list[str], draw: Callable[[str], dict[str, Any]], table: dict[str, Any]
) -> None:
    """Show a chart of one name, and a table of all of them to choose from."""
    key = table["columnDefs"][0]["field"]
    with card(title, sub) as head:
        chart = ui.echart(draw(names[0])).classes("chart")

        def show(event: ValueChangeEventArguments[Any]) -> None:
            chart.options.clear()
            chart.options.update(draw(event.value))
            chart.update()

        with head.default_slot.children[0]:
            choice = ui.select(names, value=names[0], with_input=True, on_change=show)
            choice.props("dense outlined options-dense").classes("pick")
        grid = ui.aggrid(table, auto_size_columns=False).classes("grid")
        grid.style(f"height: {40 + 34 * min(6, len(names))}px")
        grid.on("cellClicked", lambda event: choice.set_value(event.args["data"][key]), ["data"])


def _match_card(view: View) -> None:
    if view.matches is None:
        return
    with card("Matches of the day", "who fills which order, why, and who came second"):
        ui.aggrid(match_grid(view.matches), auto_size_columns=False).classes("grid").style("height: 420px")
