"""Facts taken in: once by key, row by row, with their row of the outbox."""

import orjson
import pandas as pd
import pytest

from contracts.errors import EvenflowError, InputError
from services.access import ForbiddenError
from services.effective import effective
from services.flow.intake import take_fact_file, take_facts
from services.flow.sales import told_sales
from services.ingest import forget_party
from services.viewer import Viewer
from store.fact_book import facts_of_kind, find_fact
from store.outbox import read_outbox, settled_to
from tests.unit.flow.conftest import order, sale


def told(database):
    return read_outbox(database, after=0, to=settled_to(database))


def test_a_key_counts_once(database):
    """The same again changes nothing; another body under the key is refused and leaves the first."""
    statuses = []
    for rows in ([sale("a", 5), sale("b", 2)], [sale("a", 5)], [sale("a", 6), sale("c", 1), sale("c", 1)]):
        made = take_facts(database, rows, now_ms=1)
        statuses += [result["status"] for result in made["results"]]
    assert statuses == ["accepted", "accepted", "known", "refused", "accepted", "known"]
    assert find_fact(database, "a", tenant="").payload["pieces"] == 5
    assert [row.payload["id"] for row in told(database)] == ["fact:a", "fact:b", "fact:c"]


CANCELLED = {"key": "c", "kind": "cancellation", "corrects": "a", "occurred_at": "2026-03-03T01:00:00Z"}
AN_ORDER = "corrects: expected the key of a fact of this kind, got one of another kind's"
NESTED = "corrects: expected the key of the original fact, got one that corrects or cancels it"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (sale("z", 1, corrects="b"), NESTED),
        (sale("z", 1, corrects="c"), NESTED),
        (CANCELLED | {"key": "z", "corrects": "b"}, NESTED),
        (sale("z", 1, corrects="o"), AN_ORDER),
        (order("z", corrects="a"), AN_ORDER),
    ],
)
def test_what_would_never_count_is_refused(database, row, reason):
    """A correction of a correction, or of another kind: its sender hears of it, in one batch and in a later one."""
    rows = [sale("a", 5), sale("b", 4, corrects="a"), CANCELLED, order("o")]
    assert take_facts(database, [*rows, row], now_ms=1)["results"][-1]["reason"] == reason
    made = take_facts(database, [*rows, row], now_ms=1)
    assert (made["known"], made["refused"], made["results"][-1]["reason"]) == (4, 1, reason)


def test_a_correction_of_another_kind_that_came_first_counts_nowhere(database):
    """Nobody could refuse it then; a stage that took the order for a sale would fail for ever."""
    statuses = [take_facts(database, [row], now_ms=1)["accepted"] for row in (sale("z", 9, corrects="o"), order("o"))]
    assert statuses == [1, 1]
    assert facts_of_kind(database, "sale", ["soap@s1"]) == facts_of_kind(database, "sale") == []
    counting = effective(facts_of_kind(database, "order"))
    assert [(fact.kind, fact.key) for fact in counting.values()] == [("order", "o")]


def test_sales_of_a_day_are_no_more_than_a_table_takes(database):
    """Each fact may tell as many; their sum must not stop the forecasts. A moment is of the day in Shanghai."""
    rows = [sale("a", 1e12), sale("b", 1e12), sale("c", 2) | {"ds": "2026-03-02T23:00:00Z"}]
    assert take_facts(database, rows, now_ms=1)["accepted"] == 3
    loaded = pd.DataFrame({"unique_id": ["soap@s1"], "ds": [pd.Timestamp("2026-03-02")], "y": [5.0]})
    told = told_sales(loaded, facts_of_kind(database, "sale"))
    assert told["y"].tolist() == [1e12, 2.0]
    assert told["ds"].dt.day.tolist() == [2, 3]


def test_ids_are_kept_as_text(database):
    """Whoever sends them as numbers: every stage looks them up as text."""
    told = order("o", order_id=17, sku_id=17.0, buyer_id=" s1 ", ship_to=" ", pieces="5")
    assert take_facts(database, [told], now_ms=1)["accepted"] == 1
    payload = find_fact(database, "o", tenant="").payload
    assert payload == {"order_id": "17", "sku_id": "17", "buyer_id": "s1", "pieces": "5"}


def test_two_tenants_may_use_the_same_key(database, flow):
    """Keys are the sender's own."""
    seen = {"viewer": Viewer("shop"), "snapshot": flow.world.home.current()}
    assert take_facts(database, [order("o")], now_ms=1)["accepted"] == 1
    assert take_facts(database, [order("o", pieces=3)], now_ms=1, **seen)["accepted"] == 1


WRONG = [
    ({"key": ""}, "key: expected 1 to 150 printable characters, got nothing"),
    ({"kind": "rumour"}, "kind: expected one of order, sale,"),
    ({"occurred_at": "2026-03-02"}, "occurred_at: expected a moment with its time zone"),
    ({"occurred_at": 5}, "occurred_at: expected a moment with its time zone"),
    ({"occurred_at": "0001-01-01T00:00:00-14:00"}, "occurred_at: expected a moment with its time zone"),
    ({"occurred_at": "9999-12-31T23:59:59+14:00"}, "occurred_at: expected a moment with its time zone"),
    ({"unique_id": 2**70}, "unique_id: expected text, or a number of less than 64 bits"),
    ({"unique_id": "\ud800"}, "unique_id: expected text"),
    ({"unique_id": [{}]}, "unique_id: expected text"),
    ({"pieces": -1}, "pieces: expected"),
    ({"pieces": None}, "pieces"),
    ({"ds": "soon"}, "ds: expected"),
    ({"corrects": "k"}, "corrects: expected the key of the original fact, got k"),
    ({"corrects": "o" * 151}, "corrects: expected the key of the original fact, got o"),
    ({"corrects": "a\0b"}, "corrects: expected the key of the original fact"),
    ({"unique_id": "a\0b"}, "unique_id: expected at most 500 characters, none of code 0"),
    ({"unique_id": "x" * 501}, "unique_id: expected at most 500 characters, none of code 0"),
    ({"unique_id": "  "}, "unique_id: expected"),
    ({"pieces": True}, "pieces: expected a number, got True"),
    ({"sequence": 1.5}, "sequence: expected a whole number >= 0, got 1.5"),
    ({"sequence": "9" * 5000}, "sequence: expected a whole number >= 0"),
    ({"kind": ["sale"]}, "kind: expected one of order, sale"),
    ({"colour": "red"}, "colour: expected a field of sale facts"),
    ({"kind": "cancellation", "unique_id": None, "ds": None, "pieces": None}, "corrects: expected the key of the fact"),
]


@pytest.mark.parametrize(("change", "reason"), WRONG)
def test_a_wrong_row_is_refused_and_the_others_are_kept(database, change, reason):
    """Row, key and what was expected."""
    made = take_facts(database, [sale("good", 1), sale("k", 1) | change], now_ms=1)
    assert (made["accepted"], made["refused"]) == (1, 1)
    assert made["results"][1]["row"] == 2
    assert reason in made["results"][1]["reason"]


@pytest.mark.parametrize(
    "change", [{"key": "\ud800"}, {"occurred_at": "\ud800"}, {"\ud800": 1}, {"unique_id": "\ud800"}]
)
def test_half_a_surrogate_pair_is_told_as_it_was_written(database, change):
    """JSON may hold one, an answer may not."""
    made = take_facts(database, [sale("k", 1) | change], now_ms=1)
    assert made["refused"] == 1
    assert b"ud800" in orjson.dumps(made)


def test_a_push_beyond_the_calendar_is_refused(database):
    """Its moment cannot be counted in milliseconds; the other rows are kept."""
    row = {"key": "p", "kind": "push", "wave_id": "w", "push_at": "2400-01-01T00:00:00Z"}
    row |= {"occurred_at": "2026-03-02T08:00:00+08:00", "communities": [{"community_id": "c1", "members": 80}]}
    made = take_facts(database, [row, sale("a", 1)], now_ms=1)
    assert made["accepted"] == 1
    assert "push_at: expected a moment of the years 1678 to 2261, got 2400" in made["results"][0]["reason"]


@pytest.mark.parametrize("change", [{"coupon": []}, {"push_at": [{}]}, {"communities": [{"community_id": 2**70}]}])
def test_a_push_of_values_that_cannot_be_kept_is_refused(database, change):
    """Lists where text belongs, and numbers that no table takes."""
    push = {"wave_id": "w", "push_at": "2026-03-02T14:00:00+08:00", "occurred_at": "2026-03-02T08:00:00+08:00"}
    row = push | {"key": "p", "kind": "push", "communities": [{"community_id": "c1", "members": 80}]} | change
    assert "expected text" in take_facts(database, [row], now_ms=1)["results"][0]["reason"]
    assert told(database) == []


def test_a_tenant_sends_orders_of_its_own(database, flow):
    """Sales move everybody's forecast: they are the operator's. Another's buyer is unknown, like one not there."""
    seen = {"now_ms": 1, "viewer": Viewer("maker"), "snapshot": flow.world.home.current()}
    with pytest.raises(ForbiddenError, match="not sale facts"):
        take_facts(database, [sale("a", 1)], **seen)
    reasons = [
        take_facts(database, [order("o", buyer_id=buyer)], **seen)["results"][0]["reason"] for buyer in ("s1", "nobody")
    ]
    assert reasons == ["unknown party s1", "unknown party nobody"]
    assert told(database) == []


def test_files_are_taken_in(database, tmp_path):
    """NDJSON and tables; a row of no use is told with its number, and --strict keeps nothing."""
    table, lines = tmp_path / "sales.csv", tmp_path / "sales.ndjson"
    table.write_text(
        "key,kind,unique_id,ds,pieces,occurred_at,corrects\n"
        "a,sale,x,2026-03-02,5,2026-03-02T20:00:00+08:00,\n"
        "b,sale,x,2026-03-02,many,2026-03-02T20:00:00+08:00,a\n"
    )
    lines.write_text('{"key": "c", "kind": "cancellation", "corrects": "a", "occurred_at": "2026-03-03T01:00:00Z"}\n')
    with pytest.raises(EvenflowError, match=r"sales.csv, row 2: pieces: expected .* --strict refuses 1 such row"):
        take_fact_file(database, table, now_ms=1, strict=True)
    assert told(database) == []
    made = take_fact_file(database, table, now_ms=1)
    assert (made["accepted"], made["refused"], made["results"][0]["row"]) == (1, 1, 2)
    assert take_fact_file(database, lines, now_ms=1)["accepted"] == 1
    with pytest.raises(InputError, match="no such file"):
        take_fact_file(database, tmp_path / "none.ndjson", now_ms=1)


def test_names_of_persons_are_kept_as_pseudonyms_and_forgotten(flow):
    """In the database as in the log; sent again it is known, whichever it names; forgotten, both have it no more."""
    row = {"key": "g", "kind": "signal", "signal": "like", "style_id": "soap", "count": 3, "kol_id": "li"}
    row |= {"signal_time": "2026-03-01T00:00:00+08:00", "observed_at": "2026-03-02T00:00:00+08:00"}
    row |= {"occurred_at": "2026-03-02T10:00:00Z"}
    database, inlet = flow.world.database, flow.world.inlet
    assert flow.send(row, row | {"key": "other", "kol_id": "wang"})["accepted"] == 2
    flow.settle()
    fact, name = find_fact(database, "g", tenant=""), inlet.names.of(pd.Series(["li"]))[0]
    assert fact.payload["kol_id"] == name != "li"
    assert inlet.facts.signals.read()["kol_id"].eq(name).sum() == 1
    assert [flow.send(row | {"kol_id": kol_id})["known"] for kol_id in ("li", name)] == [1, 1]
    assert forget_party("li", inlet, database)["facts"] == 1
    assert "kol_id" not in find_fact(database, "g", tenant="").payload
    assert "kol_id" in find_fact(database, "other", tenant="").payload
    assert flow.send(row)["known"] == 1
    assert not inlet.facts.signals.read()["kol_id"].eq(name).any()
    assert take_facts(database, [row | {"key": "n"}], now_ms=1)["accepted"] == 1
    assert "kol_id" not in find_fact(database, "n", tenant="").payload, "nothing to hash it with"
