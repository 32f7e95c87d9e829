"""What the command line prints: progress on standard error, figures or one JSON object on standard output."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
        table.add_row(name, _shown(value))
    Console().print(table)


def to_json(value: Any) -> bytes:
    """Encode plain data, numpy included; NaN becomes null."""
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    return str(value)


def _shown(value: Any) -> str:
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
        return str(part["detail"]) if "detail" in part else ", ".join(f"{k} {_shown(v)}" for k, v in part.items())
    return _shown(part)


def _limited(lines: list[str]) -> list[str]:
    if len(lines) <= MOST_LINES:
        return lines
    return [*lines[: MOST_LINES - 1], f"... and {len(lines) - MOST_LINES + 1} more (--json has them all)"]
