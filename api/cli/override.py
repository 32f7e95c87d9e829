"""`evenflow override`: a planner's adjustment beside the statistical forecast, and what it was worth afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from api.cli.output import emit
from api.settings import read_settings
from contracts.errors import InputError


def override(
    *,
    series: str | None = typer.Option(None, help="Series, or a node: total, region=North, region+category=North+soap."),
    start: str | None = typer.Option(None, "--from", help="First day, YYYY-MM-DD."),
    end: str | None = typer.Option(None, "--to", help="Last day, YYYY-MM-DD."),
    factor: float | None = typer.Option(None, help="Times the forecast."),
    pieces: float | None = typer.Option(None, help="New total of these days, spread in proportion."),
    by: str = typer.Option("", help="Who adjusts (or takes back)."),
    reason: str = typer.Option("", help="Why, in a word that recurs: its value added is measured by it."),
    note: str = typer.Option("", help="Why, in a sentence."),
    withdraw: str | None = typer.Option(None, help="Take the override of this id back."),
    report: bool = typer.Option(False, "--report", help="What overrides were worth, by planner and reason."),
    home: Path | None = typer.Option(None, help="Folder of the loaded network; EVENFLOW_HOME by default."),
    out: Path | None = typer.Option(None, help="Also write the list or the report there (.csv or .parquet)."),
    seed: int = typer.Option(0, min=0, help="Taken like everywhere; nothing is drawn at random."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Adjust a forecast of the loaded network; without --series list the adjustments, with --report judge them.

    The statistical forecast stays; plans use what the adjustments make of it.

    Example: evenflow override --series total --from 2026-11-09 --to 2026-11-11 --factor 1.3 --by li --reason fair
    """
    del seed
    from services.files import check_writable

    if out is not None:
        check_writable(out)
    root = read_settings(home=home).home
    if series is not None:
        title = "Adjusted"
        told = _adjusted(
            root, start, unique_id=series, end=end, factor=factor, pieces=pieces, by=by, reason=reason, note=note
        )
    elif withdraw is not None:
        title, told = "Taken back", _withdrawn(root, withdraw, by, reason)
    else:
        title, told = ("Value added", _report(root)) if report else ("Overrides", _listed(root))
        _write(told["rows"], out)
    emit(told if as_json else _brief(told), as_json=as_json, title=title)


def _adjusted(root: Path, start: str | None, **asked: Any) -> dict[str, Any]:
    from dataclasses import asdict

    from services.overrides import Adjustment, adjust
    from store.home import Home

    if start is None:
        raise InputError("--from", "a day as YYYY-MM-DD", "nothing")
    asked["end"] = asked["end"] or start
    made = adjust(root, Home(root).current(), Adjustment(start=start, **asked))
    totals = {name: sum(getattr(made, name)) for name in ("statistical", "old", "new")}
    return asdict(made) | {"total": totals}


def _withdrawn(root: Path, override_id: str, by: str, reason: str) -> dict[str, Any]:
    from services.overrides import withdraw

    return withdraw(root, override_id, by=by, reason=reason)


def _listed(root: Path) -> dict[str, Any]:
    from services.overrides import list_overrides

    return {"rows": list_overrides(root)}


def _report(root: Path) -> dict[str, Any]:
    from services.overrides import override_report
    from store.home import Home

    return {"rows": override_report(root, Home(root).current())}


def _write(rows: list[dict[str, Any]], out: Path | None) -> None:
    import pandas as pd

    from services.files import write_table

    if out is not None:
        plain = [{key: cell for key, cell in row.items() if not isinstance(cell, list | dict)} for row in rows]
        write_table(pd.DataFrame(plain), out)


def _brief(told: dict[str, Any]) -> dict[str, Any]:
    """Return what fits a table for people: totals instead of days."""
    if "rows" in told:
        return {str(row.get("id") or f"{row['by']}, {row['reason']}"): _line(row) for row in told["rows"]} or {
            "none": "-"
        }
    return {key: value for key, value in told.items() if key not in ("days", "statistical", "old", "new", "record")}


def _line(row: dict[str, Any]) -> str:
    if "value_added" in row:
        words = f"{row['overrides']} overrides, {row['days']} days, WAPE {row['wape_statistical']:.3f} without"
        return f"{words} and {row['wape_final']:.3f} with them: {row['value_added']:+.3f}"
    state = " (taken back)" if row["withdrawn"] else ""
    what = f"{row['unique_id']} {row['start']} to {row['end']}: {row['kind']} {row['value']:g}"
    return f"{what}, {row['by']}, {row['reason']}{state}"
