"""Tables of trust: who judges whom, who vouches for whom, who asks about whom."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.tables import Column, TableSchema

__all__ = ["JUDGEMENTS", "PAIRS", "VOUCHES", "judgement_faults"]


def _party(name: str, description: str) -> Column:
    return Column(name=name, kind="str", description=description)


def _day(description: str) -> Column:
    return Column(name="at", kind="date", required=False, nullable=True, description=description)


JUDGEMENTS = TableSchema(
    name="judgements",
    may_be_empty=True,
    columns=(
        _party("src", "Who trusts or distrusts."),
        _party("dst", "Who is trusted or distrusted."),
        Column(
            name="weight",
            kind="float",
            description="How much; negative = distrust. Only its size beside others counts.",
        ),
        _day("Day of the judgement; without it nothing fades."),
    ),
)

VOUCHES = TableSchema(
    name="vouches",
    columns=(
        _party("src", "Who vouches, and shares the blame."),
        _party("dst", "For whom."),
        _day("Day from which on; empty = ever."),
    ),
)

PAIRS = TableSchema(
    name="pairs",
    columns=(
        _party("src", "Who asks."),
        _party("dst", "About whom."),
    ),
)


def judgement_faults(judgements: pd.DataFrame) -> npt.NDArray[np.object_]:
    """Return per row why it can be no judgement, an empty text if it can; `judgements` has the schema's types."""
    faults = np.full(len(judgements), "", dtype=object)
    faults[(judgements["src"] == judgements["dst"]).to_numpy(dtype=bool)] = "src, dst: expected two parties, got one"
    return faults
