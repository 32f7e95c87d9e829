"""The forecasters that ours is measured against: mlforecast as its users would set it up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from forecast.panel import Panel

_TRAINING_DAYS = 730
_YEAR = 364
_FEATURES = {
    "mlforecast_lag1": ((1, 7, 14, 28, _YEAR), (1, 7)),
    "mlforecast_lag7": ((7, 14, 28, _YEAR), (7,)),
}

CONFORMAL = "mlforecast_lag7_conformal"
EMPIRICAL = "empirical_56"
POINT_PEERS = (*_FEATURES, "seasonal_window")
PEERS = (*POINT_PEERS, CONFORMAL, EMPIRICAL)


def empirical_quantiles(panel: Panel, taus: Sequence[float], *, days: int) -> np.ndarray:
    """Return each series' quantiles of its last days, the same for each day ahead; shape (n, horizon, q)."""
    last = np.quantile(panel.y[:, -days:], taus, axis=1).T
    return np.repeat(last[:, None, :], panel.horizon, axis=1)


def mlforecast(
    panel: Panel, name: str, *, seed: int = 0, taus: Sequence[float] = ()
) -> tuple[np.ndarray, np.ndarray | None]:
    """Fit and forecast with mlforecast, one thread: means, shape (n, horizon), and quantiles of the conformal one."""
    from mlforecast.utils import PredictionIntervals

    forecaster = _mlforecaster(name, seed)
    frame = _long(panel, max(panel.length - _TRAINING_DAYS - _YEAR, 0), panel.length, with_y=True)
    static = [a.name for a in panel.static if a.name != "item_id"]
    ranges = PredictionIntervals(n_windows=2, h=panel.horizon) if name == CONFORMAL else None
    forecaster.fit(frame, static_features=static, prediction_intervals=ranges)
    del frame
    ahead = _long(panel, panel.length, panel.length + panel.horizon, with_y=False)
    known = [a.name for a in panel.known] + [a.name for a in panel.calendar]
    inside = sorted({round(100 * abs(2 * tau - 1), 6) for tau in taus} - {0.0}) if ranges else None
    answer = forecaster.predict(panel.horizon, X_df=ahead[["unique_id", "ds", *known]], level=inside)
    mean = _wide(answer, "y_hat", panel)
    if not ranges:
        return mean, None
    return mean, np.stack([np.maximum(_wide(answer, _column(tau), panel), 0) for tau in taus], axis=2)


def _column(tau: float) -> str:
    """Name of the column of mlforecast's answer that holds a quantile."""
    inside = round(100 * abs(2 * tau - 1), 6)
    return "y_hat" if inside == 0 else f"y_hat-{'lo' if tau < 0.5 else 'hi'}-{inside}"


def _wide(answer: pd.DataFrame, name: str, panel: Panel) -> np.ndarray:
    out = np.zeros((panel.n, panel.horizon))
    column = np.searchsorted(np.unique(answer["ds"]), answer["ds"])
    out[answer["unique_id"].to_numpy(), column] = np.nan_to_num(answer[name].to_numpy(dtype=float))
    return out


def _mlforecaster(name: str, seed: int) -> Any:
    import lightgbm as lgb
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import RollingMean, RollingStd

    lags, moving = _FEATURES[name.removesuffix("_conformal")]
    windows: dict[int, list[Any]] = {
        lag: [RollingMean(7), RollingMean(28), RollingMean(91), RollingStd(28)] for lag in moving
    }
    model = lgb.LGBMRegressor(
        objective="tweedie",
        tweedie_variance_power=1.1,
        n_estimators=150,
        learning_rate=0.075,
        num_leaves=63,
        min_child_samples=100,
        colsample_bytree=0.7,
        n_jobs=1,
        random_state=seed,
        verbosity=-1,
    )
    return MLForecast(
        models={"y_hat": model},
        freq="D",
        lags=list(lags),
        lag_transforms=windows,
        date_features=["dayofweek", "month", "day"],
        num_threads=1,
    )


def _long(panel: Panel, start: int, stop: int, *, with_y: bool) -> pd.DataFrame:
    periods = np.arange(start, stop)
    keep = periods[None, :] >= panel.born[:, None]
    row, column = np.nonzero(keep)
    data: dict[str, Any] = {
        "unique_id": row.astype(np.int32),
        "ds": panel.dates(start, stop).astype("datetime64[ns]")[column],
    }
    if with_y:
        data["y"] = panel.y[:, start:stop][row, column]
        data |= {a.name: a.values[row].astype(np.int16) for a in panel.static if a.name != "item_id"}
    data |= {a.name: a.values[:, start:stop][row, column] for a in panel.known}
    data |= {a.name: a.values[start:stop][column] for a in panel.calendar}
    return pd.DataFrame(data)
