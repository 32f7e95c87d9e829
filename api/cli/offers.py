"""`evenflow offers`: styles offered to small sellers, both sides willing, within every cap."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli import output
from contracts.errors import InputError

__all__ = ["offers"]


def offers(
    *,
    sellers: Annotated[Path, typer.Option(help="Small sellers: seller_id, audience[, categories, price_fen, …].")],
    styles: Annotated[Path, typer.Option(help="Styles: style_id, category, price_fen, margin_fen[, …].")],
    history: Annotated[Path, typer.Option(help="What became of earlier offers, which is learned from.")],
    out: Annotated[Path, typer.Option(help="Offers made (.csv or .parquet).")],
    answers: Annotated[
        Path | None, typer.Option(help="Answers so far: seller_id, style_id, state[, promote_on, pieces].")
    ] = None,
    refusals: Annotated[Path | None, typer.Option(help="Pairs that are not offered, each with its reason.")] = None,
    seller: Annotated[
        str | None, typer.Option(help="Pull: write what this one seller finds instead, ranked, with reasons.")
    ] = None,
    style: Annotated[
        str | None, typer.Option(help="Push: write the sellers to propose this one style to instead.")
    ] = None,
    limits: Annotated[Path | None, typer.Option(help="Limits of the house (TOML: approaches_per_week = 3 …).")] = None,
    today: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day planned; else the day after the history.")
    ] = None,
    weeks: Annotated[int, typer.Option(min=1, max=52, help="Weeks planned.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Decides among equals.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Offer styles to small sellers: the most sales per offer shown, within every cap, with a reason for every refusal.

    Example: evenflow offers --sellers sellers.csv --styles styles.csv --history history.csv --out offers.csv
    """
    import pandas as pd

    from services.files import check_writable, read_raw, write_table
    from services.make_offers import make_offers, offers_for_seller, sellers_for_style
    from services.offer_book import offer_book
    from services.offer_params import read_limits

    if seller is not None and style is not None:
        raise InputError("--seller, --style", "one of the two", "both")
    paths = {"sellers": sellers, "styles": styles, "history": history, "answers": answers}
    for path, other in ((out, refusals), (refusals, out)):
        if path is not None:
            check_writable(path, *paths.values(), limits, other)
    with output.progress() as report:
        raw = {name: None if path is None else read_raw(path) for name, path in paths.items()}
        book = offer_book(
            raw["sellers"],
            raw["styles"],
            raw["history"],
            raw["answers"],
            params=read_limits(limits),
            today=None if today is None else pd.Timestamp(today),
            weeks=weeks,
            sources={name: path.name for name, path in paths.items() if path is not None},
        )
        made = make_offers(book, seed=seed, progress=report)
    if seller is not None:
        write_table(offers_for_seller(made, seller), out)
    elif style is not None:
        write_table(sellers_for_style(made, style), out)
    else:
        write_table(made.offers(), out)
    if refusals is not None:
        write_table(made.refusals(), refusals)
    output.emit(made.summary | {"out": str(out)}, as_json=as_json, title="offers")
