"""`evenflow credit`: a ledger of trades in, credit positions out."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli import output

__all__ = ["credit"]


_Ledger = Annotated[
    Path, typer.Option(help="Ledger: trade_id, buyer_id, supplier_id, at, event, amount_fen[, due_at, event_id].")
]
_AsOf = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Day for which to compute.")]
_Out = Annotated[Path, typer.Option(help="Positions per buyer and supplier to write (.csv or .parquet).")]
_Terms = Annotated[
    Path | None, typer.Option(help="Terms: buyer_id, supplier_id, limit_fen, terms_days[, retained_share …].")
]
_Room = Annotated[
    Path | None, typer.Option(help="Credit lines still free to write, as `evenflow match --credit` takes them.")
]
_Concentration = Annotated[Path | None, typer.Option(help="Concentration per party to write (.csv or .parquet).")]
_Irregularities = Annotated[
    Path | None, typer.Option(help="Trades whose events cannot be, to write (.csv or .parquet).")
]
_Quarantine = Annotated[Path | None, typer.Option(help="Rows that cannot be used, to write (.csv or .parquet).")]


def credit(
    *,
    ledger: _Ledger,
    as_of: _AsOf,
    out: _Out,
    terms: _Terms = None,
    room: _Room = None,
    concentration: _Concentration = None,
    irregularities: _Irregularities = None,
    quarantine: _Quarantine = None,
    seed: Annotated[int, typer.Option(min=0, help="Taken like everywhere; nothing here is drawn at random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compute who owes whom: exposure, limit and room, ageing, disputed and retained parts, per buyer and supplier.

    Example: evenflow credit --ledger ledger.csv --terms terms.csv --as-of 2026-03-02 --out positions.csv
    """
    import pandas as pd

    from graph.credit.positions import credit_room
    from services.credit_positions import compute_credit
    from services.files import check_writable, read_raw, write_table

    del seed
    outs = [out, room, concentration, irregularities, quarantine]
    for place, path in enumerate(outs):
        if path is not None:
            check_writable(path, ledger, terms, *outs[:place])
    agreed = None if terms is None else read_raw(terms)
    names = (ledger.name, "terms" if terms is None else terms.name)
    report = compute_credit(read_raw(ledger), agreed, as_of=pd.Timestamp(as_of), sources=names)
    result = report.result
    frames = [result.positions, credit_room(result.positions), result.concentration, result.irregularities]
    for frame, path in zip([*frames, report.quarantine], outs, strict=True):
        if path is not None:
            write_table(frame, path)
    output.emit(report.summary | {"out": str(out)}, as_json=as_json, title="credit")
