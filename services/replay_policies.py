"""Release policies compared on histories of demand and of forecasts, from tables in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import InputError, TableError
from contracts.progress import Report, silent
from planning.build import PlanTables, problem_from_tables
from planning.forecasts import Forecasts
from planning.params import PlanParams, ReplayParams
from planning.policies import POLICIES, make_policy
from planning.problem import PlanProblem, Reason
from planning.replay import ReplayProblem, Trace, replay
from planning.replay_figures import trace_figures
from planning.replay_paired import mean_figures, paired_with_first
from planning.tables import ITEMS, RESOURCES, ROUTES, paths_schema, quantile_levels, require_rising

__all__ = ["DEFAULT_POLICIES", "ReplayReport", "replay_policies"]

DEFAULT_POLICIES = ("ours", "chase", "level", "moving_average", "order_up_to", "heijunka_rule")


@dataclass(frozen=True, kw_only=True)
class ReplayReport:
    """What every policy did.

    Parameters
    ----------
    buckets
        One row per policy, path and bucket up to the last that counts: cost parts, hours worked and released, pieces on
        time and demanded.
    summary
        Figures per policy: per path, and their mean; and the first policy paired with each of the others.
    """

    buckets: pd.DataFrame
    summary: dict[str, Any]


def replay_policies(
    paths: pd.DataFrame,
    resources: pd.DataFrame,
    routes: pd.DataFrame,
    *,
    items: pd.DataFrame | None = None,
    params: PlanParams | None = None,
    settings: ReplayParams | None = None,
    policies: Sequence[str] = DEFAULT_POLICIES,
    seed: int = 0,
    sources: Mapping[str, str] | None = None,
    progress: Report = silent,
) -> ReplayReport:
    """Run every policy over every path.

    Parameters
    ----------
    paths, resources, routes, items
        Raw tables as in docs/reference/files.md.
    params, settings
        Prices, firm buckets and limits of the plans; the replay's own settings.
    policies
        Names in `planning.policies.POLICIES`.

    Raises
    ------
    InputError
        An unknown policy, or scored buckets outside the calendar.
    TableError
        Naming the file, the column and the first bad row.
    """
    del seed  # nothing here is drawn at random
    params, settings = params or PlanParams(), settings or ReplayParams()
    _require_policies(policies)
    names = dict(sources or {})
    checked = _checked_paths(paths, names.get("demand", "paths"), forecast=set(policies) != {"pace"})
    tables = {
        "resources": _own_hours(RESOURCES.check(resources, names.get("resources"))),
        "routes": ROUTES.check(routes, names.get("routes")),
        "items": None if items is None else ITEMS.check(items, names.get("items")),
    }
    groups = list(checked.groupby("path", sort=True))
    frames: list[pd.DataFrame] = []
    figures: dict[str, dict[str, Any]] = {policy: {} for policy in policies}
    reasons: dict[str, list[Reason]] = {}
    for done, (path, happened) in enumerate(groups):
        problem = _problem(happened, tables, names)
        reasons[str(path)] = list(problem.base.notes)
        scored = _scored(problem.base, settings)
        for step, policy in enumerate(policies):
            chosen = make_policy(policy, problem, params, settings)
            trace = replay(problem, chosen, params, until=scored.stop)
            figures[policy][str(path)] = trace_figures(problem, trace, scored)
            rows = _bucket_rows(policy, str(path), problem.base, trace)
            frames.append(rows.iloc[: scored.stop])
            progress("replay", done * len(policies) + step + 1, len(groups) * len(policies))
    return ReplayReport(buckets=pd.concat(frames, ignore_index=True), summary=_summary(figures, reasons))


def _own_hours(resources: pd.DataFrame) -> pd.DataFrame:
    """Return the calendar without the hours of other customers; a replay promises nothing."""
    if "outside" not in resources:
        return resources.drop(columns="promised_share", errors="ignore")
    own = np.maximum(resources["capacity"] - resources["outside"].fillna(0.0), 0.0)
    return resources.assign(capacity=own).drop(columns=["outside", "promised_share"], errors="ignore")


def _require_policies(policies: Sequence[str]) -> None:
    for name in policies:
        if name not in POLICIES:
            raise InputError("policies", f"names among {', '.join(POLICIES)}", name)
    if not policies:
        raise InputError("policies", "at least one name", "none")


def _checked_paths(raw: pd.DataFrame, source: str, *, forecast: bool) -> pd.DataFrame:
    """Check the histories; forecasts have to be there if a policy looks at them."""
    if not forecast and "as_of" not in raw:
        raw = raw.assign(as_of=None)
    checked = paths_schema(raw).check(raw, source)
    if forecast and not quantile_levels(checked):
        raise TableError(source, "q0.5", "quantile columns such as q0.5", ", ".join(map(str, raw.columns)))
    require_rising(checked, source)
    first = checked.groupby(["path", "item", "bucket"])["y"].transform("first")
    differ = np.flatnonzero(checked["y"] != first)
    if len(differ):
        row = int(differ[0])
        expected = f"the same demand in all rows of a path, item and bucket ({first.iloc[row]:g})"
        raise TableError(source, "y", expected, checked["y"].iloc[row], row=row + 1, bad_rows=len(differ))
    return checked


def _problem(rows: pd.DataFrame, tables: Mapping[str, Any], sources: dict[str, str]) -> ReplayProblem:
    happened = rows.drop_duplicates(["item", "bucket"])[["item", "bucket", "y"]]
    base, _ = problem_from_tables(PlanTables(demand=happened, sources=sources, **tables))
    return ReplayProblem(base=base, demand=base.demand.mean, forecasts=_forecasts(rows, base))


def _forecasts(rows: pd.DataFrame, base: PlanProblem) -> Forecasts:
    levels = quantile_levels(rows)
    buckets = pd.DatetimeIndex(base.buckets)
    made = rows[rows["as_of"].notna() & rows[list(levels)].notna().all(axis=1)].sort_values("as_of", kind="stable")
    bucket = buckets.get_indexer(made["bucket"])
    item = pd.Index(base.items).get_indexer(made["item"])
    inside = (bucket >= 0) & (bucket <= base.last[item])
    return Forecasts(
        as_of=buckets.searchsorted(made["as_of"]).astype(np.int64)[inside],
        item=item[inside].astype(np.int64),
        bucket=bucket[inside].astype(np.int64),
        quantiles=np.sort(made[list(levels)].to_numpy(float)[inside], axis=1),
        levels=np.array(list(levels.values())),
    )


def _scored(base: PlanProblem, settings: ReplayParams) -> slice:
    n_buckets = base.shape[2]
    end = settings.score_to or n_buckets
    if not settings.score_from < end <= n_buckets:
        got = f"{settings.score_from} to {end}"
        raise InputError("[replay] score_from, score_to", f"a range within the {n_buckets} buckets there are", got)
    return slice(settings.score_from, end)


def _bucket_rows(policy: str, path: str, base: PlanProblem, trace: Trace) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "policy": policy,
            "path": path,
            "bucket": pd.to_datetime(base.buckets),
            **trace.cost,
            "hours": trace.load.sum(axis=0),
            "released_hours": trace.released.sum(axis=0),
            "on_time": trace.on_time,
            "demanded": trace.demanded,
        }
    )


def _summary(figures: dict[str, dict[str, Any]], reasons: dict[str, list[Reason]]) -> dict[str, Any]:
    per_policy = {policy: list(by_path.values()) for policy, by_path in figures.items()}
    means = {policy: mean_figures(found) for policy, found in per_policy.items()}
    return {
        "policies": {policy: {"mean": means[policy], "paths": by_path} for policy, by_path in figures.items()},
        "paired": paired_with_first(per_policy),
        "reasons": {path: [reason.as_dict() for reason in found] for path, found in reasons.items() if found},
    }
