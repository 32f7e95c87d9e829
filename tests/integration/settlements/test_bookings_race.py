"""Bookings at the same time: every sale once, every return once, nothing half, on both databases."""

from concurrent.futures import ThreadPoolExecutor

import pandas as pd
from sqlalchemy import func, select

from services.settle_live import SalesDesk, party_statement, settle_live
from services.settle_sales import Told
from services.viewer import Viewer
from settlement.rule_files import rules_from
from store.schema import SETTLEMENT_ENTRIES, SETTLEMENT_EVENTS

RULES = rules_from({"rest": "brand", "rules": [{"role": "kol", "percent": 33.33}, {"role": "shop", "fixed_fen": 7}]})
SALES = [
    {"sale_id": f"s{n}", "sold_at": "2026-03-01T12:00:00+08:00", "price_fen": 3_000 + 5 * n, "cost_fen": 2_000,
     "pieces": 5, "brand": "acme", "kol": f"kol-{n % 2}", "shop": "shop"}
    for n in range(12)
]  # fmt: skip
RETURNS = [
    {"return_id": f"r{n}-{k}", "sale_id": f"s{n}", "returned_at": "2026-03-05T12:00:00+08:00", "pieces": 2}
    for n in range(12)
    for k in range(4)
]


def test_batches_that_overlap_book_each_event_once(database) -> None:
    """Eight threads send overlapping sales and four returns of two of five pieces: two of them fit, never three."""
    desk = SalesDesk(database=database, viewer=Viewer(), network=None)

    def send(thread: int) -> int:
        turn = [(thread + n) % 12 for n in range(6)]
        sales = pd.DataFrame([SALES[n] for n in turn])
        returns = pd.DataFrame([row for row in RETURNS if int(row["sale_id"][1:]) in turn][thread % 3 :])
        return len(settle_live(desk, sales, RULES, Told(returns=returns), strict=False)[1].entries)

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(send, range(8))) + list(pool.map(send, range(8)))
    event, entry = SETTLEMENT_EVENTS.c, SETTLEMENT_ENTRIES.c
    rows = database.read(lambda c: c.execute(select(event.kind, event.event_id)).all())
    assert len(rows) == len(set(rows))
    assert {event_id for kind, event_id in rows if kind == "sale"} == {f"s{n}" for n in range(12)}
    back = pd.Series([event_id.split("-")[0] for kind, event_id in rows if kind == "return"]).value_counts()
    assert (back == 2).all()
    assert len(back) == 12
    of_sale = select(entry.sale_id, func.sum(entry.share_fen)).group_by(entry.sale_id)
    sums = dict(map(tuple, database.read(lambda c: c.execute(of_sale).all())))
    kept = {f"s{n}": 200 + n for n in range(12)}  # the margin of the one piece of five that is left
    assert {name: int(value) for name, value in sums.items()} == kept
    parties = ("acme", "kol-0", "kol-1", "shop")
    whole = [party_statement(desk, name, since=None, until=None, after=0, limit=1)["share_fen"] for name in parties]
    assert sum(whole) == sum(kept.values())
    count = select(func.count()).select_from(SETTLEMENT_ENTRIES)
    assert sum(told) == database.read(lambda c: c.execute(count).scalar())
