"""Returns take back what was booked, to the fen, once."""

import numpy as np
import pandas as pd
import pytest

from settlement.book import Sides, entries_of, share_sales
from settlement.reversals import reverse
from settlement.rule_files import rules_from
from settlement.tables import RETURNS, SALES

RULES = rules_from({"rest": "brand", "rules": [{"role": "kol", "percent": 33.33}, {"role": "guide", "percent": 10}]})
SOLD = pd.DataFrame(
    {
        "sale_id": ["a", "b"],
        "sold_at": "2026-03-01T10:00",
        "price_fen": [1001, 50],
        "cost_fen": [0, 70],
        "pieces": [3, 1],
        "kol": ["K", "K"],
        "guide": ["G", None],
        "brand": "B",
    }
)


@pytest.fixture
def booked() -> pd.DataFrame:
    """Two sales: 334, 100, 567 fen, and a loss of 20."""
    shared = share_sales(SALES.check(SOLD), RULES, Sides())
    return entries_of(shared, np.arange(2))


def returned(*rows: tuple) -> pd.DataFrame:
    """Return checked returns of (id, sale, day, pieces[, kind])."""
    names = ["return_id", "sale_id", "returned_at", "pieces", "kind"]
    full = [(*row, "return")[:5] for row in rows]
    return RETURNS.check(pd.DataFrame(full, columns=names))


def by_event(entries: pd.DataFrame) -> dict[str, list[int]]:
    """Return the shares of each event."""
    return {str(event): rows.tolist() for event, rows in entries.groupby("event_id", sort=False)["share_fen"]}


def test_partial_returns_end_in_nothing(booked: pd.DataFrame) -> None:
    """One piece, then two: 2/3 of 334, 100, 567 is 222.67, 66.67, 378; the odd fen stays with the earlier role."""
    found = reverse(returned(("r2", "a", "2026-03-06", None), ("r1", "a", "2026-03-05", 1)), booked)
    assert by_event(found.entries) == {"r1": [-111, -34, -189], "r2": [-223, -66, -378]}
    assert found.reasons.tolist() == ["", ""]


def test_a_refusal_takes_a_loss_back(booked: pd.DataFrame) -> None:
    """The brand bore 20."""
    found = reverse(returned(("x", "b", "2026-03-01T10:00", None, "refusal")), booked)
    assert found.entries[["kind", "party_id", "share_fen"]].values.tolist() == [["refusal", "B", 20]]


@pytest.mark.parametrize(
    ("rows", "reasons"),
    [
        ([("r", "zz", "2026-03-05", 1)], ["sale_id: expected a sale that was settled"]),
        ([("r", "a", "2026-02-28", 1)], ["returned_at: expected no moment before the sale"]),
        ([("r", "a", "2026-03-05", 4)], ["pieces: expected at most the 3 still sold, got 4"]),
        (
            [("r", "a", "2026-03-05", 2), ("q", "a", "2026-03-06", 2)],
            ["", "pieces: expected at most the 1 still sold, got 2"],
        ),
        (
            [("r", "a", "2026-03-05", None), ("q", "a", "2026-03-06", None)],
            ["", "pieces: expected at most the 0 still sold, got all that are left"],
        ),
    ],
)
def test_returns_that_cannot_be_are_told(booked: pd.DataFrame, rows: list[tuple], reasons: list[str]) -> None:
    """And book nothing; the others do."""
    found = reverse(returned(*rows), booked)
    assert found.reasons.tolist() == reasons
    assert set(found.entries["event_id"]) == {row[0] for row, reason in zip(rows, reasons, strict=True) if not reason}


def test_a_return_counts_once_also_after_settlement(booked: pd.DataFrame) -> None:
    """The same again is known; another one under its id is refused; the next one goes on from what is left."""
    ledger = pd.concat([booked, reverse(returned(("r1", "a", "2026-03-05", 1)), booked).entries], ignore_index=True)
    again = reverse(
        returned(("r1", "a", "2026-03-05", 1), ("r2", "a", "2026-03-04", 2), ("r3", "a", "2026-03-09", 1)), ledger
    )
    assert again.known.tolist() == [True, False, False]
    assert by_event(again.entries) == {"r2": [-223, -66, -378]}
    assert again.reasons.tolist() == ["", "", "pieces: expected at most the 0 still sold, got 1"]
    other = reverse(returned(("r1", "a", "2026-03-05", 2)), ledger)
    assert other.reasons.tolist() == ["return_id: expected one that was not booked otherwise before"]
