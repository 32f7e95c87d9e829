"""`evenflow offers`: styles offered to small sellers, both sides willing, within every cap, on days that keep level."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli import output
from contracts.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from forecast.offers.model import OfferModel
    from services.make_offers import Made
    from services.offer_cake import Cake

__all__ = ["offers"]

Sellers = Annotated[Path, typer.Option(help="Small sellers: seller_id, audience[, categories, price_fen, …].")]
Styles = Annotated[Path, typer.Option(help="Styles: style_id, category, price_fen, margin_fen[, …].")]
History = Annotated[Path, typer.Option(help="What became of earlier offers, which is learned from.")]
Out = Annotated[Path, typer.Option(help="Offers made (.csv or .parquet).")]
Answers = Annotated[Path | None, typer.Option(help="Answers so far: seller_id, style_id, state[, promote_on, pieces].")]
Refusals = Annotated[Path | None, typer.Option(help="Pairs that are not offered, each with its reason.")]
Free = Annotated[
    Path | None,
    typer.Option(help="Free factory hours: ds, free_hours[, coming_hours, shopping]; gives each offer its day."),
]
Days = Annotated[Path | None, typer.Option(help="With --free: hours of orders per day, and the level line.")]
Curve = Annotated[Path | None, typer.Option(help="With --free: days_after, share: how orders follow a promotion.")]
Loss = Annotated[float, typer.Option(help="With --free: share of its orders a promotion loses per day it waits.")]
Seller = Annotated[
    str | None, typer.Option(help="Pull: write what this one seller finds instead, ranked, with reasons.")
]
Style = Annotated[str | None, typer.Option(help="Push: write the sellers to propose this one style to instead.")]
Rules = Annotated[Path | None, typer.Option(help="The agreement (TOML) that offers would be settled by.")]
Role = Annotated[str | None, typer.Option(help="With --rules: the role that sellers play in it; kol, seller or guide.")]
Parties = Annotated[Path | None, typer.Option(help="With --rules: who left, took over or brought whom.")]
Shares = Annotated[Path | None, typer.Option(help="What each party would get of each offer, to write.")]
Model = Annotated[
    str | None,
    typer.Option(help="champion: expect by the promoted model (`evenflow train --promotions`); else learn anew."),
]
Home = Annotated[Path | None, typer.Option(help="With --model: the home; EVENFLOW_HOME by default.")]
Limits = Annotated[Path | None, typer.Option(help="Limits of the house (TOML: approaches_per_week = 3 …).")]
Today = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day planned; else the day after the history.")
]
Weeks = Annotated[int, typer.Option(min=1, max=52, help="Weeks whose approaches count.")]
Seed = Annotated[int, typer.Option(min=0, help="Decides among equals.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def offers(
    *,
    sellers: Sellers,
    styles: Styles,
    history: History,
    out: Out,
    answers: Answers = None,
    refusals: Refusals = None,
    free: Free = None,
    days: Days = None,
    curve: Curve = None,
    loss_per_day: Loss = 0.0,
    seller: Seller = None,
    style: Style = None,
    rules: Rules = None,
    seller_role: Role = None,
    parties: Parties = None,
    shares: Shares = None,
    model: Model = None,
    home: Home = None,
    limits: Limits = None,
    today: Today = None,
    weeks: Weeks = 1,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Offer styles to small sellers: the most sales per offer shown, within every cap, with a reason for every refusal.

    Example: evenflow offers --sellers sellers.csv --styles styles.csv --history history.csv --out offers.csv
    """
    chosen = {"--seller": seller, "--style": style, "--free": free}
    _require_one(chosen, with_free={"--days": days, "--curve": curve})
    paths = {"sellers": sellers, "styles": styles, "history": history, "answers": answers, "free": free, "curve": curve}
    paths |= {"parties": parties}
    outs = {"out": out, "refusals": refusals, "days": days, "shares": shares}
    raw = _read(paths, outs=[path for path in outs.values() if path is not None], others=[limits, rules])
    sources = {name: path.name for name, path in paths.items() if path is not None}
    cake = _cake(rules, seller_role, raw["parties"])
    settings: dict[str, Any] = {"model": model, "home": home, "limits": limits, "today": today, "weeks": weeks}
    made = _made(raw, sources, seed=seed, cake=cake, **settings)
    told = _written(made, raw, sources, (out, days), seller=seller, style=style, loss_per_day=loss_per_day, seed=seed)
    _write_also(made, refusals=refusals, shares=shares)
    output.emit(made.summary | told | {"out": str(out)}, as_json=as_json, title="offers")


def _cake(rules: Path | None, seller_role: str | None, parties: pd.DataFrame | None) -> Cake | None:
    from services.offer_cake import cake_of
    from settlement.rule_files import read_rules

    if rules is None:
        lost = {"--seller-role": seller_role, "--parties": parties}
        for name in (name for name, value in lost.items() if value is not None):
            raise InputError(name, "--rules with it", "nothing")
        return None
    return cake_of(read_rules(rules), seller_role, parties)


def _write_also(made: Made, **outs: Path | None) -> None:
    from services.files import write_table

    for name, path in outs.items():
        if path is not None:
            write_table(getattr(made, name)(), path)


def _require_one(chosen: dict[str, Any], with_free: dict[str, Any]) -> None:
    given = [name for name, value in chosen.items() if value is not None]
    if len(given) > 1:
        raise InputError(", ".join(chosen), "one of them at most", " and ".join(given))
    lost = [name for name, value in with_free.items() if value is not None]
    if lost and chosen["--free"] is None:
        raise InputError(lost[0], "--free with it", "nothing")


def _read(
    paths: dict[str, Path | None], *, outs: list[Path], others: list[Path | None]
) -> dict[str, pd.DataFrame | None]:
    from services.files import check_writable, read_raw

    for at, path in enumerate(outs):
        check_writable(path, *paths.values(), *others, *outs[:at], *outs[at + 1 :])
    return {name: None if path is None else read_raw(path) for name, path in paths.items()}


def _made(
    raw: dict[str, Any],
    sources: dict[str, str],
    *,
    model: str | None,
    home: Path | None,
    limits: Path | None,
    today: datetime | None,
    weeks: int,
    seed: int,
    cake: Cake | None,
) -> Made:
    import pandas as pd

    from services.make_offers import make_offers
    from services.offer_book import offer_book
    from services.offer_params import read_limits

    learnt = _champion(model, home)
    params, first = read_limits(limits), None if today is None else pd.Timestamp(today)
    tables = [raw[name] for name in ("sellers", "styles", "history", "answers")]
    with output.progress() as report:
        book = offer_book(*tables, params=params, today=first, weeks=weeks, sources=sources, cake=cake, model=learnt)
        return make_offers(book, seed=seed, progress=report)


def _champion(model: str | None, home: Path | None) -> OfferModel | None:
    from api.settings import read_settings
    from services.offer_models import champion_offers

    if model is None:
        if home is not None:
            raise InputError("--home", "--model with it", "nothing")
        return None
    if model != "champion":
        raise InputError("--model", "champion, or nothing to learn anew", model)
    return champion_offers(read_settings(home=home).home)[0]


def _written(
    made: Made, raw: dict[str, Any], sources: dict[str, str], outs: tuple[Path, Path | None], *,
    seller: str | None, style: str | None, loss_per_day: float, seed: int,
) -> dict[str, Any]:  # fmt: skip
    """Write what was asked for, and return what there is to add to the figures."""
    from services.files import write_table
    from services.make_offers import offers_for_seller, sellers_for_style
    from services.schedule_offers import schedule_offers

    out, days = outs
    if seller is not None:
        write_table(offers_for_seller(made, seller), out)
    elif style is not None:
        write_table(sellers_for_style(made, style), out)
    elif raw["free"] is None:
        write_table(made.offers(), out)
    else:
        planned = schedule_offers(
            made, raw["free"], curve=raw["curve"], loss_per_day=loss_per_day, seed=seed, sources=sources
        )
        write_table(planned.offers, out)
        if days is not None:
            write_table(planned.days, days)
        return {"schedule": planned.summary}
    return {}
