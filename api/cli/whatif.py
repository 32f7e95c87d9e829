"""`evenflow whatif`: scenarios compared side by side, or the frontier of cost, fill and levelness."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.output import emit, emit_beside, progress
from contracts.errors import InputError

if TYPE_CHECKING:
    from services.compare_scenarios import WhatIfReport

__all__ = ["whatif"]


def whatif(
    *,
    resources: Annotated[Path, typer.Option(help="Capacity calendar, with `factory` where one may be down.")],
    routes: Annotated[Path, typer.Option(help="Process steps.")],
    out: Annotated[Path, typer.Option(help="One row per scenario or point to write (.csv or .parquet).")],
    demand: Annotated[Path | None, typer.Option(help="Forecast or demand.")] = None,
    scenarios: Annotated[Path | None, typer.Option(help="TOML or JSON file with a list `scenario`.")] = None,
    late: Annotated[str, typer.Option(help="Frontier: factors on the price of being late, such as 0.5,1,2.")] = "",
    firm_buckets: Annotated[str, typer.Option(help="Frontier: firm buckets, such as 0,1,2,4.")] = "",
    paths: Annotated[
        Path | None, typer.Option(help="Frontier: histories to replay (see `replay`), not --demand.")
    ] = None,
    items: Annotated[Path | None, typer.Option(help="Costs, stock and life of the items.")] = None,
    bom: Annotated[Path | None, typer.Option(help="Bill of materials.")] = None,
    firm: Annotated[Path | None, typer.Option(help="Orders that are firm already.")] = None,
    params: Annotated[Path | None, typer.Option(help=r"TOML file with \[weights], \[horizon], \[solve].")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Accepted by every command; planning is deterministic.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare plans under other demand, outages, overtime, horizons or prices; or trace cost, fill and levelness.

    Example: evenflow whatif --scenarios whatif.toml --demand forecast.csv --resources resources.csv
    --routes routes.csv --items items.csv --out whatif.csv

    Example: evenflow whatif --late 0.5,1,2 --firm-buckets 0,2,4 --paths paths.csv --resources resources.csv
    --routes routes.csv --items items.csv --out frontier.csv
    """
    del seed
    from services.files import check_writable, write_table

    files = {"demand": demand, "resources": resources, "routes": routes, "items": items, "bom": bom, "firm": firm}
    files["paths"] = paths
    check_writable(out, *files.values(), scenarios, params)
    if (scenarios is None) == (not late and not firm_buckets):
        raise InputError("--scenarios", "either --scenarios, or --late and --firm-buckets", "both or neither")
    given = {name: path for name, path in files.items() if path is not None}
    if scenarios is not None:
        found = _compared(scenarios, given, params)
    else:
        found = _frontier(
            _numbers("--late", late or "1"), _numbers("--firm-buckets", firm_buckets or "0"), given, params
        )
    write_table(found.table, out)
    if as_json:
        emit(found.summary, as_json=True, title="What if")
    else:
        emit_beside(_columns(found.summary), title="What if")


def _columns(summary: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the figures of each scenario, or point of the frontier, by its name."""
    if "scenarios" in summary:
        return {row["scenario"]: _without(row, "scenario") for row in summary["scenarios"]}
    return {f"late x {row['late']:g}, firm {row['firm']}": _without(row, "late", "firm") for row in summary["points"]}


def _without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def _compared(scenarios: Path, given: dict[str, Path], params: Path | None) -> WhatIfReport:
    from planning.scenarios import scenarios_from
    from services.compare_scenarios import compare_scenarios
    from services.files import read_raw

    _require_demand(given, without="paths")
    asked = scenarios_from(_scenario_tables(scenarios), where=scenarios.name)
    with progress() as report:
        return compare_scenarios(
            asked,
            **{name: read_raw(path) for name, path in given.items()},
            params=_terms(params)[0],
            sources={name: path.name for name, path in given.items()},
            progress=report,
        )


def _frontier(late: list[float], firm: list[float], given: dict[str, Path], params: Path | None) -> WhatIfReport:
    from services.compare_scenarios import frontier
    from services.files import read_raw

    if ("paths" in given) == ("demand" in given):
        raise InputError("--paths", "either --paths or --demand", "both" if "paths" in given else "neither")
    tables = {name: read_raw(path) for name, path in given.items()}
    names = {name: path.name for name, path in given.items()}
    terms, settings = _terms(params)
    with progress() as report:
        return frontier(
            late,
            [_whole(n) for n in firm],
            tables,
            paths=tables.pop("paths", None),
            params=terms,
            settings=settings,
            sources=names | ({"demand": names["paths"]} if "paths" in names else {}),
            progress=report,
        )


def _terms(params: Path | None) -> tuple[Any, Any]:
    """Return the parameters of plans and of replays."""
    from contracts.params import params_from, read_toml
    from planning.params import PlanParams, ReplayParams

    if params is None:
        return PlanParams(), ReplayParams()
    tables = read_toml(params)
    settings = params_from(tables.pop("replay", {}), ReplayParams, where=f"{params.name} [replay]")
    return PlanParams.from_tables(tables, where=params.name), settings


def _scenario_tables(path: Path) -> list[Any]:
    import json

    from contracts.params import read_toml

    if path.suffix == ".json":
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(str(path), "a JSON file", error) from None
    else:
        found = read_toml(path)
    listed = found.get("scenario") if isinstance(found, dict) else found
    if not isinstance(listed, list):
        raise InputError(path.name, "a list `scenario` of tables (`[[scenario]]`)", type(listed).__name__)
    return listed


def _require_demand(given: dict[str, Path], *, without: str) -> None:
    if "demand" not in given:
        raise InputError("--demand", "the demand that the scenarios change", "nothing")
    if without in given:
        raise InputError(f"--{without}", "no such table beside --scenarios", given[without])


def _numbers(option: str, text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise InputError(option, "numbers such as 0.5,1,2", text) from None


def _whole(number: float) -> int:
    if number != int(number) or number < 0:
        raise InputError("--firm-buckets", "whole numbers >= 0", number)
    return int(number)
