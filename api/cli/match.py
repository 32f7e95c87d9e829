"""`evenflow match`: orders and candidates in, a certified allocation out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from api.cli import output

__all__ = ["match"]

_Candidates = Annotated[
    Path, typer.Option(help="Candidates: order_id, supplier_id, score (or parts and --weights)[, load …].")
]
_Unsplit = Annotated[bool, typer.Option("--unsplit", help="One supplier serves a whole order or nobody does.")]
_Why = Annotated[
    Path | None, typer.Option(help="Every candidate, supplier and unserved order in words (.csv or .parquet).")
]


def match(
    *,
    orders: Annotated[Path, typer.Option(help="Orders: order_id, pieces[, unmatched_penalty, buyer_id].")],
    suppliers: Annotated[Path, typer.Option(help="Suppliers: supplier_id, capacity.")],
    candidates: _Candidates,
    out: Annotated[Path, typer.Option(help="Allocation to write (.csv or .parquet).")],
    weights: Annotated[Path | None, typer.Option(help="TOML of score weights, for candidates without score.")] = None,
    credit: Annotated[Path | None, typer.Option(help="Credit lines: buyer_id, supplier_id, limit.")] = None,
    unsplit: _Unsplit = False,
    floor: Annotated[float, typer.Option(help="Guaranteed share of each supplier's proportional part, 0 to 1.")] = 0.0,
    method: Annotated[Literal["auto", "auction", "exact", "greedy"], typer.Option(help="How to solve.")] = "auto",
    why: _Why = None,
    language: Annotated[Literal["en", "zh"], typer.Option(help="Language of the words.")] = "en",
    seed: Annotated[int, typer.Option(min=0, help="Seed (of improving whole orders of uneven loads).")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Match orders with suppliers: who serves how many pieces of what, at which price, and why not.

    Example: evenflow match --orders orders.csv --suppliers suppliers.csv --candidates candidates.csv --out matches.csv
    """
    from matching.score import ScoreWeights
    from services.files import check_writable, read_raw, write_table
    from services.match_orders import match_orders

    for path in (out, why) if why else (out,):
        check_writable(path, orders, suppliers, candidates, weights, credit, why if path is out else out)
    paths = {"orders": orders, "suppliers": suppliers, "candidates": candidates}
    with output.progress() as progress:
        report = match_orders(
            *(read_raw(path) for path in paths.values()),
            weights=None if weights is None else ScoreWeights.from_file(weights),
            credit=None if credit is None else read_raw(credit),
            unsplit=unsplit,
            floor=floor,
            method=method,
            seed=seed,
            language=None if why is None else language,
            sources={name: path.name for name, path in (paths | ({"credit": credit} if credit else {})).items()},
            progress=progress,
        )
    write_table(report.allocation, out)
    if why is not None and report.told is not None:
        write_table(report.told, why)
    output.emit(report.summary | {"out": str(out)}, as_json=as_json, title="match")
