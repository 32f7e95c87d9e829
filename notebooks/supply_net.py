# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The supply net, step by step
#
# On the simulated example network: who there is, who knows whom, who could fill an order, whom to trust and why, who
# delivers, who owes, who was at fault, where the white space is. Every cell calls the functions that the command line
# and the HTTP interface call.

# %%
import datetime as dt
import tempfile
from pathlib import Path

import networkx as nx
import pandas as pd

from graph.interop import from_networkx, to_networkx
from graph.network import SupplyNetwork
from graph.paths import introduction
from graph.trust.strength import tie_strength
from services.attribute_faults import attribute_faults
from services.credit_positions import compute_credit
from services.example_files import write_examples
from services.find_candidates import find_candidates
from services.load_network import load_network
from services.network_density import loaded_density
from services.network_scores import network_cards
from services.party_trust import pair_card, party_trust
from services.relate import hand_over, holder_of
from services.score_trust import score_loaded_trust
from services.viewer import Viewer
from store.home import Home

folder = Path(tempfile.mkdtemp())
write_examples(folder)
home = Home(folder / "home")
load_network(folder / "net", home=home).counts

# %% [markdown]
# ## 1 The net: an immutable snapshot, as of any day

# %%
net = home.current().network()
store = "sim-store-0000001"
net, net.degrees(store)

# %%
net.neighbours(store, limit=5)

# %%
net.as_of(dt.date(2024, 6, 1)).n_relations, net.n_relations

# %% [markdown]
# A net is built from frames just as well, and rows that cannot be used are counted.

# %%
small = SupplyNetwork.build(
    pd.DataFrame({"id": ["F", "D", "S"], "kind": ["factory", "distributor", "store"]}),
    pd.DataFrame({"src": ["F", "D", "S"], "dst": ["D", "S", "S"], "kind": ["supplies", "serves", "refers"]}),
)
small, small.rejected

# %% [markdown]
# ## 2 networkx: its functions run on our arrays

# %%
rank = nx.pagerank(net, personalization={store: 1})
around = to_networkx(net, ego=store, hops=2)
assert from_networkx(around).n_relations == around.number_of_edges()
sorted(rank, key=rank.get, reverse=True)[:5], len(around)

# %% [markdown]
# ## 3 Candidates and introductions

# %%
orders = home.current().table("orders").head(3)
found = find_candidates(home.current(), orders, top=5)
found.candidates[["order_id", "supplier_id", "path", "eligible"]].head()

# %%
[(step.source, step.relation, step.target) for step in introduction(net, store, "sim-factory-0000001")]

# %% [markdown]
# ## 4 Ties grow with trade and fade without; a guide's customers pass to a successor

# %%
trades = pd.DataFrame({"src": "A", "dst": "B", "kind": "supplies", "amount_fen": [50_000, 50_000]})
trades["at"] = pd.to_datetime(["2025-01-01", "2025-06-30"])
[float(tie_strength(trades, pd.Timestamp(day))["weight"].iloc[0]) for day in ("2025-06-30", "2025-12-27")]

# %%
event = {
    "event": "handover",
    "event_id": "h1",
    "at": "2025-03-04",
    "src": "sim-guide-0000001",
    "dst": "sim-guide-0000002",
}
passed = hand_over(event, home=home)
before, after = (holder_of("sim-guide-0000001", dt.date(2025, 3, day), kind="serves", home=home) for day in (3, 4))
assert (before, after) == ("sim-guide-0000001", "sim-guide-0000002")
passed

# %% [markdown]
# ## 5 Trust: global, from seeds, pairwise, and by which paths

# %%
snapshot = home.current()
judged = score_loaded_trust(snapshot)
judged.scores.head()

# %%
judgements = snapshot.table("judgements")
asker = judgements["src"].mode()[0]
told = score_loaded_trust(snapshot, seeds=[asker], explain=3).scores
told.loc[told["paths"] != "", ["id", "score", "paths"]].head()

# %%
friend = judgements.loc[(judgements["src"] == asker) & (judgements["weight"] > 0), "dst"].iloc[0]
view = pair_card(snapshot, Viewer(), asker, friend)
assert view["own"] == 1
assert view["paths"][0]["parties"][0] == asker
view

# %%
vouched = snapshot.network().block("vouches").merged().out_dst[0]
party_trust(snapshot, Viewer(), snapshot.network().parties.ids.text(int(vouched)), top=2)

# %% [markdown]
# ## 6 Scorecards of buyers and suppliers

# %%
network_cards(snapshot, "buyer").frame.head()

# %% [markdown]
# ## 7 Trade credit and after-sales

# %%
credit = compute_credit(snapshot.table("ledger"), snapshot.table("terms"), as_of=snapshot.table("ledger")["at"].max())
credit.summary

# %%
faults = attribute_faults(snapshot.table("claims"), snapshot.table("lots"), ledger=snapshot.table("ledger"))
faults.summary

# %% [markdown]
# ## 8 Density: coverage, penetration, white space

# %%
dense = loaded_density(snapshot)
assert dense.areas["parties"].sum() + dense.summary["parties_unlocated"] == dense.summary["parties"]
dense.areas[["area", "parties", "households", "coverage", "penetration", "expected_sales", "white_rank"]].head()
