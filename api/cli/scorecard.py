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
    evidence: Annotated[
        Path | None, typer.Option(help="Ratings, inspections, certificates: party_id, at, source, kind, aspect …")
    ] = None,
    faults: Annotated[
        Path | None, typer.Option(help="Claims led back to parties: party_id, at, pieces[, delivery_id].")
    ] = None,
    params: Annotated[Path | None, typer.Option(help="TOML with a table `scorecard`: how evidence counts.")] = None,
    parts: Annotated[
        Path | None, typer.Option(help="Table to write of what each rate is made of (.csv or .parquet).")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Taken like everywhere; nothing here is drawn at random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Score suppliers: on time and in full, lead time, fill rate, defects, composition, the next delivery's lateness.

    Example: evenflow scorecard --deliveries deliveries.csv --as-of 2026-03-02 --out scorecards.csv
    """
    import pandas as pd

    from services.score_files import check_outputs, read_files, read_params, write_cards
    from services.score_suppliers import score_suppliers

    del seed
    check_outputs(out, parts, deliveries, evidence, faults, params)
    tables, names = read_files(deliveries=deliveries, evidence=evidence, faults=faults)
    report = score_suppliers(**tables, as_of=pd.Timestamp(as_of), params=read_params(params), sources=names)
    write_cards(report.cards, out, parts)
    output.emit(report.summary | {"out": str(out)}, as_json=as_json, title="scorecard")
