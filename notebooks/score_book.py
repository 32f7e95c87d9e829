# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # The score book: score the past, join what came true, read the reliability
#
# Every delivery of a network is foretold by scores of its supplier as of the weeks before it; then its outcome is sent,
# and the reliability read. Set `NOTEBOOK_HOME` to the folder of your own [loaded](../docs/how-to/load.md) network;
# without it the simulated example network is used.

# %%
import os
from pathlib import Path

import pandas as pd

from services.example_files import write_examples
from services.load_network import load_network
from services.scores.desk import Asked
from services.scores.open_desk import open_desk
from services.scores.outcomes import record_outcomes
from services.scores.registry import all_kinds
from services.viewer import Viewer
from store.home import Home

OWN = os.environ.get("NOTEBOOK_HOME")
if OWN is None:
    write_examples(Path("examples"))
    load_network(Path("examples/net"), home=Home(Path("my-net")))
home = Home(Path(OWN or "my-net"))
snapshot, operator = home.current(), Viewer()
DATABASE = f"sqlite:///{Path('scores.db').absolute()}"  # of this notebook: nothing is added to your own
{name: kind.judges for name, kind in all_kinds().items()}

# %% [markdown]
# ## One score, and why

# %%
deliveries = snapshot.table("deliveries").dropna(subset=["delivered_at"])
supplier = deliveries["supplier_id"].value_counts().index[0]
with open_desk(home, DATABASE) as desk:
    told = desk.score(snapshot, operator, Asked(kind="supplier", subject=supplier))
    better = desk.score(snapshot, operator, Asked(kind="supplier", subject=supplier, inputs={"own_share": 1.0}))
    replayed = desk.replay(snapshot, operator, told["id"])
pd.DataFrame(told["parts"]).round(3)

# %%
told["reasons"], f"{told['value']:.2f}; had it always been on time {better['value']:.2f}", replayed["same"]

# %% [markdown]
# ## Foretell the past
# `as_of` scores a day as it looked then. Two kinds for every supplier, every other week.

# %%
weeks = pd.date_range(deliveries["promised_at"].min(), deliveries["promised_at"].max(), freq="14D")[3:]
suppliers = sorted(deliveries["supplier_id"].unique())[:60]
asked = [
    Asked(kind=kind, subject=name, as_of=f"{week:%Y-%m-%d}")
    for week in weeks
    for name in suppliers
    for kind in ("supplier", "on_time")
]
with open_desk(home, DATABASE) as desk:
    scores = [one for one in desk.score_many(snapshot, operator, asked) if isinstance(one, dict)]
pd.DataFrame(scores)[["kind", "subject", "as_of", "value", "low", "high", "evidence_n"]].tail(5)

# %% [markdown]
# ## Send what came true
# Each delivery once; it is joined to the latest score of an earlier day. Sent twice, nothing changes.

# %%
late = (deliveries["delivered_at"] > deliveries["promised_at"]).to_numpy()
ordered = deliveries.get("ordered_pieces", pd.Series(0, index=deliveries.index)).fillna(0)
full = (deliveries.get("delivered_pieces", ordered).fillna(ordered) >= ordered).to_numpy()
came = {"supplier": ~late & full, "on_time": ~late}
rows = [
    {"outcome_id": f"{kind} {number}", "kind": kind, "subject": name, "value": float(good), "at": f"{day:%Y-%m-%d}"}
    for kind, values in came.items()
    for number, (name, good, day) in enumerate(
        zip(deliveries["supplier_id"], values, deliveries["delivered_at"], strict=True)
    )
]
with open_desk(home, DATABASE) as desk:
    first, again = (record_outcomes(desk.book, operator, rows) for _ in range(2))
{name: (first[name], again[name]) for name in ("applied", "known", "refused", "joined")}

# %% [markdown]
# ## Read the reliability
# A score is honest if about 70 % of those that said 70 % came true, and useful if its Brier score is below that of
# always saying the base rate (`skill` > 0).

# %%
with open_desk(home, DATABASE) as desk:
    reliability = {kind: desk.reliability(operator, kind) for kind in came}
figures = ("n", "base_rate", "mean_value", "brier", "brier_of_base_rate", "skill", "log_loss", "calibration_error")
pd.DataFrame({kind: {name: found[name] for name in figures} for kind, found in reliability.items()}).round(3)

# %%
bins = pd.DataFrame(reliability["supplier"]["bins"])
bins["picture"] = [
    "".join(
        "x" if n == round(40 * row.mean_value) else "o" if n == round(40 * row.mean_outcome) else "." for n in range(41)
    )
    for row in bins.itertuples()
]  # x what was said, o what came true
bins.round(2)

# %%
if OWN is None:
    assert first["applied"] == len(rows)
    assert again["known"] == len(rows)
    assert replayed["same"]
    assert all(found["n"] == first["joined"] / 2 for found in reliability.values())
    assert all(found["calibration_error"] < 0.15 for found in reliability.values())
