"""What holds for any net with any changes laid over it."""

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.blocks import MISSING
from graph.delta.apply import apply_events
from graph.delta.fold import folded_parties, folded_relations
from graph.delta.network import LayeredNetwork, layered
from graph.delta.state import Delta
from graph.delta.tables import Event
from graph.network import SupplyNetwork
from graph.tables import PARTY_KINDS

World = tuple[pd.DataFrame, pd.DataFrame]
Calendar = dict[tuple[str, str, str], dict[dt.date, float]]

IDS = ["F1", "F10", "F2", "s", "店1", "x-9"]
NEW = ["A-new", "店0"]
KINDS = ["supplies", "serves"]
EVENTS = ("party", "relation", "relation", "end", "trade", "trade", "handover", "handover")
DAYS = [dt.date(2026, 1, day).isoformat() for day in range(1, 9)]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Parties and usable relations; at most one relation of a pair and kind holds on a day."""
    n = draw(st.integers(3, len(IDS)))
    parties = pd.DataFrame(
        {"id": IDS[:n], "kind": draw(st.lists(st.sampled_from(PARTY_KINDS), min_size=n, max_size=n))}
    )
    words = st.sampled_from([None, "a", "b|a"])
    for name in ("region", "categories"):
        parties[name] = pd.Series(draw(st.lists(words, min_size=n, max_size=n)), dtype="str")
    end = st.sampled_from([*IDS[:3] * 3, *IDS[:n]])
    row = st.tuples(
        end, end, st.sampled_from(KINDS), st.sampled_from([0.0, 0.1, 2.5]), st.integers(0, 4), st.integers(0, 900),
        st.sampled_from([None, *DAYS[:3]]), st.sampled_from([None, DAYS[1], DAYS[5]]), st.sampled_from([None, DAYS[5]]),
    )  # fmt: skip
    rows = [r for r in draw(st.lists(row, max_size=14)) if r[0] != r[1]]
    names = ["src", "dst", "kind", "weight", "count", "amount_fen", "last_at", "valid_from", "valid_to"]
    frame = pd.DataFrame(rows, columns=names).astype(dict.fromkeys(names[:3], "str") | {"weight": float})
    for name in ("last_at", "valid_from", "valid_to"):
        frame[name] = pd.to_datetime(frame[name])
    usable = ~(frame["valid_to"] <= frame["valid_from"])
    return parties, frame[usable].drop_duplicates(names[:3]).reset_index(drop=True)


@st.composite
def events(draw: st.DrawFn, *, kinds: tuple[str, ...] = EVENTS) -> list[Event]:
    """Events of every kind, some of which cannot happen."""
    found: list[Event] = []
    party = st.sampled_from([*IDS[:3] * 4, *IDS[3:], *NEW, "nobody"])
    day = st.sampled_from(DAYS)
    for number in range(draw(st.integers(1, 14))):
        what = draw(st.sampled_from(kinds))
        event: Event = {"event_id": f"e{number}", "event": what}
        if what == "party":
            event |= {"id": draw(st.sampled_from([*IDS[:2], *NEW]))}
            event |= draw(st.fixed_dictionaries({}, optional={
                "kind": st.sampled_from(["store", "guide", "guide", "kol", "alien"]),
                "region": st.sampled_from(["a", "new"]),
                "categories": st.sampled_from(["b", "c|b"]), "lat": st.just(1.5), "name": st.just("N"),
            }))  # fmt: skip
        else:
            event |= {"src": draw(party), "dst": draw(party), "kind": draw(st.sampled_from([*KINDS * 5, "likes"]))}
        if what == "relation":
            optional: dict[str, Any] = {"at": day, "valid_from": day, "valid_to": day}
            optional |= {"weight": st.sampled_from([0.0, 0.3, 7.0]), "count": st.integers(0, 3)}
            event |= draw(st.fixed_dictionaries({}, optional=optional))
        if what in ("end", "trade", "handover"):
            event["at"] = draw(day)
        if what == "trade":
            event["amount_fen"] = draw(st.integers(0, 5000))
        if what == "handover":
            event |= draw(st.fixed_dictionaries({}, optional={"share": st.sampled_from([0.5, 1.0])}))
        found.append(event)
    return found


def told(net: SupplyNetwork) -> dict[str, Any]:
    """Return a net as plain values by id: parties with attributes, relations with every attribute, both ways."""
    ids, table = net.parties.ids, net.parties
    everyone = np.arange(net.n_parties)
    parties = {}
    for at in everyone.tolist():
        codes = {"region": (table.region, table.regions), "tenant": (table.tenant, table.tenants)}
        own = {name: names.text(int(column[at])) for name, (column, names) in codes.items() if column[at] >= 0}
        numbers = {name: float(column[at]) for name, column in table.numbers.items() if np.isfinite(column[at])}
        parties[ids.text(at)] = (PARTY_KINDS[table.kind[at]], own, numbers, sorted(table.categories_of(at)))
    relations = {}
    for kind, block in net.blocks.items():
        out, into = block.out_of(everyone), block.into(everyone)
        rows = sorted(_rows(net, block, out.which, out.party, out.relation))
        assert rows == sorted(_rows(net, block, into.party, into.which, into.relation))
        assert np.bincount(out.which, minlength=len(everyone)).tolist() == block.n_out(everyone).tolist()
        assert np.bincount(into.which, minlength=len(everyone)).tolist() == block.n_into(everyone).tolist()
        assert len(rows) == block.n_relations
        merged = block.merged()
        assert rows == sorted(_rows(net, merged, merged.src(), merged.out_dst, np.arange(merged.n_relations)))
        src, dst = np.repeat(everyone, len(everyone)), np.tile(everyone, len(everyone))
        found = block.find(src, dst)
        last = {(row[0], row[1]): row[2:] for row in rows}
        tellable = list(_rows(net, block, src[found >= 0], dst[found >= 0], found[found >= 0]))
        assert {(row[0], row[1]): row[2:] for row in tellable} == last
        relations[kind] = rows
    return {"parties": parties, "relations": relations}


def _rows(net: SupplyNetwork, block: Any, src: Any, dst: Any, relations: Any) -> Any:
    columns = [block.values(name, relations).tolist() for name in ("valid_from", "valid_to")]
    columns += [block.values(name, relations).tolist() for name in MISSING if not name.startswith("valid")]
    return zip(net.parties.ids.texts_at(src), net.parties.ids.texts_at(dst), *columns, strict=True)


_DAY = st.dates(dt.date(2025, 12, 31), dt.date(2026, 1, 10))


def _applied(world: World, changes: list[Event]) -> tuple[Delta, list[Event]]:
    delta, faults = apply_events(Delta(SupplyNetwork.build(*world)), changes)
    assert [event for event, fault in zip(changes, faults, strict=True) if not fault] == list(delta.events)
    return delta, list(delta.events)


def _folded(world: World, delta: Delta) -> World:
    return folded_parties(world[0], delta), folded_relations(world[1], delta)


@settings(max_examples=50, deadline=None)
@given(world=worlds(), changes=events(), seed=st.integers(0, 2**32 - 1))
def test_the_net_with_changes_is_the_net_built_from_the_folded_tables(
    world: World, changes: list[Event], seed: int
) -> None:
    """Every question to the layered net has the answer of a net built anew, from rows in any order."""
    delta, _ = _applied(world, changes)
    parties, relations = _folded(world, delta)
    rebuilt = SupplyNetwork.build(
        parties.sample(frac=1, random_state=seed), relations.sample(frac=1, random_state=seed)
    )
    assert not rebuilt.rejected
    net = layered(delta)
    assert told(net) == told(rebuilt)
    for party in parties["id"]:
        pd.testing.assert_frame_equal(_by_id(net.neighbours(party)), _by_id(rebuilt.neighbours(party)))
        assert net.degrees(party) == rebuilt.degrees(party)


@settings(max_examples=40, deadline=None)
@given(world=worlds(), changes=events(), day=_DAY)
def test_a_view_of_a_day_is_a_rebuild_from_the_events_up_to_then(
    world: World, changes: list[Event], day: dt.date
) -> None:
    """Replaying what counted by the day, folding and building gives the same net."""
    delta, counted = _applied(world, changes)
    past = [
        event
        for event in counted
        if event["event"] == "party"
        or dt.date.fromisoformat(event.get("at", event.get("valid_from", "0001-01-01"))) <= day
    ]
    then, _ = _applied(world, past)
    assert told(layered(delta).as_of(day)) == told(SupplyNetwork.build(*_folded(world, then)).as_of(day))


@settings(max_examples=25, deadline=None)
@given(world=worlds(), changes=events(), cut=st.integers(0, 14))
def test_batches_and_foldings_in_between_do_not_show(world: World, changes: list[Event], cut: int) -> None:
    """All at once, one batch after the other, or folded in between: the same net; and nothing earlier is touched."""
    whole, _ = _applied(world, changes)
    first, faults = apply_events(Delta(SupplyNetwork.build(*world)), changes[:cut])
    before = layered(first)
    as_it_was = told(before)
    second, more = apply_events(first, changes[cut:])
    kept = before if isinstance(before, LayeredNetwork) else None
    assert told(layered(second, kept)) == told(layered(whole))
    assert told(before) == as_it_was
    assert apply_events(Delta(SupplyNetwork.build(*world)), changes)[1] == faults + more
    if not first.left:  # who has left is known from the events only
        again, _ = _applied(_folded(world, first), changes[cut:])
        assert told(layered(again)) == told(layered(whole))


@settings(max_examples=40, deadline=None)
@given(world=worlds(), changes=events(kinds=("end", "handover", "handover")))
def test_days_and_weights_are_those_of_a_calendar(world: World, changes: list[Event]) -> None:
    """Ends and handovers do to a calendar of weights what they do to the rows (no dates of trade: nothing fades)."""
    world = (world[0], world[1].drop(columns="last_at"))
    delta, counted = _applied(world, changes)
    grid = _calendar(world[1])
    for event in counted:
        _enter(grid, event)
    net = layered(delta)
    for day in _days():
        assert _on_day(net, day) == {key: weight for key, days in grid.items() if (weight := days.get(day)) is not None}


@settings(max_examples=40, deadline=None)
@given(world=worlds(), leaver=st.integers(0, 5), successor=st.integers(0, 5), day=st.sampled_from(DAYS))
def test_a_handover_conserves_totals(world: World, leaver: int, successor: int, day: str) -> None:
    """Counts and amounts over all rows stay; so do weights on any day if the whole share passes and nothing fades."""
    parties, relations = world
    relations = relations.drop(columns="last_at")
    ids = parties["id"].tolist()
    src, dst = ids[leaver % len(ids)], ids[successor % len(ids)]
    between = relations["src"].isin([src, dst]) & relations["dst"].isin([src, dst])
    relations = relations[~between].reset_index(drop=True)
    event = {"event_id": "h", "event": "handover", "src": src, "dst": dst, "at": day}
    delta, counted = _applied((parties, relations), [event])
    assert len(counted) == (src != dst)
    before, after = SupplyNetwork.build(parties, relations), layered(delta)
    for name in ("count", "amount_fen"):
        assert _total(after, name) == _total(before, name)
    for one in _days():
        np.testing.assert_allclose(sum(_on_day(after, one).values()), sum(_on_day(before, one).values()), rtol=1e-6)
        if src != dst:
            past = one < dt.date.fromisoformat(day)
            assert past or not any(src in key[1:] for key in _on_day(after, one))
            assert not past or _on_day(after, one) == _on_day(before, one)


def _by_id(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values(["weight", "id", "relation", "direction"], ignore_index=True)


def _days() -> list[dt.date]:
    return [dt.date(2025, 12, 31) + dt.timedelta(days=number) for number in range(11)]


def _on_day(net: SupplyNetwork, day: dt.date) -> dict[tuple[str, str, str], float]:
    found: dict[tuple[str, str, str], float] = {}
    for kind, rows in told(SupplyNetwork.as_of(net, day))["relations"].items():
        for src, dst, _, _, weight, *_ in rows:
            assert (kind, src, dst) not in found
            found[kind, src, dst] = weight
    return found


def _total(net: SupplyNetwork, name: str) -> int:
    return sum(
        int(block.values(name, block.out_of(np.arange(len(net))).relation).sum()) for block in net.blocks.values()
    )


def _calendar(relations: pd.DataFrame) -> Calendar:
    grid: Calendar = {}
    for row in relations.itertuples():
        for day in _days():
            at = pd.Timestamp(day)
            if not (row.valid_from > at or row.valid_to <= at):
                grid.setdefault((row.kind, row.src, row.dst), {})[day] = float(np.float32(row.weight))
    return grid


def _enter(grid: Calendar, event: Event) -> None:
    key = (event.get("kind", ""), event.get("src", ""), event.get("dst", ""))
    at = dt.date.fromisoformat(event["at"]) if "at" in event else None
    if event["event"] == "end" and at is not None:
        grid[key] = {day: weight for day, weight in grid[key].items() if day < at}
    if event["event"] == "handover" and at is not None:
        _hand_over(grid, event, at)


def _hand_over(grid: Calendar, event: dict[str, Any], at: dt.date) -> None:
    leaver, successor = event["src"], event["dst"]
    for kind, a, b in list(grid):
        if kind == event["kind"] and leaver in (a, b):
            days = grid[kind, a, b]
            passing = {day: days.pop(day) for day in list(days) if day >= at}
            heir = (kind, successor if a == leaver else a, successor if b == leaver else b)
            for day, weight in passing.items():
                if heir[1] != heir[2]:
                    share = float(np.float32(weight * event.get("share", 1.0)))
                    old = grid.setdefault(heir, {}).get(day, 0.0)
                    grid[heir][day] = float(np.float32(old + share))
