"""Steady work: pieces spread over days so that no supplier has many today and none tomorrow.

A supplier's usual day is its pieces over the days. A day of ``l`` pieces costs ``weight · (l - usual)² / usual``: over
all days ``weight · pieces · CV²``, so that an idle day costs the weight per piece it usually has. (Who has no usual
day is measured against its capacity of a day, and nobody against less than one piece.) The square is followed in steps,
of one piece up to 32, of a 16th of twice the usual day above, which keeps it convex and separable: an assignment of
pieces to suppliers and days is then a min-cost flow with rising arcs (Ahuja, Magnanti and Orlin, *Network Flows*,
section 14.3), whole and optimal to the rounding of its costs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from contracts.errors import InputError
from matching.flow import add_arcs, flow_solver, solved_flow
from matching.problem import Floats, Ints, MatchProblem
from matching.sums import sum_by

__all__ = ["Days", "Windows", "as_they_come", "joint_size", "load_cv", "steady_days", "steady_match", "usual_day"]

_UNIT_STEPS, _STEPS = 32, 16
_COST_LIMIT = 2.0**58


@dataclass(frozen=True, kw_only=True)
class Windows:
    """The days on which each order may be made.

    Parameters
    ----------
    first, last
        int [N], 0 = today, ``first <= last``.
    """

    first: Ints
    last: Ints

    def __post_init__(self) -> None:
        bad = np.flatnonzero((self.first < 0) | (self.last < self.first))
        if bad.size:
            at = int(bad[0])
            got = f"{self.first[at]} to {self.last[at]}"
            raise InputError(f"orders: row {at + 1}", "0 <= first_day <= last_day", got)

    @property
    def days(self) -> int:
        """Number of days."""
        return int(self.last.max()) + 1


@dataclass(frozen=True, kw_only=True)
class Days:
    """Pieces of candidates by day: three int64 [K] (pieces > 0), and what the days' swings cost in score."""

    candidate: Ints
    day: Ints
    pieces: Ints
    penalty: float = 0.0


def usual_day(problem: MatchProblem, pieces: Ints, days: int) -> Floats:
    """Return float64 [M], the pieces that each supplier makes on a usual day of an allocation (int [E])."""
    return sum_by(problem.supplier, pieces, problem.n_suppliers) / days


def as_they_come(problem: MatchProblem, pieces: Ints, windows: Windows) -> Days:
    """Return an allocation with every order made on its first day."""
    used = np.flatnonzero(pieces)
    return Days(candidate=used, day=windows.first[problem.order[used]], pieces=pieces[used])


def load_cv(problem: MatchProblem, made: Days, days: int) -> Floats:
    """Return float64 [M], the coefficient of variation of each supplier's days; NaN without pieces."""
    loads = _loads(problem, made, days)
    mean = loads.mean(axis=1)
    unknown: Floats = np.full(mean.size, np.nan)
    cv: Floats = np.divide(loads.std(axis=1), mean, out=unknown, where=mean > 0)
    return cv


def joint_size(problem: MatchProblem, windows: Windows) -> int:
    """Return the number of arcs of the joint assignment: candidates times the days of their orders."""
    return int((windows.last - windows.first + 1)[problem.order].sum())


def steady_days(problem: MatchProblem, pieces: Ints, windows: Windows, weight: float) -> Days:
    """Return the steadiest days of an allocation (int [E]) that stays as it is."""
    used = np.flatnonzero(pieces)
    if not used.size:
        return Days(candidate=used, day=used, pieces=used)
    usual = usual_day(problem, pieces, windows.days)
    swings = _Swings(usual, _scales(problem, usual, windows.days), windows.days, weight)
    row, day = _spread(used, problem.order[used], windows)
    net = _Net(supply=pieces[used], source=row, gain=np.zeros(row.size), supplier=problem.supplier[used[row]], day=day)
    return _days(problem, used[row], day, net.solve(swings)[0], swings)


def steady_match(problem: MatchProblem, windows: Windows, usual: Floats, weight: float) -> tuple[Ints, Days, float]:
    """Assign pieces to suppliers and days at once, for the highest score less what swings cost.

    Parameters
    ----------
    problem
        Without loads and credit lines.
    usual
        float [M], pieces of each supplier's usual day (`usual_day`).
    weight
        Score per piece that an idle day lacks, >= 0.

    Returns
    -------
    pieces
        int64 [E].
    days
        The same by day, with the penalty.
    upper_bound
        What no assignment can exceed, objective less penalty.
    """
    row, day = _spread(np.arange(problem.n_candidates), problem.order, windows)
    net = _Net(
        supply=problem.pieces, source=problem.order[row], gain=problem.score[row].astype(np.float64),
        supplier=problem.supplier[row], day=day, left=-problem.penalties, capacity=problem.capacity,
    )  # fmt: skip
    swings = _Swings(usual, _scales(problem, usual, windows.days), windows.days, weight)
    flows, rounding = net.solve(swings)
    pieces = sum_by(row, flows, problem.n_candidates).astype(np.int64)
    made = _days(problem, row, day, flows, swings)
    return pieces, made, problem.objective(pieces) - made.penalty + rounding


@dataclass(frozen=True)
class _Swings:
    """What the days of each supplier cost by their pieces, in steps."""

    usual: Floats
    scale: Floats
    days: int
    weight: float

    def cost(self, loads: Floats) -> Floats:
        """Return float64 [M, days], the cost of loads on the breakpoints of the steps, and between them the chord."""
        total: Floats = np.zeros(loads.shape)
        for j in range(loads.shape[0]):
            ends = self.ends(j, int(loads[j].max(initial=0)))
            total[j] = np.interp(loads[j], ends, self._square(j, ends.astype(np.float64)))
        return total

    def steps(self, j: int, most: int) -> tuple[Ints, Floats]:
        """Return the widths of a supplier's steps up to `most` pieces, and what a piece on each costs (rising)."""
        ends = self.ends(j, most)
        width = np.diff(ends)
        return width, np.diff(self._square(j, ends.astype(np.float64))) / width

    def ends(self, j: int, most: int) -> Ints:
        """Return the breakpoints: 0, then whole pieces, at least up to `most`."""
        usual = float(self.scale[j])
        width = 1 if 2 * usual <= _UNIT_STEPS else int(np.ceil(2 * usual / _STEPS))
        ends = [0]
        while ends[-1] < max(most, 1):
            ends.append(ends[-1] + width)
            width = width if ends[-1] < max(2 * usual, _UNIT_STEPS) else 2 * width
        return np.array(ends, dtype=np.int64)

    def _square(self, j: int, loads: Floats) -> Floats:
        return np.asarray(self.weight * (loads - self.usual[j]) ** 2 / self.scale[j])


@dataclass(frozen=True, kw_only=True)
class _Net:
    """Sources with pieces, arcs from them to days of suppliers, and what leaving a piece at its source gains."""

    supply: Ints
    source: Ints
    gain: Floats
    supplier: Ints
    day: Ints
    left: Floats | None = None
    capacity: Ints | None = None

    def solve(self, swings: _Swings) -> tuple[Ints, float]:
        """Return int64 [arcs], the pieces on each arc, and what rounding costs may have lost in all."""
        spots, at = np.unique(self.supplier.astype(np.int64) * swings.days + self.day, return_inverse=True)
        most = sum_by(at, self.supply[self.source], spots.size).astype(np.int64)
        spot, width, cost = self._steps(spots // swings.days, most, swings)
        n, makers = self.supply.size, np.unique(spots // swings.days)
        first_maker, sink = n + spots.size, n + spots.size + makers.size
        demand = int(self.supply.sum())
        scale = _scale(sink + 1, self.gain, cost, np.zeros(0) if self.left is None else self.left)
        room = np.full(makers.size, demand) if self.capacity is None else self.capacity[makers]
        solver = flow_solver()
        add_arcs(solver, self.source, n + at, self.supply[self.source], _whole(-self.gain, scale))
        maker = first_maker + np.arange(makers.size)
        into = maker[np.searchsorted(makers, spots[spot] // swings.days)]
        add_arcs(solver, n + spot, into, width, _whole(cost, scale))
        add_arcs(solver, maker, np.full(maker.size, sink), np.minimum(room, demand), np.zeros(maker.size, np.int64))
        if self.left is not None:
            add_arcs(solver, np.arange(n), np.full(n, sink), self.supply, _whole(-self.left, scale))
        supplies = np.zeros(sink + 1, np.int64)
        supplies[:n], supplies[sink] = self.supply, -demand
        return solved_flow(solver, supplies, self.source.size), 2.0 * demand / scale

    def _steps(self, maker: Ints, most: Ints, swings: _Swings) -> tuple[Ints, Ints, Floats]:
        """Return the steps of all supplier-days: which day, how wide, at what cost per piece."""
        steps = [swings.steps(int(j), int(top)) for j, top in zip(maker, most, strict=True)]
        spot = np.repeat(np.arange(maker.size), [width.size for width, _ in steps])
        return spot, np.concatenate([width for width, _ in steps]), np.concatenate([cost for _, cost in steps])


def _scales(problem: MatchProblem, usual: Floats, days: int) -> Floats:
    """Return float64 [M], what swings are measured against: the usual day, without one the capacity of a day."""
    return np.asarray(np.maximum(np.where(usual > 0, usual, problem.capacity / days), 1.0))


def _scale(nodes: int, *costs: Floats) -> float:
    """Return the power of ten by which costs become integers, as fine as 64-bit arithmetic allows, at most 1e9."""
    largest = max(1e-30, *(float(np.abs(values).max(initial=0.0)) for values in costs))
    return float(10.0 ** np.floor(np.log10(min(1e9, _COST_LIMIT / nodes / max(largest, 1.0)))))


def _whole(costs: Floats, scale: float) -> Ints:
    return np.round(costs * scale).astype(np.int64)


def _loads(problem: MatchProblem, made: Days, days: int) -> Floats:
    """Return float64 [M, days], the pieces of each supplier and day."""
    at = problem.supplier[made.candidate].astype(np.int64) * days + made.day
    return sum_by(at, made.pieces, problem.n_suppliers * days).reshape(problem.n_suppliers, days)


def _days(problem: MatchProblem, candidate: Ints, day: Ints, flows: Ints, swings: _Swings) -> Days:
    used = np.flatnonzero(flows)
    made = Days(candidate=candidate[used], day=day[used], pieces=flows[used])
    penalty = float(swings.cost(_loads(problem, made, swings.days)).sum())
    return Days(candidate=made.candidate, day=made.day, pieces=made.pieces, penalty=penalty)


def _spread(rows: Ints, order: Ints, windows: Windows) -> tuple[Ints, Ints]:
    """Return each row (its position) beside each day of its order's window."""
    counts = (windows.last - windows.first + 1)[order]
    at = np.repeat(np.arange(rows.size), counts)
    ends = np.cumsum(counts)
    within = np.arange(at.size) - np.repeat(ends - counts, counts)
    return at, windows.first[order][at] + within
