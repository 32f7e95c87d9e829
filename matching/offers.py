"""Styles offered to small sellers: the most valuable offers within every cap, and one reason for each one not made.

An offer is a pair of the two-sided match (`matching.two_sided`): sellers have approaches left, styles have room. A
seller's income from one brand is capped too; that cap is kept by letting go of the least valuable pairs above it and
matching again what came free, so the bound (which does not know the cap) tells what it cost at most.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from contracts.errors import InputError
from matching.problem import Floats, Ints, relative_gap
from matching.two_sided import TwoSidedParams, TwoSidedProblem, solve_two_sided, without

__all__ = ["REASONS", "OfferProblem", "OfferResult", "bid_params", "reason_code", "solve_offers"]

REASONS = (
    "offered",  # shown to the seller
    "seller_left",  # the seller is no longer there
    "seller_opted_out",  # it wants no offers
    "style_opted_out",  # its brand does not offer the style
    "rules_short",  # the agreed rules ask for more than its margin
    "zero_audience",  # nobody listens to it
    "quiet_hours",  # it is quiet at every hour there is
    "refused",  # one side said no
    "withdrawn",  # one side said no after it had said yes
    "below_fee",  # it would earn less than it asks for
    "style_share",  # it alone would sell too much of the style
    "brand_income",  # too much of its income would come from the brand
    "not_worth",  # nothing is expected of it
    "style_full",  # others are worth more to the style
    "approach_cap",  # its approaches go to better offers
)
"""Why a pair is offered or not, in the order in which they are looked at."""
_ROUNDS = 8
_OFFERED, _BRAND, _WORTH, _FULL, _CAP = (
    REASONS.index(name) for name in ("offered", "brand_income", "not_worth", "style_full", "approach_cap")
)


def reason_code(name: str) -> int:
    """Return a reason's number, its place in `REASONS`."""
    return REASONS.index(name)


@dataclass(frozen=True, kw_only=True, eq=False)
class OfferProblem:
    """S sellers, H styles and E pairs, sorted by seller.

    Parameters
    ----------
    indptr, style
        int [S + 1] and [E]: the styles of seller i are ``style[indptr[i]:indptr[i + 1]]``, each once.
    value
        float [E], what an offer is worth to both together, in fen.
    income
        float [E], what the seller is expected to earn of it, in fen, >= 0.
    slack
        float [E], how much more the seller may earn from the pair's brand, in fen: the same in all its pairs of a
        brand; inf = no limit.
    brand
        int [H], >= 0: each style's brand.
    approaches
        int [S], most offers of each seller, those that stand included.
    room
        int [H], most sellers of each style, those that stand included.
    blocked
        int [E], 0 for pairs that may be offered, else the number of the reason why not.
    kept
        bool [E], offers that stand: they are matched and take their places.

    Raises
    ------
    InputError
        If shapes differ, a number is not finite, or more offers stand than a cap allows.
    """

    indptr: Ints
    style: Ints
    value: Floats
    income: Floats
    slack: Floats
    brand: Ints
    approaches: Ints
    room: Ints
    blocked: Ints
    kept: npt.NDArray[np.bool_]

    def __post_init__(self) -> None:
        n = self.style.size
        for name in ("value", "income", "slack", "blocked", "kept"):
            if getattr(self, name).shape != (n,):
                raise InputError(name, f"{n} values", f"shape {getattr(self, name).shape}")
        if self.brand.shape != self.room.shape:
            raise InputError("brand", f"{self.room.size} values", f"shape {self.brand.shape}")
        if np.isnan(self.slack).any() or not np.isfinite(self.income).all():
            raise InputError("income", "finite numbers, and limits that are numbers", "not a number")
        two = self.two_sided()
        for name, cap, party in (("approaches", self.approaches, two.seeker), ("room", self.room, self.style)):
            over = np.bincount(party[self.kept], minlength=cap.size) > cap
            if over.any():
                at = int(np.flatnonzero(over)[0])
                raise InputError(f"{name}[{at}]", "at least as much as the offers that stand take", int(cap[at]))

    def two_sided(self) -> TwoSidedProblem:
        """Return the match without the cap on income."""
        return TwoSidedProblem(
            indptr=self.indptr, host=self.style, value=self.value, places=self.approaches, room=self.room
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class OfferResult:
    """Which offers are made.

    Parameters
    ----------
    offered
        bool [E], those that stand included.
    reason
        int8 [E], the number of each pair's reason (`REASONS`).
    prices
        float [H], what one more place of the style would add, in fen.
    objective, upper_bound
        Value reached, and proved unreachable beyond, in fen.
    notes
        What a user should know about how it was solved.
    """

    offered: npt.NDArray[np.bool_]
    reason: npt.NDArray[np.int8]
    prices: Floats
    objective: float
    upper_bound: float
    notes: tuple[str, ...] = ()

    @property
    def gap(self) -> float:
        """Relative distance of the objective from its bound, >= 0."""
        return relative_gap(self.objective, self.upper_bound)


def bid_params(value: Floats, *, gap: float = 5e-3) -> TwoSidedParams:
    """Return how to match offers of some values: bid steps by the usual value, for the largest may be a freak."""
    good = value[value > 0]
    usual = float(good.mean() / good.max()) if good.size else 1.0
    return TwoSidedParams(epsilon=min(max(0.3 * usual, 1e-9), 1e-2), gap_tolerance=gap)


def solve_offers(
    problem: OfferProblem, *, params: TwoSidedParams | None = None, seed: int = 0, spread_ties: float = 1e-4
) -> OfferResult:
    """Choose the offers.

    Parameters
    ----------
    params
        Of the two-sided match; `bid_params` of the values by default.
    seed, spread_ties
        Values are raised at random by up to this share, so that among equals it is not always the first who is chosen;
        objective and bound are of the values as given.

    Examples
    --------
    >>> problem = OfferProblem(
    ...     indptr=np.array([0, 2, 3]), style=np.array([0, 1, 0]), value=np.array([30.0, 20.0, 25.0]),
    ...     income=np.array([3.0, 2.0, 2.5]), slack=np.full(3, np.inf), brand=np.array([0, 0]),
    ...     approaches=np.array([1, 1]), room=np.array([1, 1]), blocked=np.zeros(3, int), kept=np.zeros(3, bool))
    >>> [REASONS[code] for code in solve_offers(problem).reason]
    ['approach_cap', 'offered', 'offered']
    """
    params = params or bid_params(problem.value)
    two = problem.two_sided()
    banned = problem.income > problem.slack
    closed = (problem.blocked > 0) | banned
    lift = 1.0 + spread_ties * np.random.default_rng(seed).random(problem.value.size)
    left = without(_valued(two, problem.value * lift), problem.kept, closed & ~problem.kept)
    found = solve_two_sided(left, params=params)
    stands = float(problem.value[problem.kept].sum())
    offered = problem.kept | found.matched
    prices, bound, notes = found.prices, found.upper_bound, found.notes
    for attempt in range(_ROUNDS):
        over = _above_slack(problem, two.seeker, offered)
        if not over.any():
            break
        banned |= over
        offered &= ~over
        if attempt == _ROUNDS - 1:
            break
        again = without(_valued(two, problem.value * lift), offered, closed | banned)
        offered |= solve_two_sided(again, params=params).matched
    open_pairs = ~offered & (problem.blocked == 0)
    reason = np.where(offered, _OFFERED, problem.blocked).astype(np.int8)
    net = problem.value - prices[problem.style]
    reason[open_pairs] = np.where(net > 0, _CAP, _FULL)[open_pairs]
    reason[open_pairs & (problem.value <= 0)] = _WORTH
    reason[open_pairs & banned] = _BRAND
    return OfferResult(
        offered=offered, reason=reason, prices=prices, objective=float(problem.value[offered].sum()),
        upper_bound=bound + stands, notes=notes,
    )  # fmt: skip


def _valued(two: TwoSidedProblem, value: Floats) -> TwoSidedProblem:
    return TwoSidedProblem(indptr=two.indptr, host=two.host, value=value, places=two.places, room=two.room)


def _above_slack(problem: OfferProblem, seller: Ints, offered: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return bool [E], offers to let go: of each seller and brand above the limit, the least valuable that suffice."""
    rows = np.flatnonzero(offered & np.isfinite(problem.slack))
    key = seller[rows] * np.int64(problem.brand.max(initial=0) + 1) + problem.brand[problem.style[rows]]
    # The dearest first, those that stand before all: what comes after the limit goes.
    order = np.lexsort((-problem.value[rows], ~problem.kept[rows], key))
    rows, key = rows[order], key[order]
    spent = np.cumsum(problem.income[rows])
    first = np.flatnonzero(np.append(True, key[1:] != key[:-1])) if rows.size else np.zeros(0, np.int64)
    before = np.repeat(spent[first] - problem.income[rows[first]], np.diff(np.append(first, rows.size)))
    go = (spent - before > problem.slack[rows] * (1 + 1e-12)) & ~problem.kept[rows]
    over: npt.NDArray[np.bool_] = np.zeros(problem.value.size, np.bool_)
    over[rows[go]] = True
    return over
