"""What overrides were worth is measured against demand: net sales, on days when the shelves were full."""

import pandas as pd
import pytest

from services.overrides import Adjustment, adjust, override_report
from store.home import TABLES, Home


@pytest.fixture
def home(tmp_path):
    """Two stores sold 10 a day until 8 February; the two days after are what the overrides were about."""
    days = pd.date_range("2026-02-01", "2026-02-10")
    rows = pd.DataFrame({"unique_id": "a", "ds": days, "y": 10.0, "available": True, "returned": 0.0, "region": "N"})
    rows = pd.concat([rows, rows.assign(unique_id="b")], ignore_index=True)
    later = rows["ds"] >= "2026-02-09"
    rows.loc[later & (rows["unique_id"] == "a"), "returned"] = 4.0
    rows.loc[(rows["ds"] == "2026-02-10") & (rows["unique_id"] == "b"), ["y", "available"]] = [1.0, False]
    parties = pd.DataFrame([{"id": "s", "kind": "store"}])
    tables = {"parties": TABLES["parties"].check(parties), "sales": TABLES["sales"].check(rows)}
    Home(tmp_path).publish(tables)
    ahead = pd.date_range("2026-02-09", periods=2)
    mean = [pd.DataFrame({"unique_id": name, "ds": ahead, "mean": 10.0, "q0.5": 10.0}) for name in ("a", "b")]
    Home(tmp_path).current().write_result("forecast", pd.concat(mean, ignore_index=True))
    return tmp_path


def judged(home, name):
    """The report's last row after halving a series or node on both days."""
    told = {"start": "2026-02-09", "end": "2026-02-10", "by": "li", "reason": "fair", "factor": 0.5}
    snapshot = Home(home).current()
    adjust(home, snapshot, Adjustment(unique_id=name, **told))
    return override_report(home, snapshot)[-1]


def test_what_came_back_was_no_demand(home):
    """10 sold and 4 brought back on each of two days: 10 was forecast, 5 said the planner, 6 it was."""
    row = judged(home, "a")
    assert (row["days"], row["pieces"]) == (2, 12.0)
    assert row["wape_statistical"] == pytest.approx(8 / 12)
    assert row["wape_final"] == pytest.approx(2 / 12)


@pytest.mark.parametrize(("name", "pieces"), [("b", 10.0), ("region=N", 16.0)])
def test_a_day_of_empty_shelves_judges_nobody(home, name, pieces):
    """The second day of b tells no demand, of it or of a node above it."""
    row = judged(home, name)
    assert (row["days"], row["pieces"]) == (1, pieces)
