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

from contracts.errors import NotReadyError
from services.champion import forecast_with, open_champion, open_model, shelf_of
from services.compare_models import compare_models, comparison_table
from services.example_files import write_examples
from services.files import read_raw
from services.promote_models import promote_model
from services.train_models import Recipe, score_table, train_model

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
