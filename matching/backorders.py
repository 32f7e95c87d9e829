"""Orders that wait for room: served again as room appears, the longer they wait the sooner."""

from __future__ import annotations

from dataclasses import dataclass, field

from matching.online import Decision, OnlineOrder, OnlineRouter

__all__ = ["Backorders", "Waiting"]


@dataclass(frozen=True)
class Waiting:
    """Pieces of an order that wait since a day."""

    order: OnlineOrder
    since: int


@dataclass
class Backorders:
    """A queue in which waiting raises what an unserved piece costs.

    Parameters
    ----------
    ageing
        Score per piece and day added to an order's penalty while it waits, >= 0: an order outbid today is worth its
        place in the end.

    Examples
    --------
    >>> import numpy as np
    >>> router, queue = OnlineRouter(np.array([0])), Backorders()
    >>> queue.add(router.route(OnlineOrder("a", np.array([0]), np.array([0.9]), 5)), day=1)
    >>> router.cut(0, -5)
    0
    >>> [decision.chosen for decision in queue.serve(router, day=2)], len(queue.waiting)
    ([[(0, 5)]], 0)
    """

    ageing: float = 0.05
    waiting: list[Waiting] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not 0 <= self.ageing < float("inf"):
            raise ValueError(f"ageing: expected a number >= 0, got {self.ageing}")

    def add(self, decision: Decision, *, day: int) -> None:
        """Let what a decision left unserved wait; nothing happens if it left nothing."""
        if decision.unserved:
            self.waiting.append(Waiting(decision.order._replace(pieces=decision.unserved), day))

    def serve(self, router: OnlineRouter, *, day: int) -> list[Decision]:
        """Route what waits, the most urgent first; return the decisions that served something.

        The most urgent order is the one that loses most per piece by waiting on: its best score plus its penalty,
        aged. What stays unserved waits on from the day it came.
        """
        served, still = [], []
        for one in sorted(self.waiting, key=lambda one: -self.urgency(one, day=day)):
            aged = one.order._replace(penalty=self._penalty(one, day))
            decision = router.route(aged)
            if decision.chosen:
                served.append(decision)
            if decision.unserved:
                still.append(Waiting(one.order._replace(pieces=decision.unserved), one.since))
        self.waiting = sorted(still, key=lambda one: one.since)
        return served

    def _penalty(self, one: Waiting, day: int) -> float:
        return one.order.penalty + self.ageing * max(day - one.since, 0)

    def urgency(self, one: Waiting, *, day: int) -> float:
        """Return what an order loses per piece by waiting on: its best score plus its penalty, aged."""
        return float(one.order.score.max(initial=0.0)) + self._penalty(one, day)
