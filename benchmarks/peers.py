"""The forecasters that ours is measured against: mlforecast as its users would set it up."""

from __future__ import annotations

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

PEERS = (*_FEATURES, "seasonal_window")


def mlforecast(panel: Panel, name: str, *, seed: int = 0) -> np.ndarray:
    """Fit and forecast with mlforecast and LightGBM (Tweedie), one thread; shape (n, horizon)."""
    import lightgbm as lgb
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import RollingMean, RollingStd

    lags, moving = _FEATURES[name]
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
    forecaster = MLForecast(
        models={"y_hat": model},
        freq="D",
        lags=list(lags),
        lag_transforms=windows,
        date_features=["dayofweek", "month", "day"],
        num_threads=1,
    )
    frame = _long(panel, max(panel.length - _TRAINING_DAYS - _YEAR, 0), panel.length, with_y=True)
    static = [a.name for a in panel.static if a.name != "item_id"]
    forecaster.fit(frame, static_features=static)
    del frame
    ahead = _long(panel, panel.length, panel.length + panel.horizon, with_y=False)
    known = [a.name for a in panel.known] + [a.name for a in panel.calendar]
    answer = forecaster.predict(panel.horizon, X_df=ahead[["unique_id", "ds", *known]])
    out = np.zeros((panel.n, panel.horizon))
    column = np.searchsorted(np.unique(answer["ds"]), answer["ds"])
    out[answer["unique_id"].to_numpy(), column] = np.nan_to_num(answer["y_hat"].to_numpy(dtype=float))
    return out


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
