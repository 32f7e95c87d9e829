"""`evenflow compare`: champion against challenger on the same origins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from api.cli.output import emit, progress
from api.cli.series_files import (
    CALENDAR,
    HOME,
    KNOWN,
    NAME,
    ORIGINS,
    SALES,
    STATIC,
    only_decisions,
    series_tables,
    weights_name,
)
from api.settings import read_settings


def compare(
    *,
    sales: Path | None = SALES,
    static: Path | None = STATIC,
    known: Path | None = KNOWN,
    calendar: Path | None = CALENDAR,
    decisions: Path | None = typer.Option(None, help="Compare match weights on these decisions, later than learnt."),
    name: str = NAME,
    champion: str | None = typer.Option(None, help="Version to beat; the champion by default."),
    challenger: str | None = typer.Option(None, help="Version that wants to serve; the challenger by default."),
    origins: int = ORIGINS,
    hierarchy: str = typer.Option("", help="Static columns whose groups are scored, too."),
    home: Path | None = HOME,
    out: Path | None = typer.Option(None, help="Also write the measures there, by origin and level."),
    seed: int = typer.Option(0, min=0, help="Seed of the interval's draws."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Score the challenger against the champion on the same origins, and say which is better by how much.

    Example: evenflow compare --sales sales.csv --static static.csv
    """
    settings = read_settings(home=home)
    if decisions is not None or name in {"match_weights", "offers"}:
        only_decisions({"--sales": sales, "--static": static, "--known": known, "--calendar": calendar, "--out": out})
        versions = {"champion": champion, "challenger": challenger}
        emit(_replayed(settings.home, decisions, name, seed, **versions), as_json=as_json, title="Compared")
        return
    from services.champion import shelf_of
    from services.compare_models import compare_models, comparison_table, two_models
    from services.files import check_writable, write_table

    if out is not None:
        check_writable(out, sales, static, known, calendar)
    pair = two_models(shelf_of(settings.home, name), champion, challenger)
    tables, _ = series_tables(settings.home, sales=sales, static=static, known=known, calendar=calendar)
    levels = [part.strip() for part in hierarchy.split(",") if part.strip()]
    with progress() as report:
        found = compare_models(*pair, tables, origins=origins, hierarchy=levels, seed=seed, progress=report)
    if out is not None:
        write_table(comparison_table(found), out)
    emit(found if as_json else found | {"origins": _brief(found)}, as_json=as_json, title="Compared")


def _replayed(home: Path, decisions: Path | None, name: str, seed: int, **versions: str | None) -> dict[str, Any]:
    """Compare match weights, or offer models, by replaying them."""
    from services.files import read_raw
    from services.learn_weights import compare_weights
    from services.offer_models import compare_offers

    if decisions is None and name == "offers":
        return compare_offers(home, champion=versions["champion"], challenger=versions["challenger"], seed=seed)

    return compare_weights(
        home,
        name=weights_name(name),
        decisions=None if decisions is None else read_raw(decisions),
        seed=seed,
        **versions,
        source="decisions" if decisions is None else decisions.name,
    )


def _brief(found: dict[str, Any]) -> list[str]:
    return [f"{row['origin']} ({row['how']}): {_pair(row, 'wrmsse')}, {_pair(row, 'wape')}" for row in found["origins"]]


def _pair(row: dict[str, Any], measure: str) -> str:
    return f"{measure.upper()} {row['champion'][measure]:.4g} and {row['challenger'][measure]:.4g}"
