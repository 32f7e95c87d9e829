"""The planner's first card: what needs a decision, by money at stake; a click closes one with what was done."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from nicegui import run, ui

from api.console.audit import audited, who_asks
from api.console.parts import card
from api.console.tables import attention_grid
from api.console.view import View
from api.http.house import House
from contracts.errors import EvenflowError
from services.exceptions import close_exception, list_exceptions

__all__ = ["attention_card", "open_exceptions"]

_COLUMNS = ["id", "kind", "subject", "place", "when", "amount", "unit", "stake_fen", "why", "action"]
_ROWS_SHOWN = 8


def open_exceptions(house: House) -> pd.DataFrame:
    """Return what is not closed, the most money at stake first, with the columns that the card shows."""
    found = list_exceptions(house.settings.home, house.database, now=datetime.now(UTC))
    rows = [{"id": one.id, **asdict(one.found)} for one in found if one.closed is None]
    frame = pd.DataFrame(rows, columns=_COLUMNS).rename(columns={"action": "remedy"})
    frame["when"] = pd.to_datetime(frame["when"].map(_day), errors="coerce")
    return frame


def attention_card(house: House, view: View) -> None:
    """Draw the card; a click on a row asks what was done about it."""
    with card("Needs a decision", "most money at stake first; click one to close it"):
        if view.attention.empty:
            ui.label(view.all_well).classes("sub")
            return
        shown = min(_ROWS_SHOWN, len(view.attention))
        rows = view.attention.set_index("id", drop=False)
        table = ui.aggrid(attention_grid(rows), auto_size_columns=False).classes("grid")
        table.style(f"height: {44 + 52 * shown}px")
        table.on("cellClicked", lambda event: _ask(house, rows.loc[event.args["data"]["id"]]), ["data"])


def _ask(house: House, row: pd.Series) -> None:
    with ui.dialog(value=True) as dialog, ui.card():
        ui.label(f"{row['kind']}: {row['subject']}").classes("name")
        ui.label(f"{row['why']}. What helps: {row['remedy']}.").classes("sub")
        done = ui.input("What was done").props("autofocus").classes("pick")

        async def close() -> None:
            try:
                await run.io_bound(_close, house, who_asks(), str(row["id"]), done.value or "")
            except EvenflowError as error:
                ui.notify(str(error), type="negative")
                return
            dialog.close()
            ui.navigate.reload()

        ui.button("Close it", on_click=close)


def _close(house: House, who: str, exception_id: str, done: str) -> None:
    def close() -> None:
        now = datetime.now(UTC)
        close_exception(house.settings.home, house.database, exception_id, by=who, done=done, now=now)

    audited(house, who, f"/v1/exceptions/{exception_id}/close", close, said=done)


def _day(when: Any) -> Any:
    return None if when is None or pd.isna(when) else pd.Timestamp(when).date().isoformat()
