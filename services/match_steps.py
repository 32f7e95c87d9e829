"""Process steps matched with workshops: the candidates are those who offer the step and are qualified for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from contracts.errors import InputError
from matching.steps import QUALIFIED_STEPS, step_candidates
from matching.tables import ORDERS, SUPPLIERS
from services.match_orders import MatchReport, match_orders

__all__ = ["match_any", "match_steps"]


def match_any(tables: Mapping[str, pd.DataFrame], **options: Any) -> MatchReport:
    """Match orders with the candidates given, or process steps where there are none.

    Parameters
    ----------
    tables
        Raw ``orders``, ``suppliers`` and either ``candidates`` or, perhaps, ``qualified``; others are not read.

    Raises
    ------
    InputError
        If candidates and qualified come together.
    """
    if "candidates" not in tables:
        return match_steps(tables["orders"], tables["suppliers"], qualified=tables.get("qualified"), **options)
    if "qualified" in tables:
        raise InputError("qualified", "no candidates beside it: they say already who may", "both")
    return match_orders(tables["orders"], tables["suppliers"], tables["candidates"], **options)


def match_steps(
    orders: pd.DataFrame,
    suppliers: pd.DataFrame,
    *,
    qualified: pd.DataFrame | None = None,
    sources: Mapping[str, str] | None = None,
    **options: Any,
) -> MatchReport:
    """Allocate ordered process steps to workshops, as `services.match_orders.match_orders` does with goods.

    Parameters
    ----------
    orders, suppliers
        Raw tables with ``process_step``, see `matching.steps.step_candidates`.
    qualified
        Raw table of who may do what; None = everybody who offers a step.
    options
        Those of `services.match_orders.match_orders`.

    Returns
    -------
    MatchReport
        Where nobody qualified offers a step, the reason is ``unqualified`` if somebody else does.

    Raises
    ------
    InputError
        If a table or an option is wrong; names the file, the column and the row.
    """
    names = {"orders": "orders", "suppliers": "suppliers", "qualified": "qualified"} | dict(sources or {})
    candidates, refused = step_candidates(
        ORDERS.check(orders, names["orders"]),
        SUPPLIERS.check(suppliers, names["suppliers"]),
        None if qualified is None else QUALIFIED_STEPS.check(qualified, names["qualified"]),
        names,
    )
    report = match_orders(orders, suppliers, candidates, sources={**names, "candidates": names["suppliers"]}, **options)
    return replace(
        report,
        allocation=_named(report.allocation, refused),
        told=None if report.told is None else _named(report.told, refused),
        summary=report.summary | {"unmatched_by_reason": _counted(_named(report.allocation, refused))},
    )


def _named(table: pd.DataFrame, refused: pd.DataFrame) -> pd.DataFrame:
    """Return rows whose only candidates were not qualified with that reason."""
    without = (table["reason"] == "no_candidates") & table["order_id"].isin(refused["order_id"])
    return table.assign(reason=table["reason"].mask(without, "unqualified"))


def _counted(allocation: pd.DataFrame) -> dict[str, int]:
    left = allocation[allocation["supplier_id"].isna()]
    return {str(name): int(n) for name, n in left.groupby("reason")["pieces"].sum().items()}
