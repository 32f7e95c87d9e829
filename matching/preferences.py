"""What suppliers would rather make: sizes, regions, buyers, steady orders, as data, and a part of the score.

A preference is a rule on one column and what it is worth, from -1 (rather not) to 1 (wanted most). The rules that hold
for a candidate add up, cut to the same range: the part ``supplier_preference``, whose weight is score per unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import InputError
from contracts.tables import Column, TableSchema, require_known
from matching.columns import Columns
from matching.score import PartWeight, ScoreWeights

__all__ = ["PART", "PREFERENCES", "with_preference_weight", "with_preferences"]

PART = "supplier_preference"
Mask = npt.NDArray[np.bool_]

PREFERENCES = TableSchema(
    name="preferences",
    columns=(
        Column(name="supplier_id", kind="str", nullable=True, description="who prefers (empty = every supplier)"),
        Column(name="column", kind="str", description="column of candidates, orders or suppliers: pieces, region …"),
        Column(name="value", kind="str", required=False, nullable=True, description="holds where `column` is this"),
        Column(name="minimum", kind="float", required=False, nullable=True, description="holds from this number on"),
        Column(name="maximum", kind="float", required=False, nullable=True, description="holds up to this number"),
        Column(name="worth", kind="float", minimum=-1, maximum=1, description="-1 (rather not) to 1 (wanted most)"),
    ),
    may_be_empty=True,
)


def with_preferences(
    candidates: pd.DataFrame,
    orders: pd.DataFrame,
    suppliers: pd.DataFrame,
    preferences: pd.DataFrame,
    *,
    source: str = "preferences",
) -> pd.DataFrame:
    """Return candidates with ``supplier_preference`` (-1 to 1) and ``preferred_for`` (the rules that hold, in words).

    Parameters
    ----------
    candidates, orders, suppliers
        Checked tables; every id of the candidates is known.
    preferences
        Checked table (`PREFERENCES`).

    Raises
    ------
    InputError
        If a rule names an unknown column or supplier, or says neither a value nor a range.
    """
    require_known(preferences, "supplier_id", suppliers["supplier_id"], source=source, kind="supplier")
    columns = Columns.of(candidates, orders, suppliers)
    total, told = np.zeros(len(candidates)), np.full(len(candidates), "", dtype=object)
    supplier = candidates["supplier_id"].to_numpy(dtype=object)
    for row, rule in enumerate(preferences.to_dict("records"), start=1):
        holds, words = _holds(columns, rule, f"{source}: row {row}")
        if not pd.isna(rule["supplier_id"]):
            holds &= supplier == rule["supplier_id"]
        total[holds] += rule["worth"]
        told[holds] += np.where(told[holds] == "", "", "; ") + f"{words} {rule['worth']:+g}"
    return candidates.assign(**{PART: np.clip(total, -1.0, 1.0), "preferred_for": told})


def with_preference_weight(
    candidates: pd.DataFrame, weights: ScoreWeights | None, weight: float
) -> tuple[pd.DataFrame, ScoreWeights | None]:
    """Return candidates and weights in which preferences count: in the score given, or as a part of the computed one.

    Weights that have the part already keep theirs.

    Raises
    ------
    InputError
        If the weight is not a number >= 0.
    """
    if not (np.isfinite(weight) and weight >= 0):
        raise InputError("--preference-weight", "a number >= 0", weight)
    if "score" in candidates:
        return candidates.assign(score=candidates["score"] + weight * candidates[PART]), weights
    if weights is None or PART in weights.parts:
        return candidates, weights
    part = PartWeight(weight=weight, scale=1.0, direction="higher")
    return candidates, ScoreWeights(base=weights.base, parts={**weights.parts, PART: part})


def _holds(columns: Columns, rule: Mapping[str, Any], where: str) -> tuple[Mask, str]:
    """Return bool [E], where a rule holds, and the rule in words."""
    name = str(rule["column"])
    cells = columns.column(name, where)
    given: dict[str, Any] = {
        key: rule[key] for key in ("value", "minimum", "maximum") if key in rule and not pd.isna(rule[key])
    }
    if not given:
        raise InputError(where, "a value, a minimum or a maximum", "none of them")
    if given.get("minimum", -np.inf) > given.get("maximum", np.inf):
        raise InputError(where, "minimum <= maximum", f"{given['minimum']:g} to {given['maximum']:g}")
    holds, words = np.ones(len(cells), np.bool_), []
    if "value" in given:
        holds &= (cells.astype("str") == str(given["value"])).to_numpy(np.bool_)
        words.append(f"{name}={given['value']}")
    if len(given) > ("value" in given):
        numbers = pd.to_numeric(cells, errors="coerce").to_numpy(np.float64)
        if numbers.size and np.isnan(numbers).all():
            raise InputError(where, f"a column of numbers for {', '.join(set(given) - {'value'})}", name)
        holds &= ~np.isnan(numbers)
        for key, sign, keeps in (("minimum", ">=", np.greater_equal), ("maximum", "<=", np.less_equal)):
            if key in given:
                holds &= keeps(numbers, given[key])
                words.append(f"{name}{sign}{given[key]:g}")
    return holds, " and ".join(words)
