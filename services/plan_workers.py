"""Processes that plan the parts of a large problem at the same time."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from planning.params import PlanParams
from planning.plan import PlanResult, solve
from planning.problem import PlanProblem
from planning.shards import needs_shards

__all__ = ["solve_on_workers"]


def solve_on_workers(problem: PlanProblem, params: PlanParams, seed: int) -> PlanResult:
    """Plan on as many processes as `[solve] workers` says, or here where parts or processes cannot be had.

    A problem that is planned whole needs none. A service's worker process may start none of its own, and a script
    that is not written to be imported cannot be started again in them; the plan is the same either way.
    """
    n = params.solve.workers or os.cpu_count() or 1
    if n == 1 or multiprocessing.current_process().daemon or not needs_shards(problem, params):
        return solve(problem, params=params, seed=seed)
    try:
        with ProcessPoolExecutor(n, mp_context=multiprocessing.get_context("spawn")) as pool:
            return solve(problem, params=params, seed=seed, executor=pool)
    except BrokenProcessPool:
        return solve(problem, params=params, seed=seed)
