"""What happens in a wave of the kill rounds: facts of every kind, told late, twice and out of order."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from services.flow.learnt import learnt_of
from services.network_plan import plan_network
from services.production_orders import current_orders
from store.home import TABLES, Home
from tests.unit.flow.conftest import RAW, order, sale

SCARCE_PIECES = 24
"""Pieces of tea that there are in all: fewer than are asked for. Of soap there is plenty."""

Row = dict[str, Any]
_AT = {"occurred_at": "2026-03-02T10:00:00Z"}
_PLENTY = 100_000
_LATE, _TWICE = 0.2, 0.15  # shares of facts that come up to three rounds late, and twice


def prepare(root: Path, *, learn: bool = True) -> list[str]:
    """Publish the net, learn its models and plan it; return production orders that are proposed."""
    supply = [
        {"supplier_id": "f1", "sku_id": "soap", "capacity": _PLENTY, "unit_cost_fen": 480, "lead_time_days": 3},
        {"supplier_id": "f2", "sku_id": "tea", "capacity": SCARCE_PIECES, "unit_cost_fen": 300, "lead_time_days": 2},
        {"supplier_id": "f1", "resource": "line", "capacity": 40.0, "overtime": 4.0},
    ]
    parties = [*RAW["parties"], {"id": "f3", "kind": "factory", "tenant": "maker"}]
    raw = RAW | {"supply": supply, "parties": parties}
    home = Home(root)
    home.publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in raw.items()})
    if learn:
        learnt_of(home.current())
    plan_network(home.current(), boxes=False)
    orders = current_orders(root).orders
    return [name.removesuffix("-1") for name in orders[orders["state"] == "proposed"]["order_id"].tolist()[:6]]


def firm(production: Sequence[str]) -> list[Row]:
    """Return the facts before the wave: these production orders are firm, so that every plan to come has them."""
    return [_progress(f"firm{n}", name, "firm", 1) for n, name in enumerate(production)]


def wave(rounds: int, production: Sequence[str]) -> Iterator[list[Row]]:
    """Yield what happens in each round, in its order; of production orders a little in every second one."""
    made = of_production(production) if production else []
    for number in range(rounds):
        steps = made[number // 2 : number // 2 + 1] if number % 2 == 0 else []
        yield [*_orders(number), *_sales(number), *_signals(number), *_supply(number), *steps]


def as_told(rounds: Sequence[Sequence[Row]], chance: random.Random) -> list[list[Row]]:
    """Return what is sent in each round: some of it later, some of it twice, all of it shuffled."""
    told: list[list[Row]] = [[] for _ in rounds]
    for number, rows in enumerate(rounds):
        for row in rows:
            late = chance.randint(1, 3) if chance.random() < _LATE else 0
            told[min(number + late, len(told) - 1)].append(row)
            if chance.random() < _TWICE:
                told[min(number + late + chance.randint(0, 2), len(told) - 1)].append(row)
    for rows in told:
        chance.shuffle(rows)
    return told


def _cancel(key: str, root: str) -> Row:
    return {"key": key, "kind": "cancellation", "corrects": root} | _AT


def _orders(number: int) -> list[Row]:
    """One that stays, one corrected twice, one cancelled, one for what is scarce, one for what nobody knows."""
    return [
        order(f"o{number}", pieces=1),
        order(f"p{number}", pieces=2),
        order(f"p{number}/b", pieces=1, corrects=f"p{number}"),
        order(f"p{number}/c", pieces=3, corrects=f"p{number}", sequence=1),
        order(f"q{number}", pieces=4),
        _cancel(f"q{number}/x", f"q{number}"),
        order(f"r{number}", pieces=3, sku_id="tea"),
        order(f"u{number}", pieces=1, sku_id="unknown"),
    ]


def _sales(number: int) -> list[Row]:
    """One corrected twice, at one moment, one cancelled, one that stays."""
    day = {"ds": f"2026-03-{1 + number % 20:02}"}
    return [
        sale(f"s{number}", 2, **day),
        sale(f"s{number}/b", 5, corrects=f"s{number}", **day),
        sale(f"s{number}/c", 4, corrects=f"s{number}", sequence=1, **day),
        sale(f"t{number}", 30, unique_id="tea@s1", **day),
        _cancel(f"t{number}/x", f"t{number}"),
        sale(f"v{number}", 3, unique_id="tea@s1", returned=1, **day),
    ]


def _signals(number: int) -> list[Row]:
    """One that is told under two keys, and one that is corrected: one more observation."""
    row = {"kind": "signal", "signal": "like", "style_id": "soap", "count": number + 1, "kol_id": "li"} | _AT
    row |= {"signal_time": "2026-03-01T00:00:00+08:00", "observed_at": f"2026-03-02T00:{number % 60:02}:00+08:00"}
    other = row | {"signal": "view", "count": 100 + number}
    return [
        row | {"key": f"g{number}"},
        row | {"key": f"g{number}/again"},
        other | {"key": f"h{number}"},
        other | {"key": f"h{number}/b", "corrects": f"h{number}", "count": 200 + number},
    ]


def _supply(number: int) -> list[Row]:
    """A supplier has less, or all again; some changes are corrected, some taken back, one push is told of."""
    at = {"kind": "capacity_change", "supplier_id": "f3", "occurred_at": f"2026-03-02T11:{number % 60:02}:00Z"}
    rows = [at | {"key": f"c{number}", "left_share": number % 4 / 4}]
    if number % 3 == 0:
        rows.append(at | {"key": f"c{number}/b", "corrects": f"c{number}", "left_share": 0.1 * (number % 9)})
    if number % 5 == 4:
        rows.append(_cancel(f"c{number}/x", f"c{number}"))
    if number == 1:
        reached = [{"community_id": "s1", "members": 300}]
        push = {"kind": "push", "wave_id": "w1", "push_at": "2026-03-02T14:00:00+08:00", "communities": reached}
        rows += [push | {"key": "w1"} | _AT, push | {"key": "w1/b", "corrects": "w1", "coupon": "c"} | _AT]
    return rows


def _progress(key: str, order_id: str, state: str, day: int, **more: Any) -> Row:
    row = {"key": key, "kind": "progress", "order_id": order_id, "state": state}
    return row | {"occurred_at": f"2026-03-{day:02}T08:00:00Z"} | more


def of_production(orders: Sequence[str]) -> list[Row]:
    """Released and done; released by mistake; cancelled; released after all; released, which was taken back."""
    first, second, third, fourth, fifth, _ = orders
    return [
        _progress("made-a1", first, "released", 2),
        _progress("made-b1", second, "released", 2),
        _progress("made-d1/b", fourth, "firm", 2, corrects="made-d1"),
        _progress("made-a2", first, "done", 3),
        _progress("made-b1/b", second, "firm", 2, corrects="made-b1", sequence=1),
        _progress("made-c1", third, "cancelled", 2),
        _progress("made-d1", fourth, "released", 2),
        _cancel("made-e1/x", "made-e1"),
        _progress("made-d1/c", fourth, "released", 2, corrects="made-d1", sequence=1),
        _progress("made-e1", fifth, "released", 4),
    ]


def keys_of(rounds: Sequence[Sequence[Mapping[str, Any]]]) -> set[str]:
    """Return the keys of all facts."""
    return {str(row["key"]) for rows in rounds for row in rows}
