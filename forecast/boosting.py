"""Gradient-boosted trees: the only module that knows LightGBM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from forecast.features import Table


@dataclass(frozen=True, kw_only=True)
class BoostingParams:
    """How trees are grown.

    Parameters
    ----------
    rounds
        Trees, >= 1.
    learning_rate
        Shrinkage of each tree, in (0, 1].
    leaves
        Most leaves of a tree, >= 2.
    leaf_rows
        Fewest rows in a leaf, >= 1.
    feature_share
        Share of the features that each tree may use, in (0, 1].
    tweedie_power
        Variance power of the Tweedie loss, in (1, 2); None for squared loss on target / level.
    threads
        CPU threads, >= 1. The result does not depend on it.
    """

    rounds: int = 120
    learning_rate: float = 0.09
    leaves: int = 63
    leaf_rows: int = 100
    feature_share: float = 0.6
    tweedie_power: float | None = 1.1
    threads: int = 1

    def __post_init__(self) -> None:
        if min(self.rounds, self.leaf_rows, self.threads) < 1 or self.leaves < 2:
            raise ValueError("Expected rounds, leaf_rows and threads >= 1 and leaves >= 2.")
        if not (0 < self.learning_rate <= 1 and 0 < self.feature_share <= 1):
            raise ValueError("Expected learning_rate and feature_share in (0, 1].")
        if self.tweedie_power is not None and not 1 < self.tweedie_power < 2:
            raise ValueError("Expected tweedie_power in (1, 2) or None.")


class Trees:
    """Trees read from LightGBM's own text; LightGBM is imported when they are first asked.

    Parameters
    ----------
    text
        As `lightgbm.Booster.model_to_string` writes it.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._booster: Any = None

    def model_to_string(self) -> str:
        """Return the text."""
        return self._text

    def predict(self, values: np.ndarray, **options: Any) -> np.ndarray:
        """Predict as `lightgbm.Booster.predict` does."""
        if self._booster is None:
            import lightgbm as lgb

            self._booster = lgb.Booster(model_str=self._text)
        return np.asarray(self._booster.predict(values, **options))


@dataclass(frozen=True)
class Boosted:
    """Fitted trees that multiply a level."""

    booster: Any
    tweedie: bool
    threads: int = 1

    def predict(self, table: Table) -> np.ndarray:
        """Return expected pieces per row, >= 0."""
        raw = np.asarray(self.booster.predict(table.values, raw_score=True, num_threads=self.threads), dtype=float)
        return np.asarray(table.level * (np.exp(raw) if self.tweedie else np.maximum(raw, 0)))

    def contributions(self, table: Table) -> np.ndarray:
        """Return what each feature adds to the raw score of each row (TreeSHAP), and last the score's base.

        Returns
        -------
        Shape (m, k + 1); the sum over a row is its raw score.

        References
        ----------
        Lundberg, Erion & Lee (2018), Consistent individualized feature attribution for tree ensembles.
        """
        return np.asarray(self.booster.predict(table.values, pred_contrib=True, num_threads=self.threads), dtype=float)


def fit(table: Table, y: np.ndarray, *, scale: float, params: BoostingParams, seed: int) -> Boosted:
    """Grow trees for `y` relative to the level of each row.

    Parameters
    ----------
    table
        Features; every level must be > 0.
    y
        Pieces, shape (m,).
    scale
        Typical size of `y`, so that the loss does not depend on its unit.
    """
    import lightgbm as lgb

    tweedie = params.tweedie_power is not None
    data = lgb.Dataset(
        table.values,
        label=y / scale if tweedie else y / table.level,
        init_score=np.log(table.level / scale) if tweedie else None,
        feature_name=[f"f{k}" for k in range(len(table.names))],
        categorical_feature=[f"f{table.names.index(name)}" for name in table.categorical],
        params={"verbosity": -1, "max_bin": 127, "min_data_in_bin": 20, "data_random_seed": seed},
    )
    booster = lgb.train(_options(params, seed), data, num_boost_round=params.rounds)
    return Boosted(booster, tweedie, params.threads)


def _options(params: BoostingParams, seed: int) -> dict[str, Any]:
    loss = {"objective": "regression"}
    if params.tweedie_power is not None:
        loss = {"objective": "tweedie", "tweedie_variance_power": params.tweedie_power}  # type: ignore[dict-item]
    return {
        **loss,
        "learning_rate": params.learning_rate,
        "num_leaves": params.leaves,
        "min_data_in_leaf": params.leaf_rows,
        "feature_fraction": params.feature_share,
        "cat_smooth": 50,
        "lambda_l2": 1.0,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": params.threads,
        "verbosity": -1,
    }


@dataclass(frozen=True, kw_only=True)
class StumpParams:
    """How small trees are grown on few rows, with heavy regularisation.

    Parameters
    ----------
    rounds
        Trees, >= 1.
    learning_rate
        Shrinkage of each tree, in (0, 1].
    leaves
        Most leaves of a tree, >= 2.
    leaf_rows
        Fewest rows in a leaf, >= 1; less, down to 5, where there are fewer than twenty times as many rows.
    feature_share, row_share
        Shares of features and rows that each tree may use, in (0, 1].
    penalty
        L2 penalty of the leaves, >= 0.
    """

    rounds: int = 300
    learning_rate: float = 0.03
    leaves: int = 8
    leaf_rows: int = 40
    feature_share: float = 0.3
    row_share: float = 0.7
    penalty: float = 20.0

    def __post_init__(self) -> None:
        if min(self.rounds, self.leaf_rows) < 1 or self.leaves < 2 or self.penalty < 0:
            raise ValueError("Expected rounds and leaf_rows >= 1, leaves >= 2 and penalty >= 0.")
        if not all(0 < share <= 1 for share in (self.learning_rate, self.feature_share, self.row_share)):
            raise ValueError("Expected learning_rate, feature_share and row_share in (0, 1].")


def grow(values: np.ndarray, target: np.ndarray, *, level: float, params: StumpParams, seed: int) -> Trees:
    """Grow small trees for a quantile of the target.

    Parameters
    ----------
    values
        Features, NaN where unknown, shape (m, k).
    target
        Shape (m,).
    level
        In (0, 1); 0.5 is the median, found with the absolute loss.
    """
    import lightgbm as lgb

    loss = {"objective": "l1"} if level == 0.5 else {"objective": "quantile", "alpha": level}
    options = {
        **loss,
        "learning_rate": params.learning_rate,
        "num_leaves": params.leaves,
        "min_data_in_leaf": min(params.leaf_rows, max(len(target) // 20, 5)),
        "feature_fraction": params.feature_share,
        "bagging_fraction": params.row_share,
        "bagging_freq": 1,
        "lambda_l2": params.penalty,
        "max_bin": 63,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    booster = lgb.train(options, lgb.Dataset(values, target), num_boost_round=params.rounds)
    return Trees(booster.model_to_string())
