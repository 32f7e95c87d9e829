"""`evenflow scorecard`: deliveries in, supplier scorecards out."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli import output

__all__ = ["scorecard"]


def scorecard(
    *,
    deliveries: Annotated[
        Path, typer.Option(help="Deliveries: supplier_id, promised_at, delivered_at[, ordered_pieces, lane …].")
    ],
    as_of: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Day for which to score.")],
    out: Annotated[Path, typer.Option(help="Scorecards to write (.csv or .parquet).")],
    seed: Annotated[int, typer.Option(min=0, help="Taken like everywhere; nothing here is drawn at random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Score suppliers by their deliveries: on time and in full, lead time, fill rate, defects, the next one's lateness.

    Example: evenflow scorecard --deliveries deliveries.csv --as-of 2026-03-02 --out scorecards.csv
    """
    import pandas as pd

    from services.files import check_writable, read_raw, write_table
    from services.score_suppliers import score_suppliers

    del seed
    check_writable(out, deliveries)
    report = score_suppliers(read_raw(deliveries), as_of=pd.Timestamp(as_of), source=deliveries.name)
    write_table(report.scorecards, out)
    output.emit(report.summary | {"out": str(out)}, as_json=as_json, title="scorecard")
