"""A small season of launches whose totals follow from the signals before them."""

import numpy as np
import pandas as pd


def season(n=160, *, seed=0, days=240):
    """Return styles with totals, teaser and daily signals, and sales that add up to the totals."""
    rng = np.random.default_rng(seed)
    appeal = rng.normal(size=n)
    total = np.ceil(np.exp(5 + appeal))
    first = pd.Timestamp("2026-01-05 20:00", tz="Asia/Shanghai")
    launch = first + pd.to_timedelta(np.sort(rng.uniform(0, days, n)), "D")
    ids = np.array([f"s{k:04d}" for k in range(n)])
    styles = pd.DataFrame(
        {
            "style_id": ids,
            "launch_at": launch,
            "total": total,
            "category": np.where(rng.random(n) < 0.5, "tops", "shoes"),
            "price": rng.uniform(50, 400, n).round(),
        }
    )
    ages = np.arange(-3, 8)
    rate = np.exp(3 + 0.9 * appeal[:, None] + 0.2 * rng.normal(size=(n, 1)))
    when = launch.normalize().repeat(len(ages)) + pd.to_timedelta(np.tile(ages, n), "D")
    signals = pd.DataFrame(
        {
            "style_id": ids.repeat(len(ages)),
            "signal_time": when,
            "observed_at": when + pd.Timedelta(hours=10),
            "kind": "repost",
            "count": rng.poisson(np.broadcast_to(rate, (n, len(ages)))).ravel().astype(float),
        }
    )
    share = np.exp(-np.arange(20) / 4.0)
    pieces = np.stack([rng.multinomial(int(t), share / share.sum()) for t in total])
    day = launch.tz_localize(None).normalize().repeat(20) + pd.to_timedelta(np.tile(np.arange(20), n), "D")
    sales = pd.DataFrame({"style_id": ids.repeat(20), "ds": day, "y": pieces.ravel().astype(float)})
    return styles, signals, sales


def asked(styles, first=120):
    """Return the styles with the totals of the later ones taken away."""
    return styles.assign(total=styles["total"].where(np.arange(len(styles)) < first))
