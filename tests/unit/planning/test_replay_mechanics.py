"""One bucket of the replay after another, followed by hand."""

import numpy as np
import pandas as pd
import pytest

from contracts.errors import InputError, TableError
from planning.params import HorizonParams, PlanParams, PlanWeights, ReplayParams, RuleParams
from planning.policies import POLICIES
from services.replay_policies import ReplayReport, replay_policies

WEEKS = pd.date_range("2026-01-05", periods=6, freq="7D")
FREE = PlanWeights(idle=0, overtime=0, load_change=0, peak=0, plan_change=0)
COSTS = ("holding", "backlog", "leftover", "lost", "production", "idle", "overtime", "load_change")


def paths(demand: list[float], forecast: float | None = None) -> pd.DataFrame:
    """Rows of one item whose every forecast is the truth, or a constant."""
    rows = [
        ("p1", "a", WEEKS[t], y, WEEKS[now], y if forecast is None else forecast)
        for now in range(len(demand))
        for t, y in enumerate(demand)
        if t >= now
    ]
    return pd.DataFrame(rows, columns=["path", "item", "bucket", "y", "as_of", "q0.5"])


def calendar(hours: float, overtime: float = 0.0) -> pd.DataFrame:
    return pd.DataFrame({"resource": "L", "bucket": WEEKS, "capacity": hours, "overtime": overtime})


def routes(**terms: float) -> pd.DataFrame:
    return pd.DataFrame([{"item": "a", "route": "r", "step": 1, "resource": "L", "hours_per_unit": 1.0} | terms])


def items(**terms: object) -> pd.DataFrame:
    return pd.DataFrame([{"item": "a", "holding_cost": 1.0, "backlog_cost": 10.0, "lost_cost": 100.0} | terms])


def run(demand: list[float], *, policy: str = "chase", firm: int = 0, **tables: pd.DataFrame) -> ReplayReport:
    given = {"resources": calendar(100), "routes": routes(), "items": items()} | tables
    params = PlanParams(weights=FREE, horizon=HorizonParams(firm=firm))
    plain = ReplayParams(rules={"chase": RuleParams(smoothing=1)})
    return replay_policies(paths(demand), **given, params=params, settings=plain, policies=[policy])


def test_with_room_and_foresight_all_is_on_time() -> None:
    """A chase that sees the truth and delivers at once serves every piece in its bucket."""
    report = run([5, 0, 7, 3, 9, 1])
    assert report.buckets["on_time"].tolist() == [5, 0, 7, 3, 9, 1]
    assert report.summary["policies"]["chase"]["mean"]["cost"] == 0


def test_a_moving_average_begins_with_what_is_expected_and_ends_with_the_life() -> None:
    """Goods that nobody bought yet are made for their first bucket, and no more than is still expected."""
    report = run([0, 0, 12, 12, 12, 0], policy="moving_average", firm=1)
    assert report.buckets["on_time"].iloc[2] == 12
    assert 24 < report.buckets["released_hours"].sum() <= 36


def test_work_beyond_the_hours_queues() -> None:
    """Ten hours a week work off thirty released pieces in three weeks; what waits is late."""
    report = run([30, 0, 0, 0, 0, 0], resources=calendar(8, overtime=2))
    assert report.buckets["hours"].tolist() == [10, 10, 10, 0, 0, 0]
    assert report.buckets["released_hours"].tolist() == [30, 0, 0, 0, 0, 0]
    assert report.buckets["backlog"].tolist() == [200, 100, 0, 0, 0, 0]
    assert report.buckets["on_time"].sum() == 10


def test_finished_work_arrives_after_its_lead_and_the_firm_buckets() -> None:
    """Decided one bucket ahead and one bucket under way: the first pieces come in the third bucket."""
    report = run([4, 4, 4, 4, 4, 4], firm=1, routes=routes(lead_buckets=1))
    assert report.buckets["released_hours"].tolist()[:2] == [0, 12]
    assert report.buckets["on_time"].tolist() == [0, 0, 4, 4, 4, 4]


def test_the_backlog_is_served_first() -> None:
    """Pieces that arrive go to those who have waited, so a debt delays later demand too."""
    report = run([6, 6, 6, 6, 6, 6], resources=calendar(6), routes=routes(lead_buckets=1))
    assert report.buckets["on_time"].tolist() == [0, 0, 0, 0, 0, 0]
    assert report.buckets["backlog"].tolist() == [60] * 6


def test_an_item_that_ends_leaves_its_stock_and_its_debts() -> None:
    """At the end of life what is left and what is owed are priced once, then gone."""
    ending = items(last_bucket="2026-01-19", leftover_cost=3.0, initial_stock=50)
    left = run([5, 5, 5, 0, 0, 0], items=ending).buckets
    assert left["leftover"].tolist() == [0, 0, 35 * 3, 0, 0, 0]
    assert left["holding"].tolist() == [45, 40, 35, 0, 0, 0]
    owed = run([0, 0, 9, 0, 0, 0], items=items(last_bucket="2026-01-19"), resources=calendar(0.0)).buckets
    assert owed["lost"].tolist() == [0, 0, 900, 0, 0, 0]
    assert owed["backlog"].tolist() == [0, 0, 90, 0, 0, 0]


def test_two_stages_pass_pieces_on() -> None:
    """A step with a lead is followed by the next one when it is done, each on its own hours."""
    steps = pd.concat([routes(lead_buckets=1), routes(step=2, resource="M", hours_per_unit=2.0)])
    both = pd.concat([calendar(100), calendar(100).assign(resource="M")])
    report = run([0, 6, 0, 0, 0, 0], routes=steps, resources=both)
    assert report.buckets["hours"].tolist() == [6, 12, 0, 0, 0, 0]
    assert report.buckets["on_time"].tolist() == [0, 6, 0, 0, 0, 0]


@pytest.mark.parametrize("policy", POLICIES)
def test_no_policy_sees_the_future(policy: str) -> None:
    """What happens and is forecast after a bucket changes nothing that was done up to it."""
    g = np.random.default_rng(1)
    one = paths(g.integers(0, 20, 6).tolist())
    other = one.copy()
    late = other["bucket"] >= WEEKS[3]
    other.loc[late, "y"] = other.loc[late, "y"] + 13
    other.loc[other["as_of"] >= WEEKS[3], "q0.5"] += 29
    tables = {"resources": calendar(15, 5), "routes": routes(), "items": items(initial_stock=10)}
    params = PlanParams(horizon=HorizonParams(firm=1))
    done = [replay_policies(p, **tables, params=params, policies=[policy]).buckets for p in (one, other)]
    pd.testing.assert_frame_equal(done[0].iloc[:3], done[1].iloc[:3])


def test_the_planner_levels_more_than_the_chase() -> None:
    """On one lumpy demand the plan's load is steadier and its orders swing less than demand."""
    params = PlanParams(weights=PlanWeights(idle=5, overtime=5, load_change=5))
    lumpy = paths([20, 0, 20, 0, 20, 0])
    report = replay_policies(
        lumpy, calendar(12), routes(), items=items(initial_stock=10), params=params, policies=["ours", "chase"]
    )
    mean = {name: found["mean"] for name, found in report.summary["policies"].items()}
    assert mean["ours"]["load_cv"] < mean["chase"]["load_cv"]
    assert mean["ours"]["bullwhip"] < 1 <= mean["chase"]["bullwhip"] + 1e-9
    assert mean["chase"]["nervousness"] is None


BAD = [
    # what is wrong, changes of the rows, other arguments, error, words of the message
    (
        "an unknown policy",
        {},
        {"policies": ["guess"]},
        InputError,
        "policies: expected names among ours, quantiles, median, pace, chase",
    ),
    ("no policy", {}, {"policies": []}, InputError, "at least one name"),
    ("scoring beyond the end", {}, {"settings": ReplayParams(score_to=99)}, InputError, "within the 6 buckets"),
    ("scoring nothing", {}, {"settings": ReplayParams(score_from=3, score_to=3)}, InputError, "score_from, score_to"),
    ("two truths of one bucket", {"y": 99}, {}, TableError, "the same demand in all rows of a path, item and bucket"),
    ("negative demand", {"y": -1}, {}, TableError, "column 'y', row 7: expected a number >= 0"),
    ("demand beyond sense", {"y": 1e12}, {}, TableError, "column 'y', row 7: expected a number >= 0 and <= 1e+09"),
    ("quantiles that cross", {"q0.9": 1.0}, {}, TableError, "column 'q0.9', row 7: expected no less than q0.5"),
    ("a negative quantile", {"q0.5": -1}, {}, TableError, "column 'q0.5', row 7"),
]


@pytest.mark.parametrize(("cells", "changes", "kind", "words"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_wrong_input_is_refused_by_name(cells: dict, changes: dict, kind: type[Exception], words: str) -> None:
    """The message says what was expected."""
    rows = paths([4, 4, 4, 4, 4, 4])
    for column, value in cells.items():
        rows.loc[6, column] = value
    with pytest.raises(kind) as error:
        replay_policies(rows, calendar(9), routes(), items=items(), **{"policies": ["chase"]} | changes)
    assert words in str(error.value)


def test_paths_without_quantiles_are_refused() -> None:
    """A replay needs what was forecast at the time."""
    with pytest.raises(TableError, match="quantile columns such as"):
        replay_policies(paths([1] * 6).drop(columns="q0.5"), calendar(9), routes(), items=items())


def test_levelness_is_that_of_factories() -> None:
    """Two steps of a factory are one load; a workshop that only helps is left out, and counts as a resource."""
    steps = [routes(), routes(step=2, resource="M"), routes(route="out"), routes(route="out", step=2, resource="M")]
    helped = [*steps, routes(route="out", step=3, resource="W")]
    both = pd.concat([calendar(100), calendar(100).assign(resource="M"), calendar(100).assign(resource="W")])
    mean = run([5, 0, 7, 3, 9, 1], routes=pd.concat(helped), resources=both).summary["policies"]["chase"]["mean"]
    hours = np.array([5, 0, 7, 3, 9, 1])
    assert mean["load_cv"] == pytest.approx(hours.std() / hours.mean(), abs=0.15)
    alone = run([5, 0, 7, 3, 9, 1], routes=pd.concat(steps[:2]), resources=both.iloc[:12]).summary
    assert alone["policies"]["chase"]["mean"]["load_cv"] == pytest.approx(hours.std() / hours.mean())


def test_the_replay_stops_where_scoring_does() -> None:
    """Buckets after the last that counts are not replayed, and those before come out as they would without an end."""
    given = {"resources": calendar(8, overtime=2), "routes": routes(lead_buckets=1), "items": items()}
    whole, part = (
        replay_policies(paths([9, 5, 7, 3, 9, 1]), **given, settings=ReplayParams(score_to=end), policies=["median"])
        for end in (0, 4)
    )
    assert len(part.buckets) == 4
    pd.testing.assert_frame_equal(part.buckets, whole.buckets[:4])
    assert part.summary["policies"]["median"]["mean"]["cost"] == pytest.approx(part.buckets[list(COSTS)].sum().sum())
