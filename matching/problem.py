"""What is matched: orders, suppliers and the candidates between them in CSR form, credit lines and floors."""

from __future__ import annotations

from dataclasses import dataclass, field
from dataclasses import replace as _replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from contracts.errors import InputError

__all__ = [
    "CreditLines",
    "Floats",
    "Ints",
    "MatchParams",
    "MatchProblem",
    "MatchResult",
    "Method",
    "of_orders",
    "only",
    "relative_gap",
]

Ints = npt.NDArray[np.integer[Any]]
Floats = npt.NDArray[np.floating[Any]]
Method = Literal["auto", "auction", "exact", "greedy"]
_TOTAL_LIMIT = 2**62
_LP_SHARE, _LP_MOST_SECONDS = 4.0, 60.0


@dataclass(frozen=True, kw_only=True)
class MatchParams:
    """How a match is solved.

    Parameters
    ----------
    method
        ``exact`` (min-cost flow, LP or MILP), ``auction`` (ε-auction), ``greedy`` (first come first served) or
        ``auto``: the auction for large problems that it fits, else exact.
    unsplit
        One supplier serves the whole order or nobody does.
    floor
        Share of its capacity-proportional part of the demand that each supplier is guaranteed, in [0, 1].
    epsilon
        The auction's first bid step as a share of the score range, in (0, 1); finer ones follow where the gap asks.
    bids_per_order
        Bids after which the auction gives up on a price war, per order, >= 1.
    gap_tolerance
        Largest certified gap that `auto` accepts from the auction, >= 0.
    auction_from
        Candidates from which `auto` tries the auction, >= 0.
    mip_candidates
        Largest number of candidates that is solved as a mixed-integer program, >= 0.
    lp_candidates
        Largest number of candidates whose linear program is solved, >= 0; beyond it prices come from a smoothed dual.
    mip_gap
        Relative gap at which a mixed-integer program stops, in [0, 1); with floors it stops at none.
    seconds
        Time limit of a mixed-integer program, wall seconds > 0; a note says where it stopped one. Linear programs have
        `lp_seconds` together; where that will not do prices come from the smoothed dual.
    polish_seconds
        Seconds for whole orders of uneven loads, where no program proved them best: a sharper bound, then improvement
        part by part, >= 0; the work is counted, and ends earlier on an idle machine.
    """

    method: Method = "auto"
    unsplit: bool = False
    floor: float = 0.0
    epsilon: float = 1e-3
    bids_per_order: float = 25.0
    gap_tolerance: float = 5e-5
    auction_from: int = 200_000
    mip_candidates: int = 20_000
    lp_candidates: int = 300_000
    mip_gap: float = 1e-5
    seconds: float = 5.0
    polish_seconds: float = 20.0

    def __post_init__(self) -> None:
        if self.method not in ("auto", "auction", "exact", "greedy"):
            raise ValueError(f"method: expected auto, auction, exact or greedy, got {self.method!r}")
        if not 0 <= self.floor <= 1:
            raise ValueError(f"floor: expected a share in [0, 1], got {self.floor}")
        if not 0 < self.epsilon < 1:
            raise ValueError(f"epsilon: expected a number in (0, 1), got {self.epsilon}")
        if not self.bids_per_order >= 1:
            raise ValueError(f"bids_per_order: expected a number >= 1, got {self.bids_per_order}")
        if not 0 <= self.mip_gap < 1:
            raise ValueError(f"mip_gap: expected a number in [0, 1), got {self.mip_gap}")
        if not self.seconds > 0:
            raise ValueError(f"seconds: expected a number > 0, got {self.seconds}")
        for name in ("gap_tolerance", "auction_from", "mip_candidates", "lp_candidates", "polish_seconds"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name}: expected a number >= 0, got {getattr(self, name)}")

    @property
    def lp_seconds(self) -> float:
        """Time limit of all linear programs of a match, wall seconds: four times `seconds`, at most a minute."""
        return min(_LP_SHARE * self.seconds, _LP_MOST_SECONDS)


@dataclass(frozen=True, kw_only=True)
class CreditLines:
    """Limits on what one buyer takes from one supplier, over all the buyer's orders.

    Parameters
    ----------
    line
        int [E], the credit line of each candidate, -1 = none. One that reaches over several suppliers (offers of one
        party) takes a linear or mixed-integer program.
    limit
        int [L], pieces or fen, >= 0.
    use
        float [E], what one piece takes of its line (1, or its price in fen), >= 0; None = 1.
    """

    line: Ints
    limit: Ints
    use: Floats | None = None


@dataclass(frozen=True, kw_only=True)
class MatchProblem:
    """N orders, M suppliers and E candidates, sorted by order.

    Parameters
    ----------
    indptr
        int [N + 1]: the candidates of order i are rows ``indptr[i]:indptr[i + 1]``.
    supplier
        int [E], supplier of each candidate in [0, M), each pair at most once.
    score
        float [E], gain per piece, finite.
    pieces
        int [N], > 0.
    capacity
        int [M], units of load, >= 0.
    penalty
        float [N], score lost per unserved piece, finite; None = 1.
    load
        float [E], capacity one piece takes, > 0; None = 1.
    credit
        Credit lines, if any.

    Raises
    ------
    InputError
        If shapes or ranges are wrong; names the array and the first place.

    Examples
    --------
    >>> problem = MatchProblem(indptr=np.array([0, 2]), supplier=np.array([0, 1]), score=np.array([0.9, 0.5]),
    ...                        pieces=np.array([10]), capacity=np.array([6, 9]))
    >>> problem.n_orders, problem.n_suppliers, problem.n_candidates
    (1, 2, 2)
    """

    indptr: Ints
    supplier: Ints
    score: Floats
    pieces: Ints
    capacity: Ints
    penalty: Floats | None = None
    load: Floats | None = None
    credit: CreditLines | None = None

    def __post_init__(self) -> None:
        _check_shapes(self)
        _check_values(self)

    @property
    def n_orders(self) -> int:
        """Number of orders, N."""
        return int(self.pieces.size)

    @property
    def n_suppliers(self) -> int:
        """Number of suppliers, M."""
        return int(self.capacity.size)

    @property
    def n_candidates(self) -> int:
        """Number of candidates, E."""
        return int(self.supplier.size)

    @property
    def demand(self) -> int:
        """Pieces ordered in all."""
        return int(self.pieces.sum(dtype=np.int64))

    @cached_property
    def order(self) -> Ints:
        """int32 [E]: the order of each candidate."""
        return np.repeat(np.arange(self.n_orders, dtype=np.int32), np.diff(self.indptr))

    @cached_property
    def penalties(self) -> Floats:
        """float64 [N]: score lost per unserved piece."""
        return np.ones(self.n_orders) if self.penalty is None else np.asarray(self.penalty, dtype=np.float64)

    def replace(self, **changes: Any) -> MatchProblem:
        """Return the same problem with some arrays replaced, checked again."""
        return _replace(self, **changes)

    def objective(self, pieces: Ints) -> float:
        """Return ``sum score · pieces - sum penalty · unserved`` of an allocation given per candidate (int [E])."""
        used = np.flatnonzero(pieces)
        gain = float(np.dot(self.score[used].astype(np.float64), pieces[used].astype(np.float64)))
        return gain - float(np.dot(self.penalties, self.unserved(pieces).astype(np.float64)))

    def unserved(self, pieces: Ints) -> Ints:
        """Return int64 [N], the pieces of each order that an allocation leaves."""
        total = np.append(0, np.cumsum(pieces, dtype=np.int64))
        return self.pieces - np.diff(total[self.indptr])


@dataclass(frozen=True, kw_only=True)
class MatchResult:
    """An allocation, the prices that certify it, and why pieces stayed unserved.

    Parameters
    ----------
    pieces
        int64 [E], pieces per candidate.
    unserved
        int64 [N], pieces of each order that nobody serves.
    prices
        float64 [M], score per unit of the supplier's capacity: what one more unit would be worth. Below zero only
        where a floor binds: what serving one piece less would gain.
    line_prices
        float64 [L], score per unit of each credit line.
    objective, upper_bound
        Reached, and proved unreachable beyond.
    method
        What produced the allocation (``min_cost_flow``, ``milp``, ``lp_rounding``, ``auction``, ``greedy`` …).
    status
        ``optimal`` if the gap is zero to the precision of scores, else ``feasible``.
    relaxed_floors
        (supplier, floor, reached) of each floor that cannot be kept together with the others.
    toll
        float64 [E], what a piece of each candidate pays for limits on what is served together; None = nothing.
    barred
        object [E], code of the limit that keeps a candidate from one piece more, empty = none; None = all empty.
    notes
        What a user should know about how it was solved.
    seconds, cpu_seconds
        Of the solve.
    """

    pieces: Ints
    unserved: Ints
    prices: Floats
    line_prices: Floats
    objective: float
    upper_bound: float
    method: str
    status: str
    relaxed_floors: tuple[tuple[int, float, float], ...] = ()
    toll: Floats | None = None
    barred: npt.NDArray[np.object_] | None = None
    notes: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False)
    cpu_seconds: float = field(default=0.0, compare=False)

    @property
    def gap(self) -> float:
        """Relative distance of the objective from its proved bound, >= 0."""
        return relative_gap(self.objective, self.upper_bound)


def of_orders(problem: MatchProblem, chosen: npt.NDArray[np.bool_]) -> MatchProblem:
    """Return the problem of some of the orders (bool [N]), all suppliers with all their capacity."""
    rows = chosen[problem.order]
    return problem.replace(
        indptr=np.append(0, np.cumsum(np.diff(problem.indptr)[chosen])),
        supplier=problem.supplier[rows],
        score=problem.score[rows],
        pieces=problem.pieces[chosen],
        penalty=None if problem.penalty is None else problem.penalty[chosen],
        load=None if problem.load is None else problem.load[rows],
        credit=None if problem.credit is None else _of_rows(problem.credit, rows),
    )


def only(problem: MatchProblem, allowed: npt.NDArray[np.bool_]) -> MatchProblem:
    """Return the problem over the allowed candidates (bool [E])."""
    if allowed.all():
        return problem
    return problem.replace(
        indptr=np.append(0, np.cumsum(allowed))[problem.indptr],
        supplier=problem.supplier[allowed],
        score=problem.score[allowed],
        load=None if problem.load is None else problem.load[allowed],
        credit=None if problem.credit is None else _of_rows(problem.credit, allowed),
    )


def _of_rows(credit: CreditLines, rows: npt.NDArray[np.bool_]) -> CreditLines:
    return _replace(credit, line=credit.line[rows], use=None if credit.use is None else credit.use[rows])


def relative_gap(objective: float, upper_bound: float) -> float:
    """Return ``(upper_bound - objective) / |objective|``, 0 where they agree to rounding."""
    distance = upper_bound - objective
    scale = max(abs(objective), abs(upper_bound))
    if distance <= 1e-12 * scale:
        return 0.0
    return distance / max(abs(objective), 1e-12 * scale)


def _check_shapes(p: MatchProblem) -> None:
    n, m, e = p.pieces.size, p.capacity.size, p.supplier.size
    if n == 0 or m == 0:
        raise InputError("match", "at least one order and one supplier", f"{n} orders, {m} suppliers")
    if p.indptr.shape != (n + 1,) or p.indptr[0] != 0 or p.indptr[-1] != e or (np.diff(p.indptr) < 0).any():
        raise InputError("indptr", f"{n + 1} offsets rising from 0 to {e}", f"shape {p.indptr.shape}")
    wanted: list[tuple[str, npt.NDArray[Any] | None, int]] = [
        ("score", p.score, e),
        ("load", p.load, e),
        ("penalty", p.penalty, n),
    ]
    if p.credit is not None:
        wanted += [("credit.line", p.credit.line, e), ("credit.use", p.credit.use, e)]
    for name, values, size in wanted:
        if values is not None and values.shape != (size,):
            raise InputError(name, f"{size} values", f"shape {values.shape}")


def _check_values(p: MatchProblem) -> None:
    _require(p.pieces > 0, "pieces", "whole numbers > 0", p.pieces)
    _require(p.capacity >= 0, "capacity", "whole numbers >= 0", p.capacity)
    _require(np.isfinite(p.score), "score", "finite numbers", p.score)
    _require((p.supplier >= 0) & (p.supplier < p.n_suppliers), "supplier", f"0 to {p.n_suppliers - 1}", p.supplier)
    if p.penalty is not None:
        _require(np.isfinite(p.penalty), "penalty", "finite numbers", p.penalty)
    if p.load is not None:
        _require((p.load > 0) & np.isfinite(p.load), "load", "finite numbers > 0", p.load)
    if p.credit is not None:
        _check_credit(p.credit)
    for name, values in (("pieces", p.pieces), ("capacity", p.capacity)):
        if float(values.sum(dtype=np.float64)) >= _TOTAL_LIMIT:
            raise InputError(name, f"a total below {_TOTAL_LIMIT}", float(values.sum(dtype=np.float64)))


def _check_credit(credit: CreditLines) -> None:
    _require(credit.limit >= 0, "credit.limit", "whole numbers >= 0", credit.limit)
    _require((credit.line >= -1) & (credit.line < credit.limit.size), "credit.line", "known lines or -1", credit.line)
    if credit.use is not None:
        _require((credit.use >= 0) & np.isfinite(credit.use), "credit.use", "finite numbers >= 0", credit.use)


def _require(good: npt.NDArray[np.bool_], name: str, expected: str, values: npt.NDArray[Any]) -> None:
    if not good.all():
        at = int(np.flatnonzero(~good)[0])
        raise InputError(f"{name}[{at}]", expected, values[at])
