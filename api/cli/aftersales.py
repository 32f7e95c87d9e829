"""`evenflow aftersales`: claims and lots in, who is probably at fault out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli import output

__all__ = ["aftersales"]


_Claims = Annotated[
    Path, typer.Option(help="Claims: claim_id, lot_id, at, kind, pieces, amount_fen[, buyer_id, found_at_step …].")
]
_Lots = Annotated[
    Path, typer.Option(help="Lots: lot_id, step, party_id, process_step, role, pieces, at[, inspected …].")
]
_Out = Annotated[Path, typer.Option(help="Routes with probabilities of fault to write (.csv or .parquet).")]
_Faults = Annotated[
    Path | None, typer.Option(help="Expected claims at fault per party and day to write: evidence for scorecards.")
]
_Parties = Annotated[Path | None, typer.Option(help="Fault rates per party and role to write (.csv or .parquet).")]
_Returns = Annotated[Path | None, typer.Option(help="Pieces returned per sku and day to write (.csv or .parquet).")]
_Ledger = Annotated[Path | None, typer.Option(help="Ledger of trades: turnover per pair, for --retention.")]
_Retention = Annotated[
    Path | None, typer.Option(help="Share to keep back per buyer and supplier to write; needs --ledger.")
]
_Causes = Annotated[
    Path | None, typer.Option(help="Which role causes which kind of claim: role and a column per kind.")
]
_Quarantine = Annotated[Path | None, typer.Option(help="Rows that cannot be used, to write (.csv or .parquet).")]


def aftersales(
    *,
    claims: _Claims,
    lots: _Lots,
    out: _Out,
    faults: _Faults = None,
    parties: _Parties = None,
    returns: _Returns = None,
    ledger: _Ledger = None,
    retention: _Retention = None,
    causes: _Causes = None,
    quarantine: _Quarantine = None,
    seed: Annotated[int, typer.Option(min=0, help="Taken like everywhere; nothing here is drawn at random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Trace claims to the workshops, carriers and warehouses of their lots, with each one's probability of fault.

    Example: evenflow aftersales --claims claims.csv --lots lots.csv --out trace.csv --faults faults.csv
    """
    from contracts.errors import InputError
    from services.attribute_faults import attribute_faults
    from services.files import check_writable, read_raw, write_table

    del seed
    if retention is not None and ledger is None:
        raise InputError("--ledger", "a file, because --retention is given", "nothing")
    outs = [out, faults, parties, returns, retention, quarantine]
    for place, path in enumerate(outs):
        if path is not None:
            check_writable(path, claims, lots, ledger, causes, *outs[:place])
    files = {"claims": claims, "lots": lots, "ledger": ledger, "causes": causes}
    read = {name: None if path is None else read_raw(path) for name, path in files.items()}
    report = attribute_faults(
        read["claims"],
        read["lots"],
        causes=read["causes"],
        ledger=read["ledger"],
        sources={name: path.name for name, path in files.items() if path is not None},
    )
    frames = [report.trace, report.faults, report.parties, report.returns, report.retention, report.quarantine]
    for frame, path in zip(frames, outs, strict=True):
        if path is not None and frame is not None:
            write_table(frame, path)
    output.emit(report.summary | {"out": str(out)}, as_json=as_json, title="aftersales")
