"""What a launch forecast looks at: loaded tables and what came in since are one stream, as known at the moment."""

import pandas as pd
import pytest

from forecast.tables import ORDER_LINES, SIGNALS
from services.ingest import Inlet
from services.launch_estimates import moves
from services.launch_tables import history_at, own_tables
from store.home import TABLES, Home

ZONE = "Asia/Shanghai"
NOON = pd.Timestamp("2026-03-03 12:00", tz=ZONE)


def signal(**cells):
    at = {"signal_time": "2026-03-02 10:00", "observed_at": "2026-03-02 10:00"}
    return {"style_id": "new", "kind": "like", "count": 5, "content_id": "p", **at, **cells}


def line(number, **cells):
    at = {"ordered_at": "2026-03-02 09:00", "paid_at": "2026-03-02 09:01", "observed_at": "2026-03-02 09:01"}
    known = {
        "order_id": f"o{number}",
        "line_id": "1",
        "style_id": "new",
        "pieces": 3,
        "state": "paid",
        "source": "shop",
    }
    return {**known, **at, **cells}


@pytest.fixture
def place(tmp_path):
    """A home with a finished style, one without sales that is new, and one of each with them."""
    launch = {"old": "2026-01-01", "sold": "2026-01-01", "new": "2026-03-01", "late": "2026-03-01"}
    styles = [
        {"style_id": name, "launch_at": f"{day} 20:00", "total": 100 if day < "2026-03" else None}
        for name, day in launch.items()
    ]
    sales = [
        {"unique_id": f"{style}@s", "style_id": style, "ds": "2026-03-02", "y": 7, "returned": 1}
        for style in ("sold", "late")
    ]
    raw = {
        "parties": [{"id": "brand", "kind": "brand"}, {"id": "kol-1", "kind": "kol", "followers": 900, "trust": 7}],
        "styles": styles,
        "sales": sales,
        "signals": [signal(), signal(style_id="old")],
    }
    Home(tmp_path).publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in raw.items()})
    return tmp_path


def taken(place, signals=(), orders=()):
    inlet = Inlet.of(place)
    for log, schema, rows in ((inlet.facts.signals, SIGNALS, signals), (inlet.facts.orders, ORDER_LINES, orders)):
        if rows:
            log.add(schema.check(pd.DataFrame(rows)))
    return inlet


def own(place, inlet, style="new", at=NOON):
    return own_tables(Home(place).current(), inlet, style, at)


def test_loaded_and_ingested_signals_are_one_stream(place):
    """The same observation from both sides counts once; what is observed later does not count yet."""
    later = signal(content_id="q", observed_at="2026-03-03 12:01")
    inlet = taken(place, signals=[signal(), signal(content_id="r", count=2), later])
    assert sorted(own(place, inlet).signals["count"]) == [2, 5]
    assert own(place, inlet, at=NOON + pd.Timedelta(minutes=1)).signals["count"].sum() == 12


def test_kols_of_the_network_are_recognised(place):
    """By their hash; another stays a hash. Trust beyond 1 is 1."""
    inlet = Inlet.of(place)
    names = inlet.names.of(pd.Series(["kol-1", "stranger"]))
    rows = [signal(content_id=str(n), kol_id=name) for n, name in enumerate(names)]
    found = own(place, taken(place, signals=rows))
    assert set(found.signals["kol_id"].dropna()) == {"kol-1", names[1]}
    assert found.kols.to_dict("records") == [{"kol_id": "kol-1", "followers": 900.0, "trust": 1.0}]


def test_orders_are_sales_of_styles_without_any(place):
    """As last observed, returns netted, cancelled ones not at all; of days that are over."""
    orders = [
        line(1),
        line(1, returned=1, state="done", observed_at="2026-03-03 10:00"),
        line(2),
        line(2, state="cancelled", observed_at="2026-03-03 11:00"),
        line(3, paid_at=None, state="unpaid"),
        line(4, pieces=50, paid_at="2026-03-03 11:59"),
        line(5, style_id="late", pieces=99),
    ]
    inlet = taken(place, orders=orders)
    assert own(place, inlet).sales[["style_id", "y"]].to_numpy().tolist() == [["new", 2.0]]
    assert own(place, inlet, at=pd.Timestamp("2026-03-03", tz=ZONE)).sales["y"].tolist() == [6.0]
    assert own(place, inlet, "late").sales[["style_id", "y"]].to_numpy().tolist() == [["late", 6.0]]


def test_history_is_what_was_final_then(place):
    """Totals known by the moment, and nothing of styles still to come."""
    inlet, snapshot = taken(place), Home(place).current()
    found = history_at(snapshot, inlet, NOON)
    assert found.styles["style_id"].tolist() == ["old", "sold"]
    assert set(found.signals["style_id"]) == {"old"}
    assert history_at(snapshot, inlet, pd.Timestamp("2026-01-20", tz=ZONE)).styles.empty


def test_moves_tell_what_came_and_which_drivers_changed():
    """From each estimate to the next; a driver that was none had the factor 1."""
    base = {
        "estimate_id": "a",
        "mean": 100.0,
        "p_hit": 0.1,
        "known": {"like": 5.0},
        "drivers": "like before launch x1.20",
    }
    later = {
        "estimate_id": "b",
        "mean": 150.0,
        "p_hit": 0.3,
        "known": {"like": 9.0, "sale": 4.0},
        "drivers": "speed x2.00",
    }
    (move,) = moves([base, later])
    assert move["came"] == {"like": 4.0, "sale": 4.0}
    assert move["factor"] == 1.5
    assert move["p_hit"] == pytest.approx(0.2)
    assert move["drivers"] == {"like before launch": [1.2, 1.0], "speed": [1.0, 2.0]}
    assert moves([base]) == []
