"""Credit positions against the same rules written as plain loops, one trade and one invoice at a time."""

from collections import Counter, defaultdict

import numpy as np
import pandas as pd
import pytest

from graph.credit.ageing import BUCKETS
from graph.credit.positions import credit_positions
from graph.credit.tables import EVENTS, LEDGER, TERMS


def random_book(seed, n=300):
    """Events in any order and of any kind: mostly trades that cannot be."""
    rng = np.random.default_rng(seed)
    rows = pd.DataFrame(
        {
            "trade_id": rng.choice(list("abcdefghij"), n),
            "buyer_id": rng.choice(["S1", "S2", "S3"], n),
            "supplier_id": rng.choice(["F1", "F2"], n),
            "at": pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 200, n), unit="D"),
            "event": rng.choice(EVENTS, n),
            "amount_fen": rng.integers(0, 1_000, n),
        }
    )
    due = rows["at"] + pd.to_timedelta(rng.integers(0, 60, n), unit="D")
    rows["due_at"] = due.where(rng.random(n) < 0.5)
    terms = pd.DataFrame(
        {
            "buyer_id": ["S1", "S1", "S2", "S9"],
            "supplier_id": ["F1", "F1", "F2", "F2"],
            "limit_fen": [3_000, 500, 900, 10],
            "terms_days": [30, 10, 45, 5],
            "retained_share": [0.1, 0.25, None, 0.5],
            "valid_from": [None, "2026-03-01", "2026-02-01", None],
            "valid_to": [None, "2026-06-01", None, None],
        }
    )
    return LEDGER.check(rows), TERMS.check(terms)


def terms_on(terms, pair, day):
    """The terms of a pair with the latest start not after the day, if they still hold."""
    best = None
    for row in terms.to_dict("records"):
        start = pd.Timestamp.min if pd.isna(row["valid_from"]) else row["valid_from"]
        if (row["buyer_id"], row["supplier_id"]) == pair and start <= day and (best is None or start > best[0]):
            best = (start, row)
    if best is None or (not pd.isna(best[1]["valid_to"]) and best[1]["valid_to"] <= day):
        return None
    return best[1]


def plain_positions(ledger, terms, as_of):
    trades = defaultdict(list)
    for row in ledger.to_dict("records"):
        if row["at"] <= as_of:
            trades[row["trade_id"], row["buyer_id"], row["supplier_id"]].append(row)
    pairs = defaultdict(Counter)
    for row in terms.to_dict("records"):
        pairs[row["buyer_id"], row["supplier_id"]]["trades"] += 0
    for (_, *ends), events in trades.items():
        pair = tuple(ends)
        pairs[pair].update({"trades": 1})
        pairs[pair].update(plain_trade(events, terms, pair, as_of))
    return pairs


def plain_trade(events, terms, pair, as_of):
    total = Counter()
    for event in events:
        total[event["event"]] += event["amount_fen"]
    held = total["reserved"] - total["released"]
    if total["cancelled"] > 0:
        held = min(held, (total["ordered"] or total["reserved"]) - total["cancelled"])
    now = terms_on(terms, pair, as_of)
    share = 0.0 if now is None or pd.isna(now["retained_share"]) else now["retained_share"]
    receivable = max(total["invoiced"] - total["paid"], 0)
    unbilled = max(total["delivered"] - total["invoiced"], 0)
    retained = min(round(max(total["delivered"] - total["accepted"], 0) * share), receivable + unbilled)
    told = {
        "receivables_fen": receivable,
        "unbilled_fen": unbilled,
        "reserved_fen": max(held - max(total["delivered"], total["invoiced"]), 0),
        "disputed_fen": min(max(total["disputed"] - total["resolved"], 0), receivable + unbilled),
        "retained_fen": retained,
        "overpaid_fen": max(total["paid"] - total["invoiced"], 0),
    }
    return told | plain_ageing(events, terms, pair, as_of, paid=total["paid"], kept=min(retained, receivable))


def plain_ageing(events, terms, pair, as_of, *, paid, kept):
    """Fen by fen: the oldest are paid first, the newest are the ones kept back."""
    fen = []
    invoices = [event for event in events if event["event"] == "invoiced"]
    for invoice in sorted(
        invoices, key=lambda e: (e["at"], pd.Timestamp.min if pd.isna(e["due_at"]) else e["due_at"], e["amount_fen"])
    ):
        due = invoice["due_at"]
        if pd.isna(due):
            agreed = terms_on(terms, pair, invoice["at"])
            due = invoice["at"] + pd.Timedelta(days=0 if agreed is None else agreed["terms_days"])
        fen += [(as_of - due).days] * invoice["amount_fen"]
    unpaid = fen[paid:]
    told = Counter({f"{bucket}_fen": 0 for bucket in BUCKETS})
    for place, overdue in enumerate(unpaid):
        late = 0 if place >= len(unpaid) - kept else overdue
        bucket = sum(late >= edge for edge in (1, 31, 61, 91))
        told[f"{BUCKETS[bucket]}_fen"] += 1
    return told


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("day", ["2026-02-15", "2026-04-30", "2026-12-31"])
def test_positions_are_those_of_plain_loops(seed, day):
    """Every part of every pair's position, on chaotic ledgers, on three days."""
    ledger, terms = random_book(seed)
    expected = plain_positions(ledger, terms, pd.Timestamp(day))
    got = credit_positions(ledger, terms, as_of=pd.Timestamp(day)).positions.set_index(["buyer_id", "supplier_id"])
    assert sorted(got.index) == sorted(expected)
    for pair, parts in expected.items():
        assert {name: got.loc[pair, name] for name in parts} == dict(parts), pair
        now = terms_on(terms, pair, pd.Timestamp(day))
        limit = got.loc[pair, "limit_fen"]
        assert pd.isna(limit) if now is None else limit == now["limit_fen"]
