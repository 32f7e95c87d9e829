"""A linear or mixed-integer model put together block by block, and solved by SciPy's HiGHS."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse.csgraph import connected_components

from planning.problem import Floats, Ints

__all__ = ["INTERIOR_COLUMNS", "NOTHING", "LinearModel", "LinearSolution"]

INTERIOR_COLUMNS = 20_000
"""From this size on linear programs go to the interior-point method, which was three times faster there."""

_LUMP_COLUMNS = 8_000
"""Parts of a linear program are lumped until they have about as many columns, so that few calls of the solver do."""


@dataclass(frozen=True, kw_only=True)
class LinearSolution:
    """What the solver found.

    Parameters
    ----------
    values
        Value of each column; None if it found none in time.
    objective, bound
        Cost of the values, and a cost that no solution can beat.
    proven
        Whether it stopped because it was done, not because time was up.
    """

    values: Floats | None
    objective: float
    bound: float
    proven: bool


@dataclass
class LinearModel:
    """Minimise cost x subject to lower <= A x <= upper and bounds on x."""

    cost: list[Floats] = field(default_factory=list)
    lower: list[Floats] = field(default_factory=list)
    upper: list[Floats] = field(default_factory=list)
    integer: list[Floats] = field(default_factory=list)
    n_columns: int = 0
    entries: list[tuple[Ints, Ints, Floats]] = field(default_factory=list)
    row_lower: list[Floats] = field(default_factory=list)
    row_upper: list[Floats] = field(default_factory=list)
    n_rows: int = 0

    def add_columns(
        self, n: int, *, cost: ArrayLike = 0.0, lower: ArrayLike = 0.0, upper: ArrayLike = np.inf, integer: bool = False
    ) -> Ints:
        """Add n columns and return their numbers."""
        for store, value in (
            (self.cost, cost),
            (self.lower, lower),
            (self.upper, upper),
            (self.integer, float(integer)),
        ):
            store.append(np.broadcast_to(np.asarray(value, float), (n,)))
        self.n_columns += n
        return np.arange(self.n_columns - n, self.n_columns)

    def add_rows(self, n: int, *, lower: ArrayLike, upper: ArrayLike) -> Ints:
        """Add n rows without entries and return their numbers."""
        for store, value in ((self.row_lower, lower), (self.row_upper, upper)):
            store.append(np.broadcast_to(np.asarray(value, float), (n,)))
        self.n_rows += n
        return np.arange(self.n_rows - n, self.n_rows)

    def put(self, rows: ArrayLike, columns: ArrayLike, values: ArrayLike) -> None:
        """Add to entries of the matrix; arguments are broadcast together, repeated entries are summed."""
        r, c, v = np.broadcast_arrays(np.asarray(rows), np.asarray(columns), np.asarray(values, float))
        self.entries.append((r.ravel(), c.ravel(), v.ravel()))

    @property
    def n_integer(self) -> int:
        """Number of columns that must be whole."""
        return int(sum(block.sum() for block in self.integer))

    def matrix(self) -> sparse.csr_array:
        """Return A."""
        rows, columns, values = (np.concatenate(part) for part in zip(*self.entries, strict=True))
        return sparse.csr_array((values, (rows, columns)), shape=(self.n_rows, self.n_columns))

    def solve(
        self,
        *,
        seconds: float,
        gap: float,
        integer: Floats | None = None,
        lower: Floats | None = None,
        upper: Floats | None = None,
        nodes: int | None = None,
    ) -> LinearSolution:
        """Solve, optionally with other integrality and bounds than the model's.

        Parameters
        ----------
        seconds, gap
            Wall time and relative gap at which to stop.
        integer, lower, upper
            Replacements, one value per column.
        nodes
            Branches after which the search stops, which unlike time is the same on every machine; None = no limit.
        """
        if self.n_columns == 0:
            return LinearSolution(values=np.zeros(0), objective=0.0, bound=0.0, proven=True)
        own = [np.concatenate(part) for part in (self.lower, self.upper, self.integer)]
        low, high, whole = (
            mine if given is None else given for mine, given in zip(own, (lower, upper, integer), strict=True)
        )
        options: dict[str, float] = {"time_limit": max(seconds, 1e-3)}
        if nodes is not None:
            options["node_limit"] = nodes
        program = _Program(
            cost=np.concatenate(self.cost),
            matrix=self.matrix(),
            row_lower=np.concatenate(self.row_lower),
            row_upper=np.concatenate(self.row_upper),
            lower=low,
            upper=high,
        )
        if not whole.any() and self.n_columns >= INTERIOR_COLUMNS:
            found = _solve_parts(program, options["time_limit"])
            if found.values is not None:
                return found
        return _solve_rows(program, whole, options | {"mip_rel_gap": gap})


@dataclass(frozen=True, kw_only=True)
class _Program:
    """The arrays of a model."""

    cost: Floats
    matrix: sparse.csr_array
    row_lower: Floats
    row_upper: Floats
    lower: Floats
    upper: Floats

    def part(self, rows: NDArray[np.bool_], columns: NDArray[np.bool_]) -> _Program:
        """Return the program of some rows and columns."""
        return _Program(
            cost=self.cost[columns],
            matrix=self.matrix[rows][:, columns],
            row_lower=self.row_lower[rows],
            row_upper=self.row_upper[rows],
            lower=self.lower[columns],
            upper=self.upper[columns],
        )


def _solve_parts(program: _Program, seconds: float) -> LinearSolution:
    """Solve a linear program by the parts that share no row, say factories that share no items: together they are it.

    A large part goes to the interior-point method, a small one to the simplex.
    """
    until = time.monotonic() + seconds
    row_part, column_part = _parts(program.matrix)
    values = np.empty(len(program.cost))
    objective = 0.0
    for number in range(int(column_part.max()) + 1):
        mine = column_part == number
        part = program.part(row_part == number, mine)
        options = {"time_limit": max(until - time.monotonic(), 1e-3)}
        large = mine.sum() >= INTERIOR_COLUMNS
        found = _solve_interior(part, options) if large else _solve_rows(part, np.zeros(mine.sum()), options)
        if found.values is None or not found.proven:
            return NOTHING
        values[mine] = found.values
        objective += found.objective
    return LinearSolution(values=values, objective=objective, bound=objective, proven=True)


def _parts(matrix: sparse.csr_array) -> tuple[Ints, Ints]:
    """Return the part of each row and column: what hangs together, small ones lumped."""
    n_rows, n_columns = matrix.shape
    entries = matrix.tocoo()
    met = sparse.coo_array(
        (np.ones(entries.nnz, np.int8), (entries.row, n_rows + entries.col)), shape=(n_rows + n_columns,) * 2
    )
    label = connected_components(met, directed=False)[1]
    columns = np.bincount(label[n_rows:], minlength=label.max() + 1)
    lump = np.unique((np.cumsum(columns) - columns) // _LUMP_COLUMNS, return_inverse=True)[1]
    return lump[label[:n_rows]], lump[label[n_rows:]]


def _solve_rows(program: _Program, whole: Floats, options: dict[str, float]) -> LinearSolution:
    rows = LinearConstraint(program.matrix, program.row_lower, program.row_upper)
    bounds = Bounds(program.lower, program.upper)
    found = milp(program.cost, integrality=whole, bounds=bounds, constraints=rows, options=options)
    if found.x is None:
        return NOTHING
    bound = found.mip_dual_bound if whole.any() else (found.fun if found.status == 0 else -np.inf)
    return LinearSolution(values=found.x, objective=found.fun, bound=bound, proven=found.status == 0)


def _solve_interior(program: _Program, options: dict[str, float]) -> LinearSolution:
    matrix, low, high = program.matrix, program.row_lower, program.row_upper
    equal = low == high
    above, below = ~equal & np.isfinite(high), ~equal & np.isfinite(low)
    found = linprog(
        program.cost,
        A_eq=matrix[equal],
        b_eq=low[equal],
        A_ub=sparse.vstack([matrix[above], -matrix[below]]),
        b_ub=np.concatenate([high[above], -low[below]]),
        bounds=np.column_stack([program.lower, program.upper]),
        method="highs-ipm",
        options=options,
    )
    if found.x is None or found.status != 0:
        return NOTHING
    return LinearSolution(values=found.x, objective=found.fun, bound=found.fun, proven=True)


NOTHING = LinearSolution(values=None, objective=np.inf, bound=-np.inf, proven=False)
