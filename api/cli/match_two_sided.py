"""`evenflow match-two-sided`: sellers and offers in, pairs within every cap out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli import output

__all__ = ["match_two_sided"]


def match_two_sided(
    *,
    sellers: Annotated[Path, typer.Option(help="Sellers: seller_id, cap[, period].")],
    offers: Annotated[Path, typer.Option(help="Offers: offer_id, cap[, period].")],
    pairs: Annotated[
        Path, typer.Option(help="Pairs: seller_id, offer_id, value[, seller_value, offer_value, period, state].")
    ],
    out: Annotated[Path, typer.Option(help="Pairs matched (.csv or .parquet).")],
    blocking: Annotated[
        Path | None, typer.Option(help="Pairs that would rather have each other, with what giving in would cost.")
    ] = None,
    stable: Annotated[bool, typer.Option("--stable", help="The match without blocking pairs instead.")] = False,
    gap: Annotated[float, typer.Option(help="Certified gap at which a match is good enough.")] = 5e-3,
    seed: Annotated[int, typer.Option(min=0, help="Taken like everywhere; nothing here is drawn at random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Match sellers with offers for the highest joint value: both sides opt in, may refuse and have caps.

    Example: evenflow match-two-sided --sellers sellers.csv --offers offers.csv --pairs pairs.csv --out matched.csv
    """
    from services.files import check_writable, read_raw, write_table
    from services.match_two_sided import match_two_sided as solve

    del seed
    paths = {"sellers": sellers, "offers": offers, "pairs": pairs}
    for path, other in ((out, blocking), (blocking, out)):
        if path is not None:
            check_writable(path, *paths.values(), other)
    sources = {name: path.name for name, path in paths.items()}
    report = solve(*(read_raw(path) for path in paths.values()), stable=stable, gap=gap, sources=sources)
    write_table(report.matches, out)
    if blocking is not None:
        write_table(report.blocking, blocking)
    output.emit(report.summary | {"out": str(out)}, as_json=as_json, title="match-two-sided")
