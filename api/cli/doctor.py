"""`evenflow doctor`: examine the home and the database, and say what to do."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from api.cli.output import to_json
from api.settings import read_settings

if TYPE_CHECKING:
    from services.findings import Finding

__all__ = ["doctor"]

_SHOWN = {"well": "[green]well[/]", "watch": "[yellow]watch[/]", "wrong": "[bold red]wrong[/]"}


def doctor(
    *,
    home: Annotated[Path | None, typer.Option(help="Folder to examine; EVENFLOW_HOME by default.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Taken like everywhere; nothing is drawn at random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Examine what a server needs: home, disk, secrets, network, models, database, clock, holds, webhooks, flow, keys.

    Nothing is changed. The exit code is 1 if something is wrong; what is only to be watched leaves it 0.

    Example: evenflow doctor --home .evenflow
    """
    del seed
    from services.doctor import examine
    from store.database import Database

    settings = read_settings(home=home)
    database = Database.open(settings.database())
    try:
        findings = examine(settings.home, database, now_ms=time.time_ns() // 1_000_000)
    finally:
        database.close()
    _show(findings, as_json=as_json)
    if any(finding.state == "wrong" for finding in findings):
        raise typer.Exit(1)


def _show(findings: list[Finding], *, as_json: bool) -> None:
    if as_json:
        tally = Counter(finding.state for finding in findings)
        told = {"well": tally["wrong"] == 0, "findings": [asdict(finding) for finding in findings]}
        typer.echo(to_json(told).decode())
        return
    table = Table(title="Examined", title_justify="left")
    for column in ("check", "state", "found", "what to do"):
        table.add_column(column)
    for finding in findings:
        table.add_row(finding.check, _SHOWN[finding.state], finding.found, finding.advice)
    Console().print(table)
