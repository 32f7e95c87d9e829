"""Ways of selling new styles replayed: the books balance, and looking again helps when there is something to see."""

import numpy as np
import pytest

from planning.launch_replay import LaunchReplayProblem, replay_launches

LEVELS = np.array([0.1, 0.5, 0.9])


def replayed(totals: np.ndarray, *, sharp: bool = True) -> LaunchReplayProblem:
    """Styles of which nothing is known at launch and (if sharp) nearly all two days later."""
    n, days = len(totals), 12
    share = np.full(days, 1 / days)
    blind = np.tile([30.0, 300.0, 3000.0], (n, 1))
    seen = np.stack([0.95 * totals, totals, 1.05 * totals], axis=1) if sharp else blind
    each = np.ones(n)
    return LaunchReplayProblem(
        demand=totals[:, None] * share,
        ages=np.array([0.0, 2.0]),
        levels=LEVELS,
        quantiles=np.stack([blind, seen]),
        narrowing=np.array([0.05 if sharp else 1.0, 1.0]),
        curve=np.tile(share.cumsum(), (n, 1)),
        price=100 * each,
        unit_cost=40 * each,
        later_cost=45 * each,
        salvage=10 * each,
        lead_days=2 * each,
        minimum=10 * each,
    )


def test_pieces_and_money_balance():
    """What is ordered is sold or left, what is asked for is sold or lost, and the profit is their money."""
    problem = replayed(np.array([40.0, 400.0, 4000.0]))
    found = replay_launches(problem)
    assert found.ordered == pytest.approx(found.sold + found.leftover)
    assert problem.demand.sum(axis=1) == pytest.approx(found.sold + found.lost)
    later = found.ordered - found.first
    cost = 40 * found.first + 45 * later
    assert found.profit == pytest.approx(100 * found.sold + 10 * found.leftover - cost)


def test_chasing_serves_the_hit_and_spares_the_flop():
    """Against committing everything at launch: less lost, less left, more earned."""
    problem = replayed(np.array([40.0, 60.0, 50.0, 4000.0]))
    chase, commit = replay_launches(problem), replay_launches(problem, chase=False)
    assert chase.profit.sum() > commit.profit.sum()
    assert chase.lost.sum() < commit.lost.sum()
    assert chase.leftover.sum() < commit.leftover.sum()
    assert (chase.first <= commit.first).all()
    assert (commit.ordered == commit.first).all()
    assert set(commit.figures()) >= {"profit_fen", "lost_pieces", "leftover_pieces"}


def test_reckoning_with_the_next_look_starts_smaller_and_earns_more():
    """Against the best single order at every checkpoint, when two days tell nearly everything."""
    problem = replayed(np.array([40.0, 60.0, 50.0, 4000.0]))
    ahead, short = replay_launches(problem), replay_launches(problem, look_ahead=False)
    assert (ahead.first < short.first).all()
    assert ahead.profit.sum() > short.profit.sum()


def test_a_look_that_shows_nothing_changes_little():
    """Without news the first order is nearly the single best one."""
    problem = replayed(np.array([300.0]), sharp=False)
    assert replay_launches(problem).first == pytest.approx(replay_launches(problem, chase=False).first, rel=0.15)
