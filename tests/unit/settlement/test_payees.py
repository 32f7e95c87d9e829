"""Who plays a role: where demand arose, who holds a binding on the day, who took over, who brought whom."""

import numpy as np
import pandas as pd
import pytest

from contracts.errors import InputError, TableError
from settlement.book import SaleShares, Sides, share_sales
from settlement.rule_files import rules_from
from settlement.tables import BINDINGS, SALES, SELLERS, TOUCHES

AGREED = {
    "rest": "brand",
    "max_depth": 2,
    "rules": [
        {"role": "kol", "percent": 10, "filled_by": "touch"},
        {"role": "introducer", "percent": 1, "filled_by": "referrer", "through": "kol", "depth": 2},
        {"role": "guide", "percent": 5, "filled_by": "binding", "within_days": 30},
    ],
    "attribution": {"window_days": {"live": 1, "link": 7}},
}
NO_BINDINGS = [{"binding_id": "-", "party_id": "-", "starts_on": "2020-01-01"}]


def shared(sale: dict, *, touches=(), bindings=NO_BINDINGS, sellers=(), agreed=AGREED) -> SaleShares:
    """Return the shares of one sale of 1 000 fen on 10 March."""
    whole = {"sale_id": "s", "sold_at": "2026-03-10T12:00", "price_fen": 1000, "cost_fen": 0, "brand": "B"} | sale
    tables = {"touches": (TOUCHES, touches), "bindings": (BINDINGS, bindings), "sellers": (SELLERS, sellers)}
    sides = {
        name: schema.check(pd.DataFrame(rows, columns=None if len(rows) else schema.required))
        for name, (schema, rows) in tables.items()
    }
    return share_sales(SALES.check(pd.DataFrame([whole])), rules_from(agreed), Sides(**sides))


def player(found: SaleShares, role: str) -> str | None:
    """Return who plays a role in the sale."""
    code = int(found.filled.party[0, found.roles.index(role)])
    return None if code < 0 else str(found.ids[code])


def touch(party: str, at: str, channel: str = "link") -> dict:
    """Return a touch of journey j."""
    return {"journey_id": "j", "touched_at": at, "channel": channel, "party_id": party}


@pytest.mark.parametrize(
    ("touches", "kol"),
    [
        ([touch("K1", "2026-03-04T12:00"), touch("K2", "2026-03-10T11:00")], "K1"),  # the first within its window
        ([touch("K1", "2026-03-03T11:59"), touch("K2", "2026-03-10T11:00")], "K2"),  # 7 days and a minute ago
        ([touch("K1", "2026-03-03T12:00"), touch("K2", "2026-03-10T11:00")], "K1"),  # 7 days ago to the minute
        ([touch("K1", "2026-03-09T11:59", "live"), touch("K2", "2026-03-09T12:00", "live")], "K2"),  # a day's window
        ([touch("K1", "2026-03-10T12:01")], "C"),  # after the sale: whoever closed it
        ([touch("K1", "2026-03-10T11:00", "poster")], "C"),  # a channel without a window
        ([], "C"),
    ],
)
def test_demand_is_credited_where_it_arose(touches: list[dict], kol: str) -> None:
    """The first touch within its channel's window, whoever closed the sale."""
    found = shared({"kol": "C", "journey_id": "j"}, touches=touches)
    assert player(found, "kol") == kol
    assert found.filled.elsewhere.tolist() == [kol != "C"]


def test_the_last_touch_if_agreed() -> None:
    """One word in the rules."""
    last = AGREED | {"attribution": AGREED["attribution"] | {"credit": "last"}}
    touches = [touch("K1", "2026-03-04T12:00"), touch("K2", "2026-03-10T11:00")]
    assert player(shared({"journey_id": "j"}, touches=touches, agreed=last), "kol") == "K2"


def test_a_seller_who_leaves_between_touch_and_sale_keeps_what_arose() -> None:
    """Left on the 9th: a touch of the 8th counts and is told, one of the 9th does not."""
    gone = [{"party_id": "K1", "left_on": "2026-03-09", "successor_id": "K9"}]
    found = shared({"journey_id": "j"}, touches=[touch("K1", "2026-03-08T23:59")], sellers=gone)
    assert (player(found, "kol"), found.filled.kept.tolist()) == ("K1", [True])
    late = shared({"kol": "C", "journey_id": "j"}, touches=[touch("K1", "2026-03-09T00:00")], sellers=gone)
    assert (player(late, "kol"), late.filled.kept.tolist()) == ("C", [False])


def test_who_has_left_is_succeeded_or_leaves_it_to_the_rest() -> None:
    """K1 to K2, who left too, to K3; nobody after L."""
    gone = [
        {"party_id": "K1", "left_on": "2026-03-10", "successor_id": "K2"},
        {"party_id": "K2", "left_on": "2026-03-01", "successor_id": "K3"},
        {"party_id": "L", "left_on": "2026-01-01", "successor_id": None},
        {"party_id": "M", "left_on": "2026-03-11", "successor_id": "K3"},
    ]
    assert [player(shared({"kol": kol}, sellers=gone), "kol") for kol in ("K1", "L", "M")] == ["K3", None, "M"]
    assert shared({"kol": "L"}, sellers=gone).split.shares_fen[0].tolist() == [0, 0, 0, 1000]


@pytest.mark.parametrize(
    ("day", "guide"),
    [
        ("2026-02-28", None),  # before it began
        ("2026-03-01", "G1"),
        ("2026-03-14", "G1"),
        ("2026-03-15", "G2"),  # handed over
        ("2026-03-20", "G2"),  # its last day
        ("2026-03-21", None),
    ],
)
def test_a_binding_pays_whoever_holds_it_on_the_day(day: str, guide: str | None) -> None:
    """Start, handover and end by date."""
    bindings = [
        {"binding_id": "m", "party_id": "G2", "starts_on": "2026-03-15", "ends_on": "2026-03-20"},
        {"binding_id": "m", "party_id": "G1", "starts_on": "2026-03-01", "ends_on": None},
        {"binding_id": "n", "party_id": "G9", "starts_on": "2026-01-01", "ends_on": None},
    ]
    assert player(shared({"binding_id": "m", "sold_at": f"{day}T09:00"}, bindings=bindings), "guide") == guide


def test_within_days_counts_from_the_bindings_first_day() -> None:
    """30 days from 1 March, handovers or not; the day is China's."""
    bindings = [
        {"binding_id": "m", "party_id": "G1", "starts_on": "2026-03-01"},
        {"binding_id": "m", "party_id": "G2", "starts_on": "2026-03-25"},
    ]
    held = [
        player(shared({"binding_id": "m", "sold_at": at}, bindings=bindings), "guide")
        for at in ("2026-03-30T23:59", "2026-03-31T00:00", "2026-03-30T16:00Z", "2026-03-24T16:00Z")
    ]
    assert held == ["G2", None, None, "G2"]


def test_who_brought_the_seller_gets_the_second_level_and_no_third() -> None:
    """K brought by I, who was brought by J: J gets nothing."""
    brought = [{"party_id": "K", "referred_by": "I"}, {"party_id": "I", "referred_by": "J"}]
    found = shared({"kol": "K"}, sellers=brought)
    assert player(found, "introducer") == "I"
    assert found.split.shares_fen[0].tolist() == [100, 10, 0, 890]
    assert player(shared({}, sellers=brought), "introducer") is None


@pytest.mark.parametrize("column", ["referred_by", "successor_id"])
@pytest.mark.parametrize("length", [1, 2, 3, 9])
def test_circles_are_named(column: str, length: int) -> None:
    """Whether one walks into it from outside or not."""
    ring = [{"party_id": f"p{n}", column: f"p{(n + 1) % length}"} for n in range(length)]
    with pytest.raises(TableError, match=rf"column '{column}': expected chains that end, got a circle: p\d+ -> "):
        shared({"kol": "x"}, sellers=[{"party_id": "x", column: "p0"}, *ring])


def test_bindings_held_by_two_at_a_time_are_named() -> None:
    """And those that end before they begin."""
    overlapping = [
        {"binding_id": "m", "party_id": "G1", "starts_on": "2026-03-01", "ends_on": "2026-03-15"},
        {"binding_id": "m", "party_id": "G2", "starts_on": "2026-03-15", "ends_on": None},
    ]
    with pytest.raises(TableError, match=r"column 'ends_on', row 1: .* got 2026-03-15"):
        shared({"binding_id": "m"}, bindings=overlapping)
    backwards = [{"binding_id": "m", "party_id": "G1", "starts_on": "2026-03-02", "ends_on": "2026-03-01"}]
    with pytest.raises(TableError, match="column 'ends_on', row 1"):
        shared({"binding_id": "m"}, bindings=backwards)


@pytest.mark.parametrize(("table", "role"), [("touches", "kol"), ("bindings", "guide"), ("sellers", "introducer")])
def test_rules_that_need_a_table_say_so(table: str, role: str) -> None:
    """Instead of paying nobody."""
    needed = {"touches", "bindings", "sellers"} - {table}
    schemas = {"touches": TOUCHES, "bindings": BINDINGS, "sellers": SELLERS}
    sides = {name: schemas[name].check(pd.DataFrame({c: [] for c in schemas[name].required})) for name in needed}
    sale = {"sale_id": ["s"], "sold_at": ["2026-03-10"], "price_fen": [1], "cost_fen": [0], "brand": ["B"]}
    if table == "bindings":
        sides["touches"] = TOUCHES.check(pd.DataFrame({c: [] for c in TOUCHES.required}))
    with pytest.raises(InputError, match=f"{table}: expected a table, as the role {role} is filled by"):
        share_sales(SALES.check(pd.DataFrame(sale)), rules_from(AGREED), Sides(**sides))


def test_many_sales_find_their_own_touches() -> None:
    """Against a loop over all pairs."""
    rng = np.random.default_rng(5)
    n, m = 300, 500
    start = pd.Timestamp("2026-03-01", tz="Asia/Shanghai")
    sold = start + pd.to_timedelta(rng.integers(0, 20 * 1440, n), unit="min")
    at = start + pd.to_timedelta(rng.integers(0, 20 * 1440, m), unit="min")
    journeys = rng.integers(0, 60, n)
    touches = pd.DataFrame(
        {
            "journey_id": [f"j{k}" for k in rng.integers(0, 60, m)],
            "touched_at": at,
            "channel": rng.choice(["live", "link", "x"], m),
            "party_id": [f"K{k}" for k in range(m)],
        }
    )
    sales = pd.DataFrame({"sale_id": [f"s{k}" for k in range(n)], "sold_at": sold, "price_fen": 1000, "cost_fen": 0})
    sales = sales.assign(brand="B", journey_id=[f"j{k}" for k in journeys])
    rules = rules_from({**AGREED, "rules": AGREED["rules"][:1]})
    found = share_sales(SALES.check(sales), rules, Sides(touches=TOUCHES.check(touches)))
    windows = {"live": pd.Timedelta(days=1), "link": pd.Timedelta(days=7)}
    for row in range(n):
        mine = touches[touches["journey_id"] == f"j{journeys[row]}"]
        ago = sold[row] - mine["touched_at"]
        mine = mine[(ago >= pd.Timedelta(0)) & (ago <= mine["channel"].map(windows))]
        expected = None if mine.empty else mine["touched_at"].min()
        code = found.filled.party[row, 0]
        got = None if code < 0 else at[int(str(found.ids[code])[1:])]
        assert got == expected
