"""Expected demand of every series: trees where there is enough to learn from, a named fallback where there is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from contracts.errors import InputError
from forecast.baselines import BASELINES, moving_level, tsb
from forecast.boosting import BoostingParams
from forecast.calendar_fit import CalendarModel, fit_calendar
from forecast.censoring import with_expected
from forecast.direct import DirectModel, Grouping, SamplingParams, fit_direct, keep_recent
from forecast.hierarchy import Level, aggregate, level_from, pull, stack, total_of
from forecast.newcomers import attribute_prior
from forecast.panel import Panel
from forecast.reconciliation import reconcile

MODELS = ("auto", "lightgbm", *BASELINES)
RECONCILIATIONS = ("scaled", "least_squares", "bottom_up")

_FEWEST_CELLS = 4000
_FEW_CELLS = 50_000
_GROUP = 30
_OUTLIER = 100
_OUTLIER_SALES = 8
_LEAST_PIECES = 0.02  # a series that sells next to nothing may still move a little


@dataclass(frozen=True, kw_only=True)
class PointParams:
    """How expected demand is found.

    Parameters
    ----------
    model
        One of `MODELS`; ``auto`` takes the trees where the history carries them and the seasonal window elsewhere.
    boosting, sampling
        Trees of the series.
    level_boosting, level_sampling
        Trees of the levels above them.
    level_power
        How far the series are pulled towards the forecasts of each level whose groups have 30 members on average, in
        [0, 1]; 0 skips the levels.
    level_seeds
        Level models averaged, >= 1.
    reconcile
        One of `RECONCILIATIONS`: ``scaled`` goes `level_power` of the way to one level after the other, the finest
        last; ``least_squares`` takes the non-negative forecasts nearest to those of all levels
        (`forecast.reconciliation`), each node's variance in proportion to its pieces; ``bottom_up`` adds the series up
        and skips the levels.
    """

    model: str = "auto"
    boosting: BoostingParams = field(default_factory=BoostingParams)
    sampling: SamplingParams = field(default_factory=SamplingParams)
    level_boosting: BoostingParams = field(
        default_factory=lambda: BoostingParams(
            rounds=150, learning_rate=0.05, leaves=31, leaf_rows=60, tweedie_power=None
        )
    )
    level_sampling: SamplingParams = field(
        default_factory=lambda: SamplingParams(share=3.0, fewest=1, most=100_000, repeat=4.0, reach=1.5)
    )
    level_power: float = 0.75
    level_seeds: int = 2
    reconcile: str = "scaled"

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise InputError("--model", f"one of {', '.join(MODELS)}", self.model)
        if self.reconcile not in RECONCILIATIONS:
            raise InputError("--reconcile", f"one of {', '.join(RECONCILIATIONS)}", self.reconcile)
        if not 0 <= self.level_power <= 1 or self.level_seeds < 1:
            raise ValueError("Expected level_power in [0, 1] and level_seeds >= 1.")


@dataclass(frozen=True, kw_only=True)
class Point:
    """Expected demand.

    Parameters
    ----------
    mean
        Pieces, shape (n, horizon), >= 0.
    model
        Name of the model behind each series, shape (n,).
    prior
        Expected pieces of every series were it a newcomer, shape (n, horizon): what newcomers' ranges are learnt on.
    dispersion
        How much each series varies for its size, shape (n,).
    notes
        Why anything fell back, with the number of series.
    """

    mean: np.ndarray
    model: np.ndarray
    prior: np.ndarray
    dispersion: np.ndarray
    notes: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class PointModel:
    """What was learnt of expected demand: asked at the origin it was learnt at, or, as days pass, at later ones.

    Parameters
    ----------
    params, seed
        How it was learnt.
    name
        Model of the series with enough history.
    trees, groupings
        Trees of the series (their mean counts), and the groups that series borrow strength from.
    nodes, steady
        Trees of the levels above, and these levels.
    calendar
        What the calendar does to the levels' nodes; averaged with their trees.
    """

    params: PointParams
    seed: int
    name: str
    trees: tuple[DirectModel, ...] = ()
    groupings: tuple[Grouping, ...] = ()
    nodes: tuple[DirectModel, ...] = ()
    steady: tuple[Level, ...] = ()
    calendar: CalendarModel | None = None

    def predict(self, panel: Panel) -> Point:
        """Forecast the expected demand of every series after the last period of the panel."""
        panel, outliers = without_outliers(with_expected(keep_recent(panel)))
        kind = _kinds(panel)
        regular, dead = kind == "regular", kind == "no_recent_sale"
        mean = np.full((panel.n, panel.horizon), np.nan)
        if regular.any():
            mean[regular] = self._grown(panel, regular)
        mean[dead] = tsb(panel.take(dead))
        prior = _prior(panel, mean, kind, self.seed)
        new, short = kind == "no_history", kind == "short_history"
        mean[new] = prior[new]
        mean[short] = _shrunk(panel.take(short), prior[short], attributes=bool(panel.static))
        model = np.select([regular, dead, short], [self.name, "tsb", "shrunk_level"], "attributes").astype(object)
        notes = {reason: int((kind == reason).sum()) for reason in ("no_history", "short_history", "no_recent_sale")}
        notes |= {"outliers_ignored": outliers}
        if self.name != self.params.model and self.name not in MODELS[:2]:
            notes["too_little_for_lightgbm"] = int(regular.sum())
        mean = np.maximum(np.nan_to_num(mean), 0)
        return Point(mean=mean, model=model, prior=prior, dispersion=_dispersion(panel), notes=notes)

    def _grown(self, panel: Panel, regular: np.ndarray) -> np.ndarray:
        part = panel.take(regular)
        if not self.trees:
            return BASELINES[self.name](part)
        groupings = [(name, group[regular]) for name, group in self.groupings]
        mean = np.zeros((panel.n, panel.horizon))
        for model in self.trees:
            mean[regular] += model.predict(part, groupings) / len(self.trees)
        if self.steady:
            mean = self._reconciled(mean, self._node_forecasts(panel))
        return np.asarray(mean[regular])

    def _reconciled(self, mean: np.ndarray, aims: Sequence[np.ndarray]) -> np.ndarray:
        if self.params.reconcile == "scaled":
            return pull(mean, self.steady, aims, power=self.params.level_power)
        pieces = np.maximum(mean.mean(axis=1), _LEAST_PIECES)
        return reconcile(mean, self.steady, aims, variances=(pieces, [level.sum(pieces) for level in self.steady]))

    def _node_forecasts(self, panel: Panel) -> list[np.ndarray]:
        """Forecast the nodes of the levels, per level of shape (groups, horizon); NaN asks for nothing."""
        nodes, alive = _nodes_of(panel, self.steady)
        part = nodes.take(alive)
        grown = np.mean([model.predict(part) for model in self.nodes], axis=0)
        if self.calendar is not None:
            by_calendar = self.calendar.predict(part)
            known = self.calendar.knows(part)
            grown[known] = (grown[known] + by_calendar[known]) / 2
        out = np.zeros((nodes.n, panel.horizon))
        out[alive] = grown
        return np.split(out, np.cumsum([len(level.keys) for level in self.steady])[:-1])


def point_forecast(panel: Panel, *, params: PointParams, levels: Sequence[Level] = (), seed: int) -> Point:
    """Forecast the expected demand of every series of a panel: `fit_point`, asked at once."""
    return fit_point(panel, params=params, levels=levels, seed=seed).predict(panel)


def fit_point(panel: Panel, *, params: PointParams, levels: Sequence[Level] = (), seed: int) -> PointModel:
    """Learn how expected demand follows from what is known.

    Parameters
    ----------
    panel
        Demand up to the origin.
    levels
        Levels above the series, from coarse to fine, whose own forecasts steady theirs.
    """
    panel, _ = without_outliers(with_expected(keep_recent(panel)))
    regular = _kinds(panel) == "regular"
    model = PointModel(params=params, seed=seed, name=_model_for(panel, regular, params))
    if model.name != "lightgbm" or not regular.any():
        return model
    part, groupings = panel.take(regular), tuple(_groupings(panel, levels))
    own = [(name, group[regular]) for name, group in groupings]
    seeds = [seed, seed + 1] if part.history.sum() <= _FEW_CELLS else [seed]  # few rows: the draw would show
    trees = tuple(
        fit_direct(part, own, boosting=params.boosting, sampling=params.sampling, seed=variant) for variant in seeds
    )
    steady = tuple(level for level in levels if len(level.keys) <= regular.sum() / _GROUP)
    model = replace(model, trees=trees, groupings=groupings)
    if not steady or params.level_power == 0 or params.reconcile == "bottom_up":
        return model
    nodes, alive = _nodes_of(panel, steady)
    part = nodes.take(alive)
    return replace(model, steady=steady, nodes=_fit_nodes(part, params, seed), calendar=fit_calendar(part))


def trees_can_learn(panel: Panel, cells: int) -> bool:
    """Tell whether history reaches for training, and for an earlier origin to learn ranges from."""
    needed = 2 * panel.horizon + panel.frequency.level_weights[1][0]
    return panel.length >= needed and cells >= _FEWEST_CELLS


def without_outliers(panel: Panel) -> tuple[Panel, int]:
    """Hide values beyond 100 times the geometric mean of a series' sales (of at least eight): typing errors."""
    sold = panel.y > 0
    count = sold.sum(axis=1)
    logs = np.log(panel.y, out=np.zeros(panel.y.shape, dtype=np.float32), where=sold)
    typical = np.exp(logs.sum(axis=1, dtype=float) / np.maximum(count, 1))
    beyond = panel.y > np.where(count >= _OUTLIER_SALES, _OUTLIER * typical, np.inf)[:, None]
    if not beyond.any():
        return panel, 0
    return replace(panel, y=np.where(beyond, 0, panel.y), available=panel.available & ~beyond), int(beyond.sum())


def _kinds(panel: Panel) -> np.ndarray:
    history = panel.history
    window = panel.frequency.windows[-2]
    sold_lately = (panel.y[:, -window:] > 0).any(axis=1)
    few = panel.frequency.windows[1]
    kinds = ["no_history", "no_recent_sale", "short_history"]
    never = ~(panel.y > 0).any(axis=1)
    return np.select([history == 0, ~sold_lately & (never | (history >= few)), history < few], kinds, "regular")


def _model_for(panel: Panel, regular: np.ndarray, params: PointParams) -> str:
    if params.model not in ("auto", "lightgbm"):
        return params.model
    return "lightgbm" if trees_can_learn(panel, int(panel.available[regular].sum())) else "seasonal_window"


def _groupings(panel: Panel, levels: Sequence[Level]) -> list[tuple[str, np.ndarray]]:
    """Return the groups that series borrow strength from: the finest level above them, and copies of one item."""
    chosen = [level for level in levels if 1 < len(level.keys) <= panel.n / 5][-1:]
    chosen += [
        level_from(panel, a.name)
        for a in panel.static
        if a.categorical and panel.n / 20 <= len(a.categories) <= panel.n / 2
    ][:1]
    return [(level.name, level.group) for level in chosen]


def _nodes_of(panel: Panel, levels: Sequence[Level]) -> tuple[Panel, np.ndarray]:
    """Return all nodes of some levels, and which of them ever sold."""
    nodes = stack([aggregate(panel, level) for level in levels])
    return nodes, np.flatnonzero((nodes.history > 0) & (nodes.y > 0).any(axis=1))


def _fit_nodes(part: Panel, params: PointParams, seed: int) -> tuple[DirectModel, ...]:
    """Learn several levels with one model over all of their nodes, in variants to be averaged."""
    variants = [(seed + k, yearly) for k in range(params.level_seeds) for yearly in (True, False)]
    return tuple(
        fit_direct(part, boosting=params.level_boosting, sampling=params.level_sampling, yearly=yearly, seed=variant)
        for variant, yearly in variants
    )


def default_levels(panel: Panel) -> list[Level]:
    """Return the levels used when none are asked for: the total and every column with large groups."""
    columns = [
        level_from(panel, a.name) for a in panel.static if a.categorical and 1 < len(a.categories) <= panel.n / _GROUP
    ]
    return [total_of(panel), *sorted(columns, key=lambda level: (len(level.keys), level.name))]


def _prior(panel: Panel, mean: np.ndarray, kind: np.ndarray, seed: int) -> np.ndarray:
    established = (kind == "regular") | (kind == "no_recent_sale")
    if not established.any():  # nothing but short series: what they sold so far is all that is known
        established = (kind != "no_history") & (panel.history > 0)
        level = np.nan_to_num(moving_level(panel).mean(axis=1))
        shape = np.ones(panel.horizon)
    else:
        level = np.nan_to_num(mean).mean(axis=1)
        total = np.nansum(mean, axis=0)
        shape = total / total.mean() if total.mean() > 0 else np.ones(panel.horizon)
    return attribute_prior(panel, level, established, seed=seed).level[:, None] * shape[None, :]


def _shrunk(panel: Panel, prior: np.ndarray, *, attributes: bool) -> np.ndarray:
    """Blend the few periods seen with what the attributes say: n periods against one season of prior belief."""
    seen = panel.history[:, None]
    belief = min(panel.frequency.season, panel.frequency.windows[1]) if attributes else 1
    own = panel.y.sum(axis=1, dtype=float)[:, None]
    return np.asarray((own + belief * prior) / (seen + belief) if attributes else own / np.maximum(seen, 1) + 0 * prior)


def _dispersion(panel: Panel) -> np.ndarray:
    """Return the coefficient of variation over the last half year (or as long as a long window is)."""
    window = panel.frequency.windows[-2]
    y, there = panel.y[:, -window:].astype(float), panel.available[:, -window:]
    count = np.maximum(there.sum(axis=1), 1)
    mean = y.sum(axis=1) / count
    variance = np.maximum((y**2).sum(axis=1) / count - mean**2, 0)
    return np.asarray(np.sqrt(variance) / np.maximum(mean, 1e-9))
