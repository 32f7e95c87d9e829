"""What the command line prints: progress on standard error, figures or one JSON object on standard output."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, time
from typing import Any

import numpy as np
import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from contracts.progress import Report

stderr = Console(stderr=True)
MOST_LINES = 12
_BESIDE = 5


@contextmanager
def progress() -> Iterator[Report]:
    """Yield a reporter that draws one bar per stage on standard error (a terminal only)."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=stderr, disable=not stderr.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield report


def emit(summary: Mapping[str, Any], *, as_json: bool, title: str) -> None:
    """Print key figures: one JSON object, or a table for people."""
    if as_json:
        typer.echo(to_json(summary).decode())
        return
    table = Table(title=title, show_header=False, title_justify="left")
    for name, value in summary.items():
        table.add_row(name, shown(value))
    Console().print(table)


def emit_beside(columns: Mapping[str, Mapping[str, Any]], *, title: str) -> None:
    """Print alternatives side by side for people: a column each, a row per figure, as many beside as fit."""
    names = list(columns)
    figures = list(dict.fromkeys(figure for column in columns.values() for figure in column))
    for start in range(0, len(names), _BESIDE):
        beside = names[start : start + _BESIDE]
        table = Table("", title=title, title_justify="left")
        for name in beside:
            table.add_column(name, justify="right")
        for figure in figures:
            table.add_row(figure, *(shown(columns[name].get(figure)) for name in beside))
        Console().print(table)


def to_json(value: Any) -> bytes:
    """Encode plain data, numpy and dates included; NaN and NaT become null."""
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, datetime):
        return _moment(value)
    return str(value)


def _moment(value: datetime) -> str | None:
    """Return a day, or a moment if it is not midnight; None for no time at all (pandas' NaT, unequal to itself)."""
    if value != value:  # noqa: PLR0124
        return None
    return f"{value:%Y-%m-%d}" if value.timetz() == time() else value.isoformat()


def shown(value: Any) -> str:
    """Return a value as people read it."""
    if isinstance(value, float):
        return "-" if math.isnan(value) else f"{value:,.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:,.4g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, Mapping):
        return "\n".join(_limited([f"{name}: {_line(part)}" for name, part in value.items()])) or "-"
    if isinstance(value, list | tuple):
        return "\n".join(_limited([_line(part) for part in value])) or "-"
    return "-" if value is None else str(value)


def _line(part: Any) -> str:
    """Return a nested value on one line: a reason's own words, or its figures."""
    if isinstance(part, Mapping):
        return str(part["detail"]) if "detail" in part else ", ".join(f"{k} {shown(v)}" for k, v in part.items())
    return shown(part)


def _limited(lines: list[str]) -> list[str]:
    if len(lines) <= MOST_LINES:
        return lines
    return [*lines[: MOST_LINES - 1], f"... and {len(lines) - MOST_LINES + 1} more (--json has them all)"]
