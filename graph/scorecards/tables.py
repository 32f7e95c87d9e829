"""Tables of what parties did: deliveries, what third parties say, and faults that claims led back to a party."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import TableError
from contracts.tables import Column, TableSchema

__all__ = [
    "ASPECTS",
    "BLAME",
    "DELIVERIES",
    "EVIDENCE",
    "EVIDENCE_KINDS",
    "FAULTS",
    "check_rows",
    "delivery_faults",
    "evidence_faults",
]

EVIDENCE_KINDS = ("rating", "inspection", "audit", "certificate", "composition_test")
ASPECTS = ("on_time", "quality", "composition", "overall", "payment", "cancellation", "dispute")
Texts = npt.NDArray[np.object_]


def _text(name: str, description: str) -> Column:
    return Column(name=name, kind="str", required=False, nullable=True, description=description)


def _date(name: str, description: str) -> Column:
    return Column(name=name, kind="date", required=False, nullable=True, description=description)


def _pieces(name: str, description: str) -> Column:
    return Column(
        name=name, kind="int", required=False, nullable=True, minimum=0, maximum=10**12, description=description
    )


def _number(name: str, description: str, *, maximum: float) -> Column:
    return Column(
        name=name, kind="float", required=False, nullable=True, minimum=0, maximum=maximum, description=description
    )


DELIVERIES = TableSchema(
    name="deliveries",
    columns=(
        Column(name="supplier_id", kind="str", description="Who delivered, or should have."),
        Column(name="promised_at", kind="date", description="Day for which the delivery was promised."),
        Column(name="delivered_at", kind="date", nullable=True, description="Day it arrived; empty = not yet."),
        _pieces("ordered_pieces", "Pieces ordered."),
        _pieces("delivered_pieces", "Pieces that arrived."),
        _pieces("defective_pieces", "Of those, pieces at fault."),
        _text("category", "Category of the goods; suppliers of a category are each other's prior."),
        _text("lane", "Way the goods take, e.g. the country or region they go to."),
        _pieces("tested_pieces", "Of the pieces that arrived, those whose material was tested."),
        _pieces("conforming_pieces", "Of those, pieces made of what was declared."),
        _date("ordered_at", "Day of the order, not after the promised day nor after the arrival."),
        _text("buyer_id", "Who bought."),
        _text("delivery_id", "Your own id of the delivery (or lot): faults found later may name it."),
    ),
)

EVIDENCE = TableSchema(
    name="evidence",
    may_be_empty=True,
    key=("party_id", "source", "kind", "aspect", "at"),
    columns=(
        Column(name="party_id", kind="str", description="Whom it is about."),
        Column(name="at", kind="date", description="Day of the rating, inspection or test; later cards know of it."),
        Column(name="source", kind="str", description="Who says so: a platform, a laboratory, an auditor."),
        Column(name="kind", kind="str", choices=EVIDENCE_KINDS, description="What it is."),
        Column(name="aspect", kind="str", choices=ASPECTS, description="Which side of the party it is about."),
        _number("value", "Result from 0 (worst) to 1 (best); given unless the counts are.", maximum=1),
        _pieces("tested", "Pieces or cases looked at; given together with passed."),
        _pieces("passed", "Of those, fine ones."),
        _number("weight", "Own observations (deliveries, trades) that it counts for; 1 without it.", maximum=1e6),
        _date("valid_to", "First day on which it no longer holds, after at; empty = it only fades."),
    ),
)

BLAME = TableSchema(
    name="ledger",
    may_be_empty=True,
    columns=(
        Column(
            name="cancelled_by",
            kind="str",
            required=False,
            nullable=True,
            choices=("buyer", "supplier"),
            description="Who cancelled; the buyer without it.",
        ),
        Column(
            name="resolved_for",
            kind="str",
            required=False,
            nullable=True,
            choices=("buyer", "supplier"),
            description="Whom a resolved dispute was decided for.",
        ),
    ),
)

FAULTS = TableSchema(
    name="faults",
    may_be_empty=True,
    columns=(
        Column(name="party_id", kind="str", description="Whose fault it is, as far as it can be told."),
        Column(name="at", kind="date", description="Day of the claim."),
        _number("pieces", "Pieces expected at fault (probability x pieces claimed).", maximum=1e12),
        _number("claims", "Claims expected at fault: as many pieces where pieces is empty.", maximum=1e12),
        _pieces("amount_fen", "What it cost, in fen."),
        _text("delivery_id", "Delivery (or lot) the pieces came with: pieces found there already count once."),
    ),
)


def delivery_faults(deliveries: pd.DataFrame) -> Texts:
    """Return per delivery what is wrong across its columns, an empty text where nothing is.

    Parameters
    ----------
    deliveries
        Frame with the types of `DELIVERIES`.

    Examples
    --------
    >>> frame = pd.DataFrame({"delivered_pieces": [10, 10], "defective_pieces": [2, 11]})
    >>> delivery_faults(frame).tolist()
    ['', 'defective_pieces: expected not above delivered_pieces (10), got 11']
    """
    return _across(deliveries, _DELIVERY_RULES)


def evidence_faults(evidence: pd.DataFrame) -> Texts:
    """Return per row of third parties' evidence (types of `EVIDENCE`) what is wrong, an empty text where nothing is."""
    reasons = _across(evidence, _EVIDENCE_RULES)
    value, tested, passed = (_given(evidence, name) for name in ("value", "tested", "passed"))
    counts = tested & passed & (_numbers(evidence, "tested") != 0)
    unclear = np.where(value, tested | passed, ~counts)
    reasons[unclear & (reasons == "")] = "value: expected either it, or tested (> 0) and passed"
    return reasons


def _claim_faults(faults: pd.DataFrame) -> Texts:
    neither = ~(_given(faults, "pieces") | _given(faults, "claims"))
    return np.where(neither, "pieces: expected it or claims", "").astype(object)


def check_rows(schema: TableSchema, frame: pd.DataFrame, source: str) -> pd.DataFrame:
    """Return a raw table with its schema's types.

    Raises
    ------
    TableError
        If a cell, or a row across its cells, is wrong; names the source, the column and the first such row.
    """
    typed = schema.check(frame, source)
    reasons = _FAULTS[schema.name](typed)
    bad = np.flatnonzero(reasons != "")
    if len(bad):
        column, _, text = reasons[bad[0]].partition(": expected ")
        expected, _, got = text.partition(", got ")
        raise TableError(source, column, expected, got or "neither or both", row=int(bad[0]) + 1, bad_rows=len(bad))
    return typed


def _above(value: pd.Series, bound: pd.Series) -> pd.Series:
    return value > bound


def _below(value: pd.Series, bound: pd.Series) -> pd.Series:
    return value < bound


def _not_after(value: pd.Series, bound: pd.Series) -> pd.Series:
    return value <= bound


_Rule = tuple[str, str, str, Callable[[pd.Series, pd.Series], pd.Series]]
_DELIVERY_RULES: tuple[_Rule, ...] = (
    ("promised_at", "ordered_at", "not before", _below),
    ("delivered_at", "ordered_at", "not before", _below),
    ("defective_pieces", "delivered_pieces", "not above", _above),
    ("tested_pieces", "delivered_pieces", "not above", _above),
    ("conforming_pieces", "tested_pieces", "not above", _above),
)
_EVIDENCE_RULES: tuple[_Rule, ...] = (
    ("passed", "tested", "not above", _above),
    ("valid_to", "at", "a day after", _not_after),
)
_FAULTS = {DELIVERIES.name: delivery_faults, EVIDENCE.name: evidence_faults, FAULTS.name: _claim_faults}


def _across(frame: pd.DataFrame, rules: tuple[_Rule, ...]) -> Texts:
    reasons = np.full(len(frame), "", dtype=object)
    for column, bound, words, wrong in rules:
        if column in frame and bound in frame:
            bad = wrong(frame[column], frame[bound]).to_numpy(dtype=bool, na_value=False) & (reasons == "")
            for row in np.flatnonzero(bad):
                limit, got = _cell(frame[bound].iloc[row]), _cell(frame[column].iloc[row])
                reasons[row] = f"{column}: expected {words} {bound} ({limit}), got {got}"
    return reasons


def _given(frame: pd.DataFrame, name: str) -> npt.NDArray[np.bool_]:
    return ~np.isnan(_numbers(frame, name))


def _numbers(frame: pd.DataFrame, name: str) -> npt.NDArray[np.float64]:
    if name not in frame:
        return np.full(len(frame), np.nan)
    return np.asarray(frame[name].to_numpy(np.float64, na_value=np.nan))


def _cell(value: object) -> str:
    return f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else f"{value:g}"
