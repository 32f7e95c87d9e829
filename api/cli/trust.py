"""`evenflow trust`: who trusts whom in, who can be relied on and why out."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli import output
from api.settings import read_settings
from contracts.errors import InputError

if TYPE_CHECKING:
    from services.score_trust import TrustReport

__all__ = ["trust"]

_Relations = Annotated[
    Path | None,
    typer.Option(help="Judgements: src, dst, weight (negative = distrust)[, at]; the loaded network's without it."),
]
_Day = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day for which to score; the latest by default.")
]
_Walk = Annotated[bool, typer.Option("--walk", help="Score by signed walks from the seeds, or from each who asks.")]
_Explain = Annotated[
    int, typer.Option(min=0, max=100, help="Tell this many paths that carried each score; implies --walk.")
]


def trust(
    *,
    out: Annotated[Path, typer.Option(help="Scores to write (.csv or .parquet).")],
    relations: _Relations = None,
    vouches: Annotated[Path | None, typer.Option(help="Who vouches for whom: src, dst[, at].")] = None,
    as_of: _Day = None,
    seeds: Annotated[str, typer.Option(help="Ids trusted beforehand, joined by commas.")] = "",
    pairs: Annotated[Path | None, typer.Option(help="Pairs src, dst to score instead of parties.")] = None,
    walk: _Walk = False,
    explain: _Explain = 0,
    home: Annotated[Path | None, typer.Option(help="Folder of loaded networks; EVENFLOW_HOME by default.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Taken like everywhere; nothing here is drawn at random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Score who can be relied on: everybody's judgements, each counted as much as its giver is trusted.

    Example: evenflow trust --relations judgements.csv --seeds D1,D2 --out trust.csv
    """
    import pandas as pd

    from services.files import check_writable, read_raw, write_table

    del seed
    check_writable(out, relations, vouches, pairs)
    options: dict[str, Any] = {
        "as_of": None if as_of is None else pd.Timestamp(as_of),
        "seeds": [word.strip() for word in seeds.split(",") if word.strip()],
        "pairs": None if pairs is None else read_raw(pairs),
        "walk": walk,
        "explain": explain,
    }
    named = {"relations": relations, "vouches": vouches, "pairs": pairs}
    report = _scored(home, {name: path for name, path in named.items() if path is not None}, options)
    write_table(report.scores, out)
    output.emit(report.summary | {"out": str(out)}, as_json=as_json, title="trust")


def _scored(home: Path | None, files: dict[str, Path], options: dict[str, Any]) -> TrustReport:
    """Score by the files given, or by the loaded network."""
    from services.files import read_raw
    from services.score_trust import score_loaded_trust, score_trust
    from store.home import Home

    options["sources"] = {name: path.name for name, path in files.items()}
    if "relations" in files:
        vouches = read_raw(files["vouches"]) if "vouches" in files else None
        return score_trust(read_raw(files["relations"]), vouches=vouches, **options)
    if "vouches" in files:
        raise InputError("--vouches", "--relations beside it", "the loaded network, which has its own")
    return score_loaded_trust(Home(read_settings(home=home).home).current(), **options)
