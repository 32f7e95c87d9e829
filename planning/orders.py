"""Plans as tables: production orders and loads."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planning.evaluate import hours_by_row, operation_hours
from planning.order_identity import lot_names, lots_of, name_lots
from planning.params import HorizonParams
from planning.plan import PlanResult
from planning.problem import PlanProblem
from planning.starts import start_ops
from planning.tables import FIRM

__all__ = ["ORDER_COLUMNS", "load_table", "nervousness", "order_table"]

ORDER_COLUMNS = tuple(column.name for column in FIRM.columns)
_NEXT_BUCKETS = 4


def order_table(
    problem: PlanProblem,
    result: PlanResult,
    firm_orders: pd.DataFrame,
    horizon: HorizonParams,
    previous: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return one row per operation of each start, and the firm orders as they were given.

    An order keeps the id it has in the previous plan (rows of `FIRM`), also if it moved (`planning.order_identity`);
    the operations of one start share it up to the step's number.
    """
    ops = start_ops(problem, result.mode, result.bucket)
    m, pieces = problem.modes, result.pieces.astype(float)
    mode = m.op_mode[ops.op]
    resource = problem.resources[m.op_resource[ops.op]]
    ends = ops.bucket + m.op_lead[ops.op]
    step = m.op_step[ops.op]
    kept = _kept(firm_orders, problem)
    lots = _lot_ids(problem, result, kept, previous)
    planned = pd.DataFrame(
        {
            "order_id": [f"{lots[s]}-{k}" for s, k in zip(ops.start, step, strict=True)],
            "item": problem.items[m.item[mode]],
            "route": m.route[mode],
            "step": step,
            "resource": resource,
            "pieces": np.floor(pieces[ops.start] * m.op_share[ops.op] + 1e-6).astype(np.int64),
            "hours": operation_hours(problem, ops, pieces),
            "start": problem.buckets[ops.bucket],
            "due": problem.buckets[np.minimum(ends, problem.shape[2] - 1)],
            "state": np.where(ops.bucket < horizon.firm, "firm", "proposed"),
            "reason": np.array(result.why, dtype=object)[ops.start] if result.why else np.array([], dtype=object),
        }
    )
    whole = pd.concat([kept, planned], ignore_index=True) if len(kept) else planned
    for name in ("start", "due"):
        whole[name] = pd.to_datetime(whole[name])
    return whole.sort_values(["start", "item", "route", "step", "resource", "order_id"], ignore_index=True)


def _lot_ids(problem: PlanProblem, result: PlanResult, kept: pd.DataFrame, previous: pd.DataFrame | None) -> list[str]:
    m = problem.modes
    first = np.searchsorted(m.op_mode, np.arange(len(m.item) + 1))
    at = [",".join(map(str, problem.resources[m.op_resource[first[k] : first[k + 1]]])) for k in range(len(m.item))]
    planned = pd.DataFrame(
        {
            "item": problem.items[m.item[result.mode]],
            "route": m.route[result.mode],
            "at": np.array(at, dtype=object)[result.mode],
            "start": pd.to_datetime(problem.buckets[result.bucket]),
            "pieces": result.pieces,
        }
    )
    fixed = set(lot_names(kept)) if len(kept) else set()
    if previous is None or "order_id" not in previous:
        return name_lots(planned, pd.DataFrame(), fixed)
    before = previous[previous["order_id"].notna()]
    names = lot_names(before)
    loose = before["state"].eq("proposed") if "state" in before else pd.Series(data=False, index=before.index)
    continued = before[loose & ~names.isin(fixed)]
    told = continued.reindex(columns=list(ORDER_COLUMNS))
    return name_lots(planned, lots_of(told) if len(told) else told, fixed | set(names))


def _kept(firm_orders: pd.DataFrame, problem: PlanProblem) -> pd.DataFrame:
    if not len(firm_orders):
        return firm_orders
    kept = firm_orders.copy()
    given = kept["order_id"] if "order_id" in kept else pd.Series(None, index=kept.index, dtype=object)
    kept["order_id"] = given.fillna(pd.Series([f"FIRM-{i + 1}" for i in range(len(kept))], index=kept.index))
    kept["state"] = kept["state"].replace("proposed", "firm")
    ends = np.minimum(kept["bucket_index"] + kept["lead_buckets"].astype(int), problem.shape[2] - 1)
    arrival = pd.Series(pd.to_datetime(problem.buckets[np.maximum(ends, 0)]), index=kept.index)
    kept["due"] = kept["due"].fillna(arrival) if "due" in kept else arrival
    kept["reason"] = "firm"
    return kept[list(ORDER_COLUMNS)]


def load_table(problem: PlanProblem, result: PlanResult) -> pd.DataFrame:
    """Return resource, bucket, capacity, hours, idle and overtime hours."""
    n_resources, n_buckets = problem.capacity.shape
    load, capacity = result.outcome.load.ravel(), problem.capacity.ravel()
    return pd.DataFrame(
        {
            "resource": np.repeat(problem.resources, n_buckets),
            "bucket": pd.to_datetime(np.tile(problem.buckets, n_resources)),
            "capacity": capacity,
            "hours": load,
            "idle": np.maximum(capacity - load, 0.0),
            "overtime": np.maximum(load - capacity, 0.0),
        }
    )


def nervousness(problem: PlanProblem, result: PlanResult, horizon: HorizonParams) -> float | None:
    """Return hours moved within the four buckets after the firm ones / hours previously planned there.

    None without a previous plan there.
    """
    if problem.previous_hours is None:
        return None
    window = slice(horizon.firm, horizon.firm + _NEXT_BUCKETS)
    ops = start_ops(problem, result.mode, result.bucket)
    now = hours_by_row(problem, ops, operation_hours(problem, ops, result.pieces.astype(float)))
    before = float(problem.previous_hours[:, window].sum())
    moved = float(np.abs(now - problem.previous_hours)[:, window].sum())
    return moved / before if before > 0 else None
