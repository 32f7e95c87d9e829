"""The measurement of launches on posts, on a few invented ones."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.launch import Posts, measure


def test_scores_of_each_checkpoint_and_split():
    """A total that the followers tell is forecast at 0 h; the baselines are there, and no score is missing."""
    rng = np.random.default_rng(0)
    n = 60
    followers = rng.integers(100, 9000, n)
    total = followers // 100 + 5
    launch = pd.Timestamp("2026-01-01", tz="Asia/Shanghai") + pd.to_timedelta(np.arange(n), "D")
    blank = dict.fromkeys(("friends", "messages", "verified_type", "pics", "text_len", "n_hashtag", "n_at"), 0.0)
    styles = pd.DataFrame(
        {"style_id": [f"p{k}" for k in range(n)], "launch_at": launch, "total": total.astype(float)} | blank
    ).assign(followers=followers, verified=True, gender="m", has_url=False)
    post = np.repeat(np.arange(n), total)
    moment = launch[post] + pd.to_timedelta(rng.exponential(6 * 3600, len(post)).round(), "s")
    signals = pd.DataFrame({"style_id": styles["style_id"].to_numpy()[post], "signal_time": moment})
    signals = signals.assign(observed_at=signals["signal_time"], kind="repost", count=1.0)
    answer = measure(Posts(styles, signals), splits=[(0.7, 1.0)])
    scores = answer["mean_of_splits"]
    assert scores["0h"]["wape"] < 0.3
    assert scores["0h"]["nothing_more"] == pytest.approx(1)
    assert scores["24h"]["nothing_more"] < scores["1h"]["nothing_more"] < 1
    assert all(np.isfinite(value) for one in scores.values() for value in one.values())
