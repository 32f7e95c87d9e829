"""A server that still compiles its loops answers no order where it answers all requests."""

from pathlib import Path

import pandas as pd

from api.cli import serve
from api.http.house import Net
from store.home import TABLES, Home


def test_orders_are_answered_at_once_from_when_all_is_ready(tmp_path: Path, monkeypatch):
    """Nothing loaded, then nothing offered, then all: only then is the net at hand."""
    home, seen = Home(tmp_path), []
    net = Net(home)

    def warm_up(snapshot):
        seen.append(net.at_hand())
        return snapshot.table("supply")["sku_id"].notna().any()

    def load(_seconds):
        seen.append(net.at_hand())
        raw = {"parties": [{"id": "f", "kind": "factory"}]}
        if len(seen) > 1:
            raw["supply"] = [{"supplier_id": "f", "sku_id": "soap", "capacity": 9}]
        home.publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in raw.items()})

    monkeypatch.setattr("services.warm_up.warm_up", warm_up)
    monkeypatch.setattr(serve.time, "sleep", load)
    serve._getting_ready(net).run()
    assert seen == [None] * 4
    assert net.at_hand().version == home.current().version
