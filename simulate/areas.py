"""Where people live around the simulated stores, and where nobody serves them yet."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["example_areas"]

_KM_PER_DEGREE = 111.0


def example_areas(parties: pd.DataFrame, *, near: int = 60, far: int = 30, seed: int = 0) -> pd.DataFrame:
    """Return estates with their households, some near a store, others in the same city and far from any.

    Parameters
    ----------
    parties
        ``kind, lat, lon``.
    near, far
        How many of each.

    Returns
    -------
    DataFrame
        ``lat, lon, region, households, customers, simulated``.

    Examples
    --------
    >>> store = pd.DataFrame({"kind": ["store"], "region": ["Hubei"], "lat": [30.6], "lon": [114.3]})
    >>> len(example_areas(store, near=3, far=2))
    5
    """
    rng = np.random.default_rng([seed, 72])
    stores = parties[parties["kind"].isin(["store", "franchisee"]) & parties["lat"].notna()].reset_index(drop=True)
    home = stores.iloc[rng.integers(0, len(stores), near + far)]
    is_near = np.arange(near + far) < near
    km = np.where(is_near, rng.uniform(0, 1.2, near + far), rng.uniform(4, 12, near + far))
    way = rng.uniform(0, 2 * np.pi, near + far)
    lat = home["lat"].to_numpy(float)
    households = np.round(rng.lognormal(7, 0.6, near + far))
    share = np.where(is_near & (km < 1), rng.beta(2, 18, near + far), 0.0)
    return pd.DataFrame(
        {
            "lat": np.round(lat + km * np.cos(way) / _KM_PER_DEGREE, 5),
            "lon": np.round(
                home["lon"].to_numpy(float) + km * np.sin(way) / (_KM_PER_DEGREE * np.cos(np.radians(lat))), 5
            ),
            "region": home["region"].astype("str").to_numpy(),
            "households": households.astype(int),
            "customers": rng.binomial(households.astype(int), share),
            "simulated": True,
        }
    )
