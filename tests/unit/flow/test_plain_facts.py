"""The quick look at a fact lets nothing through that its table refuses, and sees that the usual ones are right."""

import pandas as pd
import pytest

from contracts.tables import TableSchema
from forecast.signal_intake import sift as sift_signals
from services.flow.intake import take_facts
from services.flow.plain_facts import is_plain
from services.flow.tables import PAYLOADS

AT = "2026-03-02T09:30:00.000+08:00"
USUAL = {
    "order": {"order_id": "o", "sku_id": "soap", "pieces": 3, "buyer_id": "s1", "due_date": "2026-03-09"},
    "sale": {"unique_id": "x", "ds": "2026-03-02", "pieces": 2.5, "returned": 0},
    "signal": {"style_id": "x", "signal_time": AT, "observed_at": "2026-03-02T02:00:00Z", "kind": "like", "count": 4}
    | {"source": "weibo", "cumulative": True, "amount_fen": 900, "unit": "users"},
    "capacity_change": {"supplier_id": "maker", "left_share": 0.5},
    "progress": {"order_id": "PO-1", "state": "done"},
}
ODD = [0, -1, 1, 2, 2**53, 2**53 - 1, 1.0, 1.5, -0.1, 1e13, True, False, "3", " 3 ", "x", "", " ", "\ud800", 10**400]
ODD += ["2026-03-02", "2026-02-30", "2026/03/02", "20260302", "2026-3-2", "0001-01-01", "9999-12-31", "1902-01-01"]
ODD += [AT, "2026-03-02T09:30:00", "2026-03-02T25:00:00Z", "2026-03-02T24:00:00Z", "2026-03-02T09:30:60Z"]
ODD += ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-03-02T09:30:00+24:00", "now", "today", "like"]
ODD += [
    float("inf"),
    float("nan"),
    "\u0662026-03-02",
    "2026-03-02\n",
    "2026-03-02T09:30:00Z ",
    "2026-03-02T09:30:00+00:60",
]


@pytest.mark.parametrize("kind", sorted(USUAL))
def test_the_usual_facts_are_plain(kind):
    """So are those that leave out what may be empty, but not those that lack something."""
    schema = PAYLOADS[kind]
    assert is_plain(USUAL[kind], schema)
    for column in schema.columns:
        if column.name in USUAL[kind]:
            less = {name: value for name, value in USUAL[kind].items() if name != column.name}
            assert is_plain(less, schema) == column.nullable


@pytest.mark.parametrize("kind", sorted(USUAL))
def test_what_is_plain_at_first_sight_is_right_at_a_close_look(kind):
    """Every cell with every odd value: what the table refuses is never plain."""
    schema = PAYLOADS[kind]
    plain = [
        USUAL[kind] | {column.name: value}
        for column in schema.columns
        for value in ODD
        if is_plain(USUAL[kind] | {column.name: value}, schema)
    ]
    assert len(plain) > len(schema.columns)
    table = pd.DataFrame(plain, columns=list(schema.by_name), dtype=object)
    keyless = TableSchema(name=schema.name, columns=schema.columns)
    _, bad = sift_signals(table, schema) if kind == "signal" else keyless.sift(table)
    assert bad["reason"].tolist() == []


def test_plain_facts_are_taken_without_a_table(database, monkeypatch):
    """A table of one row would take a hundred times as long; a fact that is not plain is looked at by one."""
    monkeypatch.setattr("services.flow.intake.pd.DataFrame", None)
    rows = [
        {"key": kind, "kind": kind, "occurred_at": AT, **{"signal" if n == "kind" else n: v for n, v in told.items()}}
        for kind, told in USUAL.items()
    ]
    assert take_facts(database, rows, now_ms=1)["accepted"] == len(USUAL)
    with pytest.raises(TypeError):
        take_facts(database, [rows[1] | {"key": "other", "ds": "2026/03/02"}], now_ms=1)
