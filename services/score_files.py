"""Scorecards' parameter and output files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from contracts.errors import InputError
from contracts.params import params_from, read_toml
from graph.scorecards.cards import Cards
from graph.scorecards.params import ScorecardParams
from services.files import check_writable, read_raw, write_table

__all__ = ["check_outputs", "read_files", "read_params", "write_cards"]


def check_outputs(out: Path, parts: Path | None, *inputs: Path | None) -> None:
    """Raise before any computation if an output could not be written or is another file of the command."""
    check_writable(out, parts, *inputs)
    if parts is not None:
        check_writable(parts, *inputs)


def read_files(**paths: Path | None) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """Return the raw tables that are given, and their files' names for messages, both by table."""
    given = {name: path for name, path in paths.items() if path is not None}
    return {name: read_raw(path) for name, path in given.items()}, {name: path.name for name, path in given.items()}


def read_params(path: Path | None) -> ScorecardParams:
    """Return the parameters in a TOML file's table ``[scorecard]``; the defaults without a file.

    Raises
    ------
    InputError
        If the file is none, or a name or value is wrong; names it.
    """
    if path is None:
        return ScorecardParams()
    tables = read_toml(path)
    for name, table in tables.items():
        if name != "scorecard" or not isinstance(table, dict):
            raise InputError(path.name, "one table [scorecard]", name)
    return params_from(tables.get("scorecard", {}), ScorecardParams, where=f"{path.name} [scorecard]")


def write_cards(cards: Cards, out: Path, parts: Path | None) -> None:
    """Write the cards, and what each rate is made of if asked."""
    made_of = None if parts is None else cards.parts()
    write_table(cards.frame, out)
    if parts is not None and made_of is not None:
        write_table(made_of, parts)
