"""Pushes and orders as files say them → arrays of finished waves and of waves to forecast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contracts.errors import NotReadyError, TableError
from forecast.wave_errors import WaveErrors, learn_errors
from forecast.wave_tables import PUSHES, WAVE_ORDERS
from forecast.waves import WaveHistory, WaveModel, WaveParams, fit_waves

__all__ = ["WaveFrames", "learn_finished", "wave_frames"]

_NO_COUPON = "-"
_MOST_CELLS = 200_000_000


@dataclass(frozen=True)
class WaveFrames:
    """All waves as arrays, in the order of their pushes.

    Parameters
    ----------
    waves
        ``wave_id, push_at, coupon, end_at``, one row per wave.
    communities
        Ids, shape (c,).
    members, orders
        Members reached and orders known by wave and community, shape (w, c).
    counts
        Orders known by wave and bucket since the push, shape (w, buckets).
    elapsed
        Whole buckets of each wave that are over, shape (w,); -1 = not pushed yet.
    ignored
        Orders that count nowhere, by reason.
    """

    params: WaveParams
    waves: pd.DataFrame
    communities: pd.Index
    members: NDArray[np.float64]
    orders: NDArray[np.float64]
    counts: NDArray[np.float64]
    elapsed: NDArray[np.int64]
    ignored: dict[str, int]

    def coupon_codes(self) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return each wave's coupon as an index into those of finished waves (-1 = new), and which are finished."""
        over = self.elapsed >= self.params.buckets
        known = pd.Index(self.waves["coupon"][over].unique())
        return known.get_indexer(pd.Index(self.waves["coupon"])).astype(np.int64), over

    def history(self) -> WaveHistory:
        """Return the finished waves."""
        codes, over = self.coupon_codes()
        return WaveHistory(
            members=self.members[over],
            coupon=codes[over],
            push_minute=self.push_minute()[over],
            orders=self.orders[over],
            counts=self.counts[over],
        )

    def push_minute(self) -> NDArray[np.float64]:
        """Return the minute of the day of each push, shape (w,)."""
        at = self.waves["push_at"]
        return np.asarray(at.dt.hour * 60 + at.dt.minute, dtype=float)


def wave_frames(
    pushes: pd.DataFrame,
    orders: pd.DataFrame,
    *,
    as_of: pd.Timestamp | None,
    params: WaveParams,
    sources: Mapping[str, str] | None = None,
) -> WaveFrames:
    """Check both tables and lay them out.

    Raises
    ------
    TableError
        Naming the file, the column and the row.
    """
    names = {"pushes": "pushes", "orders": "orders", **(sources or {})}
    sent = PUSHES.check(pushes, names["pushes"])
    placed = WAVE_ORDERS.check(orders, names["orders"])
    sent["coupon"] = sent["coupon"].fillna(_NO_COUPON) if "coupon" in sent else _NO_COUPON
    placed["orders"] = placed["orders"].fillna(1.0) if "orders" in placed else 1.0
    waves = _waves(sent, params, names["pushes"])
    communities = pd.Index(sent["community_id"].unique()).sort_values()
    members = _members(sent, waves, communities, names["pushes"])
    wave = _known(pd.Index(waves["wave_id"]), placed, names["orders"])
    if as_of is None:
        as_of = placed["placed_at"].max() if len(placed) else waves["push_at"].min()
    elapsed = _elapsed(waves, as_of, params)
    place = _Place(params=params, waves=waves, communities=communities, members=members, elapsed=elapsed)
    counted, ignored = place.counted(placed, wave)
    return WaveFrames(
        params=params,
        waves=waves,
        communities=communities,
        members=members,
        orders=_sums(counted, "community", members.shape),
        counts=_sums(counted, "bucket", (len(waves), params.buckets)),
        elapsed=elapsed,
        ignored=ignored,
    )


def learn_finished(frames: WaveFrames) -> tuple[WaveModel, WaveErrors]:
    """Return what the waves that are over tell of those to come, and how far that was off.

    Raises
    ------
    NotReadyError
        If none of them is over and had orders.
    """
    params = frames.params
    over = frames.elapsed >= params.buckets
    if not over.any() or frames.counts[over].sum() <= 0:
        raise NotReadyError(
            f"no finished wave with orders to learn from: a wave is over {params.horizon_hours} hours after its push"
        )
    history = frames.history()
    model = fit_waves(history, params=params)
    return model, learn_errors(model, history)


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where an order may fall."""

    params: WaveParams
    waves: pd.DataFrame
    communities: pd.Index
    members: NDArray[np.float64]
    elapsed: NDArray[np.int64]

    def counted(self, placed: pd.DataFrame, wave: NDArray[np.int64]) -> tuple[pd.DataFrame, dict[str, int]]:
        """Return ``wave, community, bucket, orders`` of what counts, and how many orders do not, by reason."""
        late = pd.DatetimeIndex(placed["placed_at"]) - pd.DatetimeIndex(self.waves["push_at"])[wave]
        bucket = np.floor(late.total_seconds().to_numpy() / 60 / self.params.bucket_minutes).astype(np.int64)
        community = self.communities.get_indexer(pd.Index(placed["community_id"])).astype(np.int64)
        reached = (community >= 0) & (self.members[wave, np.maximum(community, 0)] > 0)
        inside = (bucket >= 0) & (bucket < self.params.buckets)
        known = bucket < self.elapsed[wave]
        weight = placed["orders"].to_numpy(float)
        rows = pd.DataFrame({"wave": wave, "community": community, "bucket": bucket, "orders": weight})
        return rows[reached & inside & known], {
            "outside_the_wave": int(weight[~inside].sum()),
            "community_not_reached": int(weight[inside & ~reached].sum()),
            "after_as_of": int(weight[inside & reached & ~known].sum()),
        }


def _sums(counted: pd.DataFrame, column: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    cell = counted["wave"].to_numpy() * shape[1] + counted[column].to_numpy()
    return np.bincount(cell, counted["orders"].to_numpy(), shape[0] * shape[1]).reshape(shape).astype(float)


def _members(sent: pd.DataFrame, waves: pd.DataFrame, communities: pd.Index, source: str) -> NDArray[np.float64]:
    """Return the members reached, shape (w, c)."""
    w, c = len(waves), len(communities)
    if w * c > _MOST_CELLS:
        raise TableError(source, None, f"at most {_MOST_CELLS:,} waves x communities", f"{w:,} x {c:,}")
    members = np.zeros((w, c))
    row = pd.Index(waves["wave_id"]).get_indexer(pd.Index(sent["wave_id"]))
    members[row, communities.get_indexer(pd.Index(sent["community_id"]))] = sent["members"].to_numpy()
    return members


def _waves(sent: pd.DataFrame, params: WaveParams, source: str) -> pd.DataFrame:
    first = sent.drop_duplicates("wave_id").set_index("wave_id")
    for column in ("push_at", "coupon"):
        wanted = sent["wave_id"].map(first[column])
        bad = (sent[column] != wanted).to_numpy()
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            expected = f"the same in all rows of wave {sent['wave_id'].iloc[row]} ({wanted.iloc[row]})"
            raise TableError(source, column, expected, sent[column].iloc[row], row=row + 1, bad_rows=int(bad.sum()))
    waves = first.reset_index()[["wave_id", "push_at", "coupon"]].sort_values(["push_at", "wave_id"], ignore_index=True)
    waves["end_at"] = waves["push_at"] + pd.Timedelta(hours=params.horizon_hours)
    return waves


def _known(ids: pd.Index, placed: pd.DataFrame, source: str) -> NDArray[np.int64]:
    wave = ids.get_indexer(pd.Index(placed["wave_id"]))
    bad = wave < 0
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        got = placed["wave_id"].iloc[row]
        raise TableError(source, "wave_id", "a wave of the pushes", got, row=row + 1, bad_rows=int(bad.sum()))
    return np.asarray(wave, dtype=np.int64)


def _elapsed(waves: pd.DataFrame, as_of: pd.Timestamp, params: WaveParams) -> NDArray[np.int64]:
    minutes = (as_of - waves["push_at"]).dt.total_seconds().to_numpy() / 60
    return np.where(minutes < 0, -1, np.minimum(minutes // params.bucket_minutes, params.buckets)).astype(np.int64)
