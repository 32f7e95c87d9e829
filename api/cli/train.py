"""`evenflow train`: a model trained, scored on earlier origins, registered and kept; it becomes the challenger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from api.cli.output import emit, progress
from api.cli.series_files import CALENDAR, HOME, KNOWN, NAME, SALES, STATIC, only_decisions, series_tables, weights_name
from api.settings import Settings, read_settings
from contracts.errors import InputError

if TYPE_CHECKING:
    from services.train_models import Training


_DECISIONS = typer.Option(
    None, help="Learn match weights instead: decision_id, supplier_id, decided_at, chosen, accepted … and parts."
)
_PROMOTIONS = typer.Option(None, help="Learn what offers bring instead, from what became of earlier ones.")
_SELLERS = typer.Option(None, help="With --promotions: the small sellers, as for `evenflow offers`.")
_OUT = typer.Option(None, help="Also write the scores there, a row per origin and model (.csv or .parquet).")


def train(
    *,
    sales: Path | None = SALES,
    static: Path | None = STATIC,
    known: Path | None = KNOWN,
    calendar: Path | None = CALENDAR,
    decisions: Path | None = _DECISIONS,
    promotions: Path | None = _PROMOTIONS,
    sellers: Path | None = _SELLERS,
    weights: Path | None = typer.Option(None, help="TOML of the match weights to start from."),
    name: str = NAME,
    horizon: int = typer.Option(28, help="Longest horizon that can be asked for, in periods, 1 to 730."),
    hierarchy: str = typer.Option("", help="Static columns to total by, e.g. store_id,dept_id,store_id+dept_id."),
    freq: str = typer.Option("D", help="Period of the data: D, W, W-MON, M, Q or Y."),
    country: str | None = typer.Option(None, help="Country whose feasts count, e.g. CN."),
    backtest: int = typer.Option(3, min=1, help="Earlier origins to score at, simple models beside ours."),
    model: str = typer.Option("auto", help="auto, lightgbm, seasonal_window, seasonal_naive, moving_level, tsb, sba."),
    reconcile: str = typer.Option("scaled", help="How levels and series agree: scaled, least_squares or bottom_up."),
    home: Path | None = HOME,
    out: Path | None = _OUT,
    seed: int = typer.Option(0, min=0, help="The same data and seed give the same model, byte for byte."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Train a forecasting model on your sales, score it, register it in mlflow and make it the challenger.

    With --decisions it learns the weights of the match score from outcomes instead (--name match_weights), with
    --promotions and --sellers what offers to small sellers bring (--name offers).

    Example: evenflow train --sales sales.csv --static static.csv --horizon 28
    """
    if any(path is not None for path in (decisions, promotions, sellers)):
        only_decisions({"--sales": sales, "--static": static, "--known": known, "--calendar": calendar, "--out": out})
        if decisions is not None:
            _learn(decisions, weights, name, home, seed, as_json=as_json)
        else:
            _learn_offers(sellers, promotions, name, home, seed, as_json=as_json)
        return
    from services.train_models import Recipe, train_model  # heavy: keeps `evenflow --help` instant

    settings = _checked(home, name, out, sales, static, known, calendar)
    tables, sources = series_tables(settings.home, sales=sales, static=static, known=known, calendar=calendar)
    how: Any = {"freq": freq, "country": country, "model": model, "reconcile": reconcile, "seed": seed}
    recipe = Recipe(horizon=horizon, hierarchy=_names(hierarchy), **how)
    where: Any = {"home": settings.home, "name": name, "uri": settings.mlflow_uri}
    with progress() as report:
        done = train_model(tables, recipe=recipe, origins=backtest, sources=sources, progress=report, **where)
    _tell(done, out, as_json=as_json)


def _checked(home: Path | None, name: str, out: Path | None, *reads: Path | None) -> Settings:
    """Tell what cannot be written, and a name that no model can have, before anything is read."""
    from services.champion import shelf_of
    from services.files import check_writable

    if out is not None:
        check_writable(out, *reads)
    settings = read_settings(home=home)
    shelf_of(settings.home, name)
    return settings


def _learn(decisions: Path, weights: Path | None, name: str, home: Path | None, seed: int, *, as_json: bool) -> None:
    from matching.score import ScoreWeights
    from services.files import read_raw
    from services.learn_weights import train_weights

    settings = read_settings(home=home)
    done = train_weights(
        read_raw(decisions),
        home=settings.home,
        prior=None if weights is None else ScoreWeights.from_file(weights),
        name=weights_name(name),
        uri=settings.mlflow_uri,
        seed=seed,
        source=decisions.name,
    )
    short = {key: done[key] for key in ("name", "version", "role", "data", "learnt", "replay")}
    emit(
        done if as_json else short | {"next": "evenflow promote --name " + done["name"]},
        as_json=as_json,
        title="Learnt",
    )


def _learn_offers(
    sellers: Path | None, promotions: Path | None, name: str, home: Path | None, seed: int, *, as_json: bool
) -> None:
    from services.files import read_raw
    from services.offer_models import train_offers

    if sellers is None or promotions is None:
        raise InputError("--promotions", "--sellers and --promotions together", "one of them")
    settings = read_settings(home=home)
    done = train_offers(
        read_raw(sellers),
        read_raw(promotions),
        home=settings.home,
        name="offers" if name == "demand" else name,
        uri=settings.mlflow_uri,
        seed=seed,
        sources={"sellers": sellers.name, "history": promotions.name},
    )
    emit(done | {"next": "evenflow promote --name " + done["name"]}, as_json=as_json, title="Learnt")


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _tell(done: Training, out: Path | None, *, as_json: bool) -> None:
    from services.files import write_table
    from services.train_models import score_table

    told = {"name": done.name, "version": done.version, "role": "challenger", **done.fitted.card}
    if out is not None:
        write_table(score_table(done.fitted.scores), out)
    if as_json:
        emit(told | {"backtest": done.fitted.scores}, as_json=True, title="")
        return
    short = {
        key: told[key] for key in ("name", "version", "role", "model", "data", "origins", "metrics", "value_added")
    }
    emit(short | {"next": "evenflow compare, evenflow promote"}, as_json=False, title="Trained")
