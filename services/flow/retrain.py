"""The trained model learnt anew: a challenger from all sales, which serves if it forecast the last periods better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import orjson
import pandas as pd

from forecast.forecaster import Origins
from forecast.trained import train
from services.champion import DEFAULT_NAME, Model, open_champion, shelf_of
from services.compare_models import compare_models
from services.flow.passes import Event, Pass, World, event
from services.flow.sales import told_sales
from services.forecast_demand import framed_from, levels_of
from services.network_forecast import DAYS, WEEKS, network_series, period_of, sent_tables
from services.promote_models import promote_model
from services.train_models import Recipe, data_hash, train_model
from store.fact_book import facts_of_kind
from store.models import Shelf
from store.registry import require_installed
from store.snapshot import Snapshot

__all__ = ["retrain"]

_Tables = Mapping[str, pd.DataFrame]
_NO_CHAMPION = "nothing serves yet: `evenflow promote` makes the challenger the champion"


def retrain(world: World, given: Pass) -> Sequence[Event]:
    """Train a challenger on everything sold, by the champion's recipe; promote it if the comparison says so.

    The comparison is that of `evenflow compare`, over the last horizon: the champion as it is against the recipe
    trained without that horizon. A champion that has seen these periods cannot be judged by them and stays. Done
    twice, the second time finds the challenger there.
    """
    del given
    require_installed()
    snapshot, shelf = world.home.current(), shelf_of(world.home.root, DEFAULT_NAME)
    tables, champion = _tables(world, snapshot), _champion(shelf)
    recipe = _recipe(tables["sales"], champion, world.seed)
    version = _kept(shelf, recipe, tables)
    if version is None:
        where: Any = {"home": world.home.root, "uri": world.mlflow_uri}
        version = train_model(tables, recipe=recipe, origins=1, **where).version
    better, verdict = _judged(champion, recipe, tables, world.seed)
    if better:
        promote_model(world.home.root, version, uri=world.mlflow_uri)
    payload = {
        "id": f"model-{DEFAULT_NAME}-{version}",
        "causes": [f"network-{snapshot.version}"],
        "model": DEFAULT_NAME,
        "version": version,
        "before": None if champion is None else champion.version,
        "promoted": better,
        "verdict": verdict,
        "network": snapshot.version,
    }
    return [event("model.trained", DEFAULT_NAME, payload)]


def _tables(world: World, snapshot: Snapshot) -> dict[str, pd.DataFrame]:
    """Return what there is to learn from: what was loaded, with what facts add of its series."""
    tables = {**network_series(snapshot), **sent_tables(snapshot)}
    loaded = tables["sales"]
    both = told_sales(loaded, facts_of_kind(world.database, "sale"))
    return {**tables, "sales": both[both["unique_id"].isin(loaded["unique_id"])].reset_index(drop=True)}


def _champion(shelf: Shelf) -> Model | None:
    return None if shelf.roles().champion is None else open_champion(shelf)


def _recipe(sales: pd.DataFrame, champion: Model | None, seed: int) -> Recipe:
    if champion is None:
        period = period_of(sales)
        return Recipe(horizon=DAYS if period == "D" else WEEKS, freq=period, seed=seed)
    own, params = champion.card["recipe"], champion.trained.model.params
    kept = {name: own[name] for name in ("horizon", "freq", "country", "seed")}
    return Recipe(
        **kept, hierarchy=tuple(own["hierarchy"]), model=params.model, reconcile=params.reconcile, params=params
    )


def _kept(shelf: Shelf, recipe: Recipe, tables: _Tables) -> str | None:
    """Return the version of the challenger or champion if it was trained by this recipe on these very tables."""
    wanted, told = data_hash(tables), orjson.loads(orjson.dumps(asdict(recipe)))
    roles = shelf.roles()
    for ref in (roles.challenger, roles.champion):
        card = None if ref is None else shelf.cards().get(ref.version)
        if ref and isinstance(card, Mapping) and card["data"]["hash"] == wanted and card["recipe"] == told:
            return ref.version
    return None


def _judged(champion: Model | None, recipe: Recipe, tables: _Tables, seed: int) -> tuple[bool, str]:
    """Return whether the recipe, trained without the last horizon, forecasts it better than the champion, and why."""
    if champion is None:
        return False, _NO_CHAMPION
    days = recipe.horizon * (7 if recipe.freq.upper().startswith("W") else 1)
    sales = tables["sales"]
    end = pd.to_datetime(sales["ds"]).max() - pd.Timedelta(days=days)
    if champion.card["data"]["seen_to"] > f"{end:%Y-%m-%d}":
        return False, f"keep the champion: it has seen sales after {end:%Y-%m-%d} and cannot be judged by them"
    rival = _rehearsed(recipe, {**tables, "sales": sales[pd.to_datetime(sales["ds"]) <= end]})
    found = compare_models(champion, rival, dict(tables), origins=1, seed=seed)
    return found["better"] == "challenger", str(found["verdict"])


def _rehearsed(recipe: Recipe, tables: _Tables) -> Model:
    """Return what the recipe makes of tables; it is kept nowhere."""
    how: dict[str, Any] = {name: getattr(recipe, name) for name in ("horizon", "freq", "hierarchy", "country")}
    panel = framed_from(tables, {}, **how).panel
    trained = train(Origins(panel, recipe.point, recipe.seed, levels_of(panel, recipe.hierarchy)), panel.length)
    return Model(DEFAULT_NAME, "anew", {"recipe": asdict(recipe)}, trained)
