# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Retrain on your own data, compare, promote
#
# Set `NOTEBOOK_DATA` to a folder with `sales.csv` (`unique_id`, `ds`, `y`) and, as far as there are any, `static.csv`,
# `known.csv`
# and `calendar.csv`; without it, the example files are used. Everything below is what `evenflow train`, `compare`,
# `promote` and the server call.

# %%
import os
from pathlib import Path

import pandas as pd

from contracts.errors import NotReadyError
from services.champion import forecast_with, open_champion, open_model, shelf_of
from services.compare_models import compare_models, comparison_table
from services.example_files import write_examples
from services.files import read_raw
from services.make_offers import make_offers
from services.offer_book import offer_book
from services.offer_models import champion_offers, compare_offers, train_offers
from services.promote_models import promote_model
from services.train_models import Recipe, score_table, train_model
from simulate.small_sellers import SmallSellerParams, simulate_small_sellers

HOME = Path(os.environ.get("EVENFLOW_HOME", ".evenflow"))
DATA = os.environ.get("NOTEBOOK_DATA")
if DATA is None:
    DATA = "example-data"
    write_examples(Path(DATA))
tables = {
    path.stem: read_raw(path)
    for path in Path(DATA).glob("*.csv")
    if path.stem in ("sales", "static", "known", "calendar")
}
{name: len(table) for name, table in tables.items()}

# %% [markdown]
# ## Train
# The recipe is scored at earlier origins, simple models beside it, then trained on everything. It becomes the
# challenger.

# %%

training = train_model(tables, home=HOME, recipe=Recipe(horizon=7), origins=2)
score_table(training.fitted.scores).round(3)

# %% [markdown]
# ## Compare with the champion
# The first model has nobody to beat: a simple one is promoted first, so that there is a champion.

# %%

try:
    champion = open_champion(shelf_of(HOME))
except NotReadyError:
    simple = train_model(tables, home=HOME, recipe=Recipe(horizon=7, model="moving_level"), origins=2)
    promote_model(HOME, simple.version)
    champion = open_champion(shelf_of(HOME))
challenger = open_model(shelf_of(HOME), training.version)
found = compare_models(champion, challenger, tables, origins=2)
print(found["verdict"])
comparison_table(found).groupby(["level", "measure"])[["champion", "challenger"]].mean().round(3)

# %% [markdown]
# ## Promote
# One file is replaced; a server over this home answers with the new model from its next request on. `rollback_model`
# takes it back.

# %%
promoted = promote_model(HOME, training.version)
promoted

# %% [markdown]
# ## Forecast with it
# Nothing is learnt anew: this is what `POST /v1/forecasts` with `{"model": "champion"}` answers, bit for bit.

# %%

serving = open_champion(shelf_of(HOME))
report = forecast_with(serving, **tables)
assert report.summary["model_version"] == f"demand-{training.version}"
report.forecast.head()

# %% [markdown]
# ## The same for what offers to small sellers bring
# `NOTEBOOK_DATA` may hold `sellers.csv`, `styles.csv` and `promotions.csv` (what became of earlier offers), too;
# without them a simulated market is used. `evenflow train --promotions`, `compare --name offers`, `promote --name
# offers` and `offers --model champion` call the same.
#
# The latest 30 % of the offers are foretold without having been seen; a model that does worse than sales by audience
# alone cannot be promoted, nor one that does worse than the champion.

# %%
if Path(DATA, "promotions.csv").exists():
    sellers, styles, history = (read_raw(Path(DATA) / f"{name}.csv") for name in ("sellers", "styles", "promotions"))
else:
    made = simulate_small_sellers(SmallSellerParams(sellers=300, styles=10, past_styles=40), seed=1)
    sellers, styles, history = made.sellers, made.styles, made.history
day = pd.to_datetime(history["shown_on"])
first = train_offers(sellers, history[day <= day.quantile(0.6)], home=HOME)
promote_model(HOME, first["version"], name="offers")
first["replay"]

# %%
second = train_offers(sellers, history, home=HOME)
found = compare_offers(HOME)
print(found["verdict"])
pd.DataFrame([found["champion"], found["challenger"]], index=["champion", "challenger"]).round(3)

# %%
if found["improvement"]["value"] >= 0:
    promote_model(HOME, second["version"], name="offers")
model, label = champion_offers(HOME)
offers = make_offers(offer_book(sellers, styles, history, model=model)).offers()
print(label)
offers[["seller_id", "style_id", "accept_probability", "pieces", "pieces_low", "pieces_high"]].head()
