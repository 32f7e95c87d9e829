"""`evenflow trust`: who trusts whom in, who can be relied on out."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli import output

__all__ = ["trust"]


def trust(
    *,
    relations: Annotated[Path, typer.Option(help="Judgements: src, dst, weight (negative = distrust)[, at].")],
    out: Annotated[Path, typer.Option(help="Scores to write (.csv or .parquet).")],
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day for which to score; the latest by default.")
    ] = None,
    seeds: Annotated[str, typer.Option(help="Ids trusted beforehand, joined by commas.")] = "",
    pairs: Annotated[Path | None, typer.Option(help="Pairs src, dst to score instead of parties.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Taken like everywhere; nothing here is drawn at random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Score who can be relied on: everybody's judgements, each counted as much as its giver is trusted.

    Example: evenflow trust --relations judgements.csv --seeds D1,D2 --out trust.csv
    """
    import pandas as pd

    from services.files import check_writable, read_raw, write_table
    from services.score_trust import score_trust

    del seed
    check_writable(out, relations, pairs)
    report = score_trust(
        read_raw(relations),
        as_of=None if as_of is None else pd.Timestamp(as_of),
        seeds=[word.strip() for word in seeds.split(",") if word.strip()],
        pairs=None if pairs is None else read_raw(pairs),
        sources={"relations": relations.name} | ({} if pairs is None else {"pairs": pairs.name}),
    )
    write_table(report.scores, out)
    output.emit(report.summary | {"out": str(out)}, as_json=as_json, title="trust")
