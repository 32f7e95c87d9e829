# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Reading a backtest
#
# One origin is luck. A backtest asks the forecaster at several earlier days, each time with what was known then, and
# scores it on what came, simple models beside it. Set `NOTEBOOK_DATA` to your own folder with `sales.csv` (and
# `static.csv`).

# %%
import os
from pathlib import Path

import pandas as pd

from services.example_files import write_examples
from services.files import read_raw
from services.forecast_demand import forecast_demand

DATA = os.environ.get("NOTEBOOK_DATA")
if DATA is None:
    DATA = "example-data"
    write_examples(Path(DATA))
tables = {p.stem: read_raw(p) for p in Path(DATA).glob("*.csv") if p.stem in ("sales", "static")}
report = forecast_demand(**tables, horizon=7, backtest=3)
scores = pd.DataFrame(report.summary["backtest"])
scores[["origin", "model", "wape", "rmsse", "bias", "quantile_loss"]].round(3)

# %% [markdown]
# ## Is it better than doing nothing clever?
# Read down a column, not along a row: does it beat every simple model at *every* origin, or only on average? A model
# that wins on the mean and loses badly at one origin has bought luck.

# %%
wape = scores.pivot_table(index="origin", columns="model", values="wape")
wape.assign(best=wape.idxmin(axis=1)).round(3)

# %% [markdown]
# ## Is it biased?
# Positive = it forecasts too much. A bias with the same sign at every origin is a fault (a stock-out read as no
# demand, a trend missed); one that changes sign is noise.

# %%
scores.pivot_table(index="origin", columns="model", values="bias").round(3)

# %% [markdown]
# ## Are the ranges honest?
# Of the outcomes, the share inside each central range should be about its name: 0.95 of them inside the 95 % range.
# Zeros and ties make it higher for slow sellers.

# %%
own = scores[scores["model"] == "auto"]
coverage = pd.DataFrame(own["coverage"].tolist(), index=own["origin"])
coverage.loc["mean"] = coverage.mean()
coverage.round(3)

# %% [markdown]
# ## What would it have to be worth?
# `value_added`: by what share the WAPE is below each simple model's at the same origin.

# %%
added = pd.DataFrame(own["value_added"].tolist(), index=own["origin"])
assert len(added) == 3
added.round(3)
