"""`evenflow buyers`: a ledger of trades in, buyer scorecards out."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli import output

__all__ = ["buyers"]


def buyers(
    *,
    ledger: Annotated[
        Path, typer.Option(help="Events: trade_id, buyer_id, supplier_id, at, event, amount_fen[, due_at …].")
    ],
    as_of: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Day for which to score.")],
    out: Annotated[Path, typer.Option(help="Scorecards to write (.csv or .parquet).")],
    parties: Annotated[
        Path | None, typer.Option(help="Parties: id, kind[, region]; buyers of both are each other's prior.")
    ] = None,
    terms: Annotated[
        Path | None, typer.Option(help="Terms: buyer_id, supplier_id, limit_fen, terms_days; when invoices are due.")
    ] = None,
    evidence: Annotated[
        Path | None, typer.Option(help="Ratings, audits, certificates: party_id, at, source, kind, aspect …")
    ] = None,
    params: Annotated[Path | None, typer.Option(help="TOML with a table `scorecard`: how evidence counts.")] = None,
    parts: Annotated[
        Path | None, typer.Option(help="Table to write of what each rate is made of (.csv or .parquet).")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Taken like everywhere; nothing here is drawn at random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Score buyers by their trades: days to payment, paid late, cancelled, disputed.

    Example: evenflow buyers --ledger ledger.csv --as-of 2026-03-02 --out buyers.csv
    """
    import pandas as pd

    from services.score_buyers import score_buyers
    from services.score_files import check_outputs, read_files, read_params, write_cards

    del seed
    check_outputs(out, parts, ledger, parties, terms, evidence, params)
    tables, names = read_files(ledger=ledger, parties=parties, terms=terms, evidence=evidence)
    report = score_buyers(**tables, as_of=pd.Timestamp(as_of), params=read_params(params), sources=names)
    write_cards(report.cards, out, parts)
    output.emit(report.summary | {"out": str(out)}, as_json=as_json, title="buyers")
