"""Which communities get which push: the most valuable ones whose waves the promised pieces can fill.

A community takes one push a day (a second one would run into the first one's wave) and so many a week. Waves draw on
pools of pieces: stock, or a supplier's capacity. Each pool has a price per piece; at given prices every community
chooses its best pushes for itself, and that choice's value plus what the pools are worth is a bound on every plan
(Lagrangian relaxation of a generalised assignment). Prices follow subgradients with Polyak's step; what a choice
takes too much of a pool goes where it is worth least, and what is left is given to the next best.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from contracts.errors import InputError
from matching.problem import Floats, Ints, relative_gap

__all__ = ["PUSH_REASONS", "GroupProblem", "GroupResult", "solve_group_orders"]

Bools = npt.NDArray[np.bool_]
PUSH_REASONS = (
    "pushed",  # it gets the push
    "community_left",  # it is no longer there
    "community_opted_out",  # it wants no pushes
    "zero_members",  # nobody listens
    "quiet_hours",  # it is quiet at that hour
    "not_worth",  # the coupon costs more than the margin, or no order is expected
    "push_cap",  # its places of the day or week go to better pushes
    "no_pieces",  # the pieces go to communities worth more
    "not_promised",  # the supplier did not hold the pieces
)
"""Why a community gets a push or not, in the order in which they are looked at."""
_PUSHED, _WORTH, _CAP, _PIECES = (PUSH_REASONS.index(name) for name in ("pushed", "not_worth", "push_cap", "no_pieces"))
_FITS = 1 + 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupProblem:
    """C communities and W waves.

    Parameters
    ----------
    value
        float [C, W], what a push is expected to bring, in fen.
    uses
        float [C, W], pieces that must be promised for it, >= 0.
    blocked
        int [C, W], 0 for pushes that may be sent, else the number of the reason why not.
    day, week
        int [W], each wave's day, and int [days], each day's week, both from 0.
    cap
        int [C, weeks], most pushes of each community, >= 0.
    pool, room
        int [W] and float [pools]: which pieces a wave takes, and how many there are; inf = no limit.

    Raises
    ------
    InputError
        If shapes differ or a number is not finite.
    """

    value: Floats
    uses: Floats
    blocked: Ints
    day: Ints
    week: Ints
    cap: Ints
    pool: Ints
    room: Floats

    def __post_init__(self) -> None:
        c, w = self.value.shape
        for name, shape in (("uses", (c, w)), ("blocked", (c, w)), ("day", (w,)), ("pool", (w,))):
            if getattr(self, name).shape != shape:
                raise InputError(name, f"shape {shape}", f"shape {getattr(self, name).shape}")
        if not (np.isfinite(self.value).all() and np.isfinite(self.uses).all()) or np.isnan(self.room).any():
            raise InputError("value, uses", "finite numbers", "not a number")

    @property
    def open(self) -> Bools:
        """Bool [C, W], pushes that may be sent and are worth it."""
        return np.asarray((self.blocked == 0) & (self.value > 0))

    def used(self, pushed: Bools) -> Floats:
        """Return float [pools], the pieces that pushes take."""
        return np.bincount(self.pool, np.where(pushed, self.uses, 0.0).sum(axis=0), len(self.room)).astype(np.float64)


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupResult:
    """Who gets which push.

    Parameters
    ----------
    pushed
        bool [C, W].
    reason
        int8 [C, W], the number of each pair's reason (`PUSH_REASONS`).
    prices
        float [pools], what one more piece would add, in fen.
    objective, upper_bound
        Value reached, and proved unreachable beyond, in fen.
    """

    pushed: Bools
    reason: npt.NDArray[np.int8]
    prices: Floats
    objective: float
    upper_bound: float

    @property
    def gap(self) -> float:
        """Relative distance of the objective from its bound, >= 0."""
        return relative_gap(self.objective, self.upper_bound)


def solve_group_orders(
    problem: GroupProblem, *, rounds: int = 200, gap: float = 1e-3, seed: int = 0, spread_ties: float = 1e-6
) -> GroupResult:
    """Choose the pushes.

    Parameters
    ----------
    rounds, gap
        Prices are changed at most so often, or until the plan is proved to be so near to the best.
    seed, spread_ties
        Values are raised at random by up to this share, so that among equals it is not always the first who is chosen.

    Examples
    --------
    >>> problem = GroupProblem(
    ...     value=np.array([[30.0], [20.0]]), uses=np.array([[10.0], [5.0]]), blocked=np.zeros((2, 1), int),
    ...     day=np.array([0]), week=np.array([0]), cap=np.ones((2, 1), int), pool=np.array([0]), room=np.array([12.0]))
    >>> [PUSH_REASONS[code] for code in solve_group_orders(problem).reason[:, 0]]
    ['pushed', 'no_pieces']
    """
    lift = 1.0 + spread_ties * np.random.default_rng(seed).random(problem.value.shape)
    value = np.where(problem.open, problem.value * lift, -np.inf)
    prices, best, bound = np.zeros(len(problem.room)), np.zeros(value.shape, np.bool_), np.inf
    reached, at, limited = 0.0, prices, np.isfinite(problem.room)
    for n in range(rounds):
        wished = _wished(problem, value - prices[problem.pool] * problem.uses)
        worth = np.where(wished, value - prices[problem.pool] * problem.uses, 0.0).sum()
        dual = float(worth + (prices[limited] * problem.room[limited]).sum())
        if dual < bound:
            bound, at = dual, prices
        found = _filled(problem, value, wished, prices)
        got = float(value[found].sum())
        if got > reached:
            reached, best = got, found
        over = np.where(limited, problem.used(wished) - np.where(limited, problem.room, 0.0), 0.0)
        # A pool that is free and not full stays free: its direction would lead nowhere.
        over[(over < 0) & (prices <= 0)] = 0.0
        if bound - reached <= gap * bound or not over.any():
            break
        # In units of the pools' own sizes: a pool of 50 pieces moves as fast as one of 50 000.
        scaled = over / np.where(limited, np.maximum(problem.room, 1.0), 1.0)
        step = (dual - reached) / float(scaled @ scaled) * 0.98 ** (n // 10)
        prices = np.maximum(prices + step * scaled / np.where(limited, np.maximum(problem.room, 1.0), 1.0), 0.0)
    return GroupResult(
        pushed=best, reason=_reasons(problem, best), prices=at,
        objective=float(problem.value[best].sum()), upper_bound=max(bound, reached),
    )  # fmt: skip


def _wished(problem: GroupProblem, net: Floats) -> Bools:
    """Return what every community would choose for itself: its best wave of a day, its best days of a week."""
    c, days = len(net), len(problem.week)
    best, which = np.full((c, days), -np.inf), np.zeros((c, days), np.int64)
    for day in range(days):
        waves = np.flatnonzero(problem.day == day)
        if waves.size:
            which[:, day] = waves[net[:, waves].argmax(axis=1)]
            best[:, day] = net[np.arange(c), which[:, day]]
    taken = best > 0
    for week in range(problem.cap.shape[1]):
        of = np.flatnonzero(problem.week == week)
        rank = np.argsort(np.argsort(-best[:, of], axis=1, kind="stable"), axis=1, kind="stable")
        taken[:, of] &= rank < problem.cap[:, week, None]
    wished = np.zeros(net.shape, np.bool_)
    rows, at = np.nonzero(taken)
    wished[rows, which[rows, at]] = True
    return wished


def _filled(problem: GroupProblem, value: Floats, wished: Bools, prices: Floats) -> Bools:
    """Return a choice that fits: of what was wished the best per piece, then the next best that still fit."""
    worth = value - prices[problem.pool] * problem.uses
    kept = _fitting(problem, wished, value, problem.room)
    left = problem.room - problem.used(kept)
    rest = problem.open & ~kept & _places(problem, kept)
    # One more round of wishes on what is left: a community that lost its push takes its next best one.
    more = _wished(_rest_of(problem, kept), np.where(rest & (problem.uses <= left[problem.pool]), worth, -np.inf))
    more = _fitting(problem, more, value, left)
    return np.asarray(kept | more)


def _fitting(problem: GroupProblem, chosen: Bools, value: Floats, room: Floats) -> Bools:
    """Return of each pool the choices worth most per piece that fit into its room, or the one that is worth more."""
    rows, waves = np.nonzero(chosen)
    pool, worth, uses = problem.pool[waves], value[rows, waves], problem.uses[rows, waves]
    order = np.lexsort((-worth / np.maximum(uses, 1e-12), pool))
    kept = np.zeros(chosen.shape, np.bool_)
    for one in np.unique(pool):
        mine = order[pool[order] == one]
        taken = _packed(worth[mine], uses[mine], float(room[one]) * _FITS)
        kept[rows[mine[taken]], waves[mine[taken]]] = True
    return kept


def _packed(worth: Floats, uses: Floats, room: float) -> Bools:
    """Return which choices, given the best per piece first, fill the room: worth half of the best packing at least.

    Dantzig's greedy packing, or the dearest choice alone where that is worth more.
    """
    taken = np.asarray(np.cumsum(uses) <= room)
    spare = room - uses[taken].sum()
    for at in np.flatnonzero(~taken)[:50]:  # those that are too large for what is left make way for smaller ones
        if uses[at] <= spare:
            taken[at] = True
            spare -= uses[at]
    alone = np.where(uses <= room, worth, -np.inf)
    if alone.max(initial=-np.inf) > worth[taken].sum():
        taken = np.arange(len(worth)) == alone.argmax()
    return taken


def _places(problem: GroupProblem, pushed: Bools) -> Bools:
    """Return bool [C, W], whether a community has a place left on the wave's day and in its week."""
    taken = np.zeros((len(pushed), len(problem.week)), np.int64)
    rows, waves = np.nonzero(pushed)
    np.add.at(taken, (rows, problem.day[waves]), 1)
    weekly = np.zeros(problem.cap.shape, np.int64)
    np.add.at(weekly, (rows, problem.week[problem.day[waves]]), 1)
    return np.asarray((taken[:, problem.day] == 0) & ((weekly < problem.cap)[:, problem.week[problem.day]]))


def _rest_of(problem: GroupProblem, pushed: Bools) -> GroupProblem:
    """Return the problem with the places that are left."""
    weekly = np.zeros(problem.cap.shape, np.int64)
    rows, waves = np.nonzero(pushed)
    np.add.at(weekly, (rows, problem.week[problem.day[waves]]), 1)
    return GroupProblem(
        value=problem.value, uses=problem.uses, blocked=problem.blocked, day=problem.day, week=problem.week,
        cap=problem.cap - weekly, pool=problem.pool, room=problem.room,
    )  # fmt: skip


def _reasons(problem: GroupProblem, pushed: Bools) -> npt.NDArray[np.int8]:
    reason = np.where(problem.blocked > 0, problem.blocked, _CAP).astype(np.int8)
    free = problem.open & ~pushed
    reason[free & _places(problem, pushed)] = _PIECES
    reason[(problem.blocked == 0) & (problem.value <= 0)] = _WORTH
    reason[pushed] = _PUSHED
    return reason
