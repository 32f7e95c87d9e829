# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Feature ablation: what does each table earn?
#
# The same recipe is scored at the same origins with one input left out at a time. What makes the error rise earns its
# keep; what does not is noise to be fed every night. Set `NOTEBOOK_DATA` to your own folder of `sales.csv`,
# `static.csv`, `known.csv`, `calendar.csv`.

# %%
import os
from pathlib import Path

import numpy as np
import pandas as pd

from forecast.boosting import BoostingParams
from forecast.direct import SamplingParams
from forecast.point import PointParams
from services.files import read_raw
from services.train_models import Recipe, fit_model

DATA = os.environ.get("NOTEBOOK_DATA")
NAMES = ("sales", "static", "known", "calendar")


def example() -> dict[str, pd.DataFrame]:
    """Thirty series whose price falls now and then and moves what they sell; their colour does not."""
    rng = np.random.default_rng(0)
    n, days = 30, 200
    dates = pd.date_range("2025-01-06", periods=days + 14).strftime("%Y-%m-%d")
    ids = [f"s{k:02d}" for k in range(n)]
    price = np.where(rng.random((n, days + 14)) < 0.15, 0.7, 1.0)
    week = np.array([1, 0.9, 0.9, 1, 1.3, 1.7, 1.2])[np.arange(days) % 7]
    y = rng.poisson(rng.gamma(3, 4, n)[:, None] * week * price[:, :days] ** -3)
    return {
        "sales": pd.DataFrame({"unique_id": np.repeat(ids, days), "ds": np.tile(dates[:days], n), "y": y.ravel()}),
        "static": pd.DataFrame({"unique_id": ids, "colour": rng.choice(["red", "blue"], n)}),
        "known": pd.DataFrame(
            {"unique_id": np.repeat(ids, days + 14), "ds": np.tile(dates, n), "price": price.ravel()}
        ),
    }


tables = {p.stem: read_raw(p) for p in Path(DATA).glob("*.csv") if p.stem in NAMES} if DATA else example()
{name: list(table.columns) for name, table in tables.items()}

# %% [markdown]
# ## Score with everything, then without each column
# `fit_model` is what `evenflow train` calls, without keeping the result.

# %%

SMALL = PointParams(
    boosting=BoostingParams(rounds=40, leaves=15), sampling=SamplingParams(fewest=5000), level_power=0.0
)
RECIPE = Recipe(horizon=14, params=SMALL)


def wape(given: dict[str, pd.DataFrame]) -> float:
    """Mean WAPE over two origins."""
    return float(np.mean(fit_model(given, recipe=RECIPE, origins=2).card["metrics"]["wape"]))


columns = [
    (name, c) for name, table in tables.items() if name != "sales" for c in table if c not in ("unique_id", "ds")
]
whole = wape(tables)
rows = [{"without": "nothing", "wape": whole}]
for name, column in columns:
    rest = tables[name].drop(columns=column)
    keep = {k: t for k, t in tables.items() if k != name} | (
        {name: rest} if len(rest.columns) > (2 if name == "known" else 1) else {}
    )
    rows.append({"without": f"{name}.{column}", "wape": wape(keep)})
result = pd.DataFrame(rows).assign(rise=lambda frame: frame["wape"] / whole - 1).sort_values("rise", ascending=False)
result.round(4)

# %% [markdown]
# ## Read it
# In the example the price carries the forecast; the colour is within noise. A rise of less than a percent or so is
# noise, too: take more origins before you drop a table.

# %%
if DATA is None:
    assert result.iloc[0]["without"] == "known.price"
    assert result.iloc[0]["rise"] > 0.03
