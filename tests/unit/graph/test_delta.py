"""Changes laid over a net: worked examples of every kind of event, and what is refused."""

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from contracts.errors import InputError, NotReadyError
from graph.candidates.search import gather
from graph.delta.apply import apply_events
from graph.delta.handover import Handover, attributed_to
from graph.delta.network import LayeredNetwork, layered
from graph.delta.state import Delta
from graph.delta.tables import EVENTS, events_of
from graph.interop import to_networkx
from graph.network import SupplyNetwork
from graph.paths import introduction

MARCH = "2026-03-01"


@pytest.fixture
def base() -> SupplyNetwork:
    """A factory, two guides and two stores; Ann serves S1 and S2, Bob serves S2."""
    parties = pd.DataFrame(
        {"id": ["F", "Ann", "Bob", "S1", "S2"], "kind": ["factory", "guide", "guide", "store", "store"]}
    )
    relations = pd.DataFrame(
        [
            ("F", "S1", "supplies", 2.0, 3, 900, "2026-01-01"),
            ("Ann", "S1", "serves", 4.0, 5, 1000, "2026-01-10"),
            ("Ann", "S2", "serves", 1.0, 1, 100, "2026-01-10"),
            ("Bob", "S2", "serves", 3.0, 2, 300, "2026-01-10"),
            ("Ann", "Bob", "refers", 1.0, 0, 0, "2026-01-10"),
        ],
        columns=["src", "dst", "kind", "weight", "count", "amount_fen", "last_at"],
    )
    return SupplyNetwork.build(parties, relations.assign(last_at=pd.to_datetime(relations["last_at"])))


def changed(base: SupplyNetwork, *rows: dict[str, Any]) -> SupplyNetwork:
    """The net after events that must all count."""
    delta, faults = apply_events(Delta(base), [{"event_id": str(n), **row} for n, row in enumerate(rows)])
    assert not any(faults), faults
    return layered(delta)


def rows_of(net: SupplyNetwork, kind: str) -> list[tuple[str, str, float, int]]:
    """(src, dst, weight, count) of every relation of a kind."""
    everyone = np.arange(len(net))
    ends = net.block(kind).out_of(everyone)
    texts = net.parties.ids.texts_at
    values = [net.block(kind).values(name, ends.relation).tolist() for name in ("weight", "count")]
    return sorted(zip(texts(ends.which), texts(ends.party), *values, strict=True))


def fault_of(base: SupplyNetwork, *rows: dict[str, Any]) -> str:
    """The reason why the last event is refused."""
    return apply_events(Delta(base), [{"event_id": str(n), **row} for n, row in enumerate(rows)])[1][-1]


def test_a_new_party_follows_the_others_and_keeps_their_positions(base: SupplyNetwork) -> None:
    """Positions of the base stay, whatever the new id sorts like; its attributes can be asked for."""
    new = {"event": "party", "id": "Aaa", "kind": "store", "region": "North", "categories": "soap|shoes"}
    net = changed(base, new, {"event": "party", "id": "S1", "region": "North", "lat": 31.5})
    assert [net.position(text) for text in ("Ann", "Bob", "F", "S1", "S2", "Aaa")] == [0, 1, 2, 3, 4, 5]
    assert np.flatnonzero(net.parties.where(region="North")).tolist() == [3, 5]
    assert net.parties.categories_of(5) == ["shoes", "soap"]
    assert net.parties.numbers["lat"][3] == np.float32(31.5)
    assert net.parties.ids.texts_at(np.array([5, 0, -1])).tolist() == ["Aaa", "Ann", ""]
    assert net.neighbours("Aaa").empty
    assert len(base) == 5
    assert not len(base.parties.regions)


def test_a_tie_grows_by_the_rule_of_the_trade(base: SupplyNetwork) -> None:
    """w · 2^(-Δt/180) + log1p(value in yuan), one trade more."""
    net = changed(
        base, {"event": "trade", "src": "F", "dst": "S1", "kind": "supplies", "at": "2026-06-30", "amount_fen": 700}
    )
    assert rows_of(net, "supplies") == [("F", "S1", pytest.approx(2.0 * 0.5 + np.log(8), rel=1e-6), 4)]
    begun = changed(
        base, {"event": "trade", "src": "F", "dst": "S2", "kind": "supplies", "at": MARCH, "amount_fen": 700}
    )
    assert rows_of(begun, "supplies")[1] == ("F", "S2", pytest.approx(np.log(8), rel=1e-6), 1)
    assert len(rows_of(begun.as_of(dt.date(2026, 2, 28)), "supplies")) == 1


def test_a_relation_begins_changes_and_ends(base: SupplyNetwork) -> None:
    """Each state on its days."""
    pair = {"src": "F", "dst": "S2", "kind": "supplies"}
    net = changed(
        base,
        {"event": "relation", **pair, "at": MARCH, "weight": 2.0},
        {"event": "relation", **pair, "at": "2026-04-01", "weight": 5.0},
        {"event": "end", **pair, "at": "2026-05-01"},
    )
    states = [
        [row[2] for row in rows_of(net.as_of(dt.date.fromisoformat(day)), "supplies") if row[1] == "S2"]
        for day in ("2026-02-28", MARCH, "2026-04-30", "2026-05-01")
    ]
    assert states == [[], [2.0], [5.0], []]


def test_who_leaves_hands_over_and_nothing_is_counted_twice(base: SupplyNetwork) -> None:
    """Ann's relations are Bob's from March on; her counts stay hers, their common customer's ties join."""
    net = changed(base, {"event": "handover", "src": "Ann", "dst": "Bob", "at": MARCH})
    before, after = (net.as_of(dt.date.fromisoformat(day)) for day in ("2026-02-28", MARCH))
    assert rows_of(before, "serves") == [("Ann", "S1", 4.0, 5), ("Ann", "S2", 1.0, 1), ("Bob", "S2", 3.0, 2)]
    assert rows_of(after, "serves") == [("Bob", "S1", 4.0, 0), ("Bob", "S2", 4.0, 0)]
    assert rows_of(before, "refers") == [("Ann", "Bob", 1.0, 0)]
    assert "refers" not in after.blocks  # between the two it just ends: nobody refers to himself
    assert sum(row[3] for row in rows_of(net, "serves")) == 8
    half = changed(base, {"event": "handover", "src": "Ann", "dst": "Bob", "at": MARCH, "kind": "serves", "share": 0.5})
    assert rows_of(half.as_of(dt.date(2026, 3, 1)), "serves")[0][2] == 2.0
    assert rows_of(half, "refers") == rows_of(base, "refers")


def test_strengths_meet_on_the_day_of_the_later_trade(base: SupplyNetwork) -> None:
    """Ann's last trade with S2 is 180 days older than Bob's: half of her tie is left when they join."""
    trade = {"event": "trade", "src": "Bob", "dst": "S2", "kind": "serves", "at": "2026-07-09", "amount_fen": 0}
    net = changed(base, trade, {"event": "handover", "src": "Ann", "dst": "Bob", "at": "2026-08-01"})
    assert {row[1]: row[2] for row in rows_of(net.as_of(dt.date(2026, 8, 1)), "serves")}["S2"] == 2.0


def test_a_tie_grows_on_at_the_successor(base: SupplyNetwork) -> None:
    """What was carried over fades from the leaver's last trade, not from the handover."""
    trade = {"event": "trade", "src": "Bob", "dst": "S1", "kind": "serves", "at": "2026-07-09", "amount_fen": 0}
    net = changed(base, {"event": "handover", "src": "Ann", "dst": "Bob", "at": MARCH}, trade)
    assert rows_of(net.as_of(dt.date(2026, 7, 9)), "serves")[0] == ("Bob", "S1", 2.0, 1)


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({"event": "relation", "src": "F", "dst": "F", "kind": "supplies"}, "self_loop"),
        ({"event": "relation", "src": "X", "dst": "F", "kind": "supplies"}, "unknown_src"),
        ({"event": "trade", "src": "F", "dst": "X", "kind": "supplies", "at": MARCH, "amount_fen": 1}, "unknown_dst"),
        ({"event": "relation", "src": "F", "dst": "S1", "kind": "likes"}, "unknown_kind"),
        ({"event": "party", "id": "new", "kind": "shop"}, "unknown_kind"),
        ({"event": "party", "id": "new"}, "missing"),
        ({"event": "party", "id": "n" * 121, "kind": "store"}, "bad_id"),
        ({"event": "end", "src": "F", "dst": "S1", "kind": "supplies"}, "missing"),
        ({"event": "end", "src": "F", "dst": "S2", "kind": "supplies", "at": MARCH}, "no_relation"),
        ({"event": "end", "src": "F", "dst": "S1", "kind": "supplies", "at": MARCH, "weight": 1.0}, "misplaced"),
        (
            {"event": "relation", "src": "F", "dst": "S2", "kind": "supplies", "at": MARCH, "valid_to": "2026-02-01"},
            "reversed_dates",
        ),
        ({"event": "relation", "src": "F", "dst": "S1", "kind": "supplies", "valid_from": MARCH}, "overlaps"),
        (
            {"event": "trade", "src": "F", "dst": "S1", "kind": "supplies", "at": "2025-12-31", "amount_fen": 1},
            "reversed_time",
        ),
        ({"event": "handover", "src": "Ann", "dst": "Ann", "at": MARCH}, "self_loop"),
        ({"event": "handover", "src": "Ann", "dst": "Bob", "at": MARCH, "kind": "serves|likes"}, "unknown_kind"),
    ],
)
def test_what_cannot_happen_is_refused_with_a_reason(base: SupplyNetwork, event: dict[str, Any], code: str) -> None:
    """A code and words; nothing changes."""
    delta = Delta(base)
    after, faults = apply_events(delta, [{"event_id": "e", **event}])
    assert faults[0].startswith(f"{code}: ")
    assert after is delta


def test_who_has_left_cannot_leave_again_nor_follow_nor_close_a_circle(base: SupplyNetwork) -> None:
    """Leaving is for good."""
    ann = {"event": "handover", "src": "Ann", "dst": "Bob", "at": MARCH}
    bob = {"event": "handover", "src": "Bob", "dst": "Ann", "at": "2026-04-01"}
    later = {"event": "handover", "src": "F", "dst": "Ann", "at": "2026-04-01"}
    assert fault_of(base, ann, {**ann, "dst": "F"}).startswith("repeated: ")
    assert fault_of(base, ann, later).startswith("successor_left: ")
    assert fault_of(base, bob, ann).startswith("cycle: ")
    assert not fault_of(base, {**ann, "kind": "serves"}, {**bob, "kind": "refers"})


def test_customers_are_attributed_along_the_chain() -> None:
    """On each day to who has not left by then; circles and second leavings are refused."""
    serves = frozenset({"serves"})
    chain = [Handover("B", "C", dt.date(2026, 5, 1), serves), Handover("A", "B", dt.date(2026, 3, 1), serves)]
    days = [dt.date(2026, 2, 28), dt.date(2026, 3, 1), dt.date(2026, 4, 30), dt.date(2026, 5, 1)]
    assert [attributed_to(chain, "A", day) for day in days] == ["A", "B", "B", "C"]
    assert attributed_to(chain, "A", days[-1], kind="refers") == "A"
    with pytest.raises(InputError, match="circle through"):
        attributed_to([*chain, Handover("C", "A", dt.date(2026, 6, 1), serves)], "A", days[0])
    with pytest.raises(InputError, match="handovers of A: expected one"):
        attributed_to([*chain, Handover("A", "C", dt.date(2026, 6, 1), serves)], "A", days[0])


def test_everything_that_asks_a_net_sees_the_changes(base: SupplyNetwork) -> None:
    """Paths, parts as networkx graphs, degrees, candidates: a new store reached only by new relations."""
    net = changed(
        base,
        {"event": "party", "id": "New", "kind": "store"},
        {"event": "relation", "src": "F", "dst": "New", "kind": "supplies", "weight": 9.0, "at": MARCH},
        {"event": "end", "src": "F", "dst": "S1", "kind": "supplies", "at": MARCH},
    ).as_of(dt.date(2026, 3, 1))
    assert [step.target for step in introduction(net, "F", "New") or []] == ["New"]
    assert introduction(net, "F", "S1") is None
    assert set(to_networkx(net, ego="New", hops=1)) == {"New", "F"}
    assert net.degrees("F") == {"supplies": {"out": 1, "in": 0}}
    supply = pd.DataFrame({"supplier_id": ["F"], "sku_id": ["soap"], "capacity": [10.0]})
    orders = pd.DataFrame({"order_id": ["o1", "o2"], "sku_id": "soap", "pieces": 1, "buyer_id": ["New", "S1"]})
    found = gather(net, supply, pd.DataFrame({"sku_id": ["soap"]}), orders)
    assert found["tie_strength"].tolist() == [9.0, 0.0]
    assert found["path"].tolist() == ["F > New", ""]


def test_a_net_with_changes_is_not_saved_as_one(base: SupplyNetwork, tmp_path: Any) -> None:
    """The changes stay events; folding makes tables of them."""
    net = changed(base, {"event": "party", "id": "New", "kind": "store"})
    assert isinstance(net, LayeredNetwork)
    with pytest.raises(NotReadyError, match="evenflow load"):
        net.save(tmp_path)


def test_rows_become_events_without_their_empty_cells() -> None:
    """Numbers stay numbers, dates become texts."""
    raw = pd.DataFrame(
        {
            "event_id": ["1", "2"],
            "event": ["trade", "party"],
            "at": [MARCH, None],
            "amount_fen": [5, None],
            "id": ["", "x"],
        }
    )
    assert events_of(EVENTS.check(raw)) == [
        {"event_id": "1", "event": "trade", "at": MARCH, "amount_fen": 5},
        {"event_id": "2", "event": "party", "id": "x"},
    ]


def test_a_weight_that_the_net_cannot_hold_is_refused(base: SupplyNetwork) -> None:
    """It would be infinite as a float32, and the next load could not fold it in."""
    event = {"event": "relation", "src": "F", "dst": "S2", "kind": "supplies"}
    assert fault_of(base, {**event, "weight": 1e308}).startswith("too_large")
    assert fault_of(base, {**event, "weight": 1e38}) == ""


def test_counts_and_amounts_that_the_net_cannot_hold_are_refused(base: SupplyNetwork) -> None:
    """One such event, once recorded, would make every later reading of the net fail."""
    relation = {"event": "relation", "src": "F", "dst": "S2", "kind": "supplies", "at": MARCH}
    trade = {"event": "trade", "src": "F", "dst": "S2", "kind": "supplies", "at": MARCH, "amount_fen": 2**53 - 1}
    assert fault_of(base, {**relation, "count": 2**31}).startswith("too_large")
    assert fault_of(base, {**relation, "count": 2**31 - 1}) == ""
    assert fault_of(base, {**relation, "count": 2**31 - 1}, {**trade, "amount_fen": 1}).startswith("too_large")
    assert fault_of(base, trade, trade).startswith("too_large")
    huge = {**relation, "src": "Ann", "dst": "S2", "kind": "serves", "count": 2**31 - 2}
    gone = {"event": "handover", "src": "Ann", "dst": "Bob", "at": "2026-04-01"}
    assert rows_of(changed(base, huge, gone), "serves")[0][3] <= 2**31 - 1
