"""Communities and waves of group orders as arrays, and what earlier waves tell of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import InputError
from forecast.wave_errors import WaveErrors
from forecast.wave_forecast import Push, WaveForecast, forecast_wave
from forecast.waves import WaveModel, WaveParams
from matching.group_order_tables import COMMUNITIES, WAVES
from matching.group_orders import PUSH_REASONS
from services.offer_book import numbers, within_hours
from services.wave_frames import WaveFrames, learn_finished, wave_frames

__all__ = ["LEVELS", "GroupBook", "GroupParams", "Place", "group_book", "places_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Place = tuple[str, str, str]  # supplier, good, bucket
LEVELS = (0.1, 0.5, 0.9)
_CELLS = 20_000_000


@dataclass(frozen=True, kw_only=True)
class GroupParams:
    """Limits of the house, and how surely a wave is to be filled.

    Parameters
    ----------
    pushes_per_week
        Most pushes a community gets a week where its row says nothing, 0 to 7.
    quiet_from, quiet_to
        Hours between which nobody is sent anything, 0 to 23; equal = never quiet.
    service
        Probability with which the pieces suffice for a wave, in [0.5, 0.999].
    bucket_minutes, horizon_hours
        Of `forecast.waves.WaveParams`.

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    pushes_per_week: int = 3
    quiet_from: int = 22
    quiet_to: int = 8
    service: float = 0.9
    bucket_minutes: int = 15
    horizon_hours: int = 24

    def __post_init__(self) -> None:
        for name, most in (("pushes_per_week", 7), ("quiet_from", 23), ("quiet_to", 23)):
            if not 0 <= getattr(self, name) <= most:
                raise ValueError(f"{name}: expected 0 to {most}, got {getattr(self, name)}")
        if not 0.5 <= self.service <= 0.999:
            raise ValueError(f"service: expected a probability in [0.5, 0.999], got {self.service}")
        WaveParams(bucket_minutes=self.bucket_minutes, horizon_hours=self.horizon_hours)


def places_of(waves: pd.DataFrame, source: str = "waves") -> list[Place | None]:
    """Return the capacity that each wave of a raw table draws on; None where it names no supplier."""
    return _places(WAVES.check(waves, source))


def group_book(
    tables: Mapping[str, pd.DataFrame],
    *,
    params: GroupParams,
    room: Mapping[Place, int] | None,
    as_of: datetime | None,
    sources: Mapping[str, str],
) -> GroupBook:
    """Check the tables and learn from earlier waves; parameters as `services.group_orders.plan_group_orders`."""
    communities = COMMUNITIES.check(tables["communities"], sources.get("communities", "communities"))
    source = sources.get("waves", "waves")
    waves = WAVES.check(tables["waves"], source)
    if len(communities) * len(waves) > _CELLS:
        got = f"{len(communities):,} x {len(waves):,}"
        raise InputError(source, f"at most {_CELLS:,} communities x waves", got)
    learnt, places = Learnt.of(tables, params, as_of, sources), _places(waves)
    pool, left = _pools(waves, places, room, source)
    return GroupBook(
        communities=communities,
        waves=waves,
        settings=params,
        model=learnt.for_communities(communities["community_id"]),
        errors=learnt.errors,
        coupon=learnt.coupon(waves),
        places=places,
        pool=pool,
        room=left,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Learnt:
    """What finished waves tell, and where the listed communities stand in it."""

    frames: WaveFrames
    model: WaveModel
    errors: WaveErrors

    @classmethod
    def of(
        cls, tables: Mapping[str, pd.DataFrame], settings: GroupParams, as_of: datetime | None, names: Mapping[str, str]
    ) -> Learnt:
        params = WaveParams(bucket_minutes=settings.bucket_minutes, horizon_hours=settings.horizon_hours)
        moment = None if as_of is None else pd.Timestamp(as_of)
        if moment is not None and moment.tzinfo is None:
            moment = moment.tz_localize("Asia/Shanghai")
        mine = {name: names[name] for name in ("pushes", "orders") if name in names}
        frames = wave_frames(tables["pushes"], tables["orders"], as_of=moment, params=params, sources=mine)
        model, errors = learn_finished(frames)
        return cls(frames=frames, model=model, errors=errors)

    def for_communities(self, ids: pd.Series) -> WaveModel:
        """Return the model with the given communities in its place; one it never met is an average one."""
        at = self.frames.communities.get_indexer(pd.Index(ids))
        orders, expected = (
            np.where(at >= 0, part[at], 0.0) for part in (self.model.seen_orders, self.model.seen_expected)
        )
        return replace(self.model, seen_orders=orders, seen_expected=expected)

    def coupon(self, waves: pd.DataFrame) -> Ints:
        """Return each wave's coupon in the model, -1 = a new one."""
        over = self.frames.elapsed >= self.model.params.buckets
        known = pd.Index(self.frames.waves["coupon"][over].unique())
        asked = waves["coupon"].fillna("-") if "coupon" in waves else pd.Series("-", index=waves.index)
        return np.asarray(known.get_indexer(pd.Index(asked)), np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupBook:
    """Communities and waves as arrays, and the model that knows them."""

    communities: pd.DataFrame
    waves: pd.DataFrame
    settings: GroupParams
    model: WaveModel
    errors: WaveErrors
    coupon: Ints
    places: list[Place | None]
    pool: Ints
    room: Floats

    @property
    def members(self) -> Floats:
        """Members of each community, float [C]."""
        found: Floats = self.communities["members"].to_numpy(np.float64)
        return found

    def forecast(self, wave: int, reached: npt.NDArray[np.bool_]) -> WaveForecast:
        """Return the wave of a push to some communities; the last level is the one that is promised."""
        push = Push(
            members=np.where(reached, self.members, 0.0), coupon=int(self.coupon[wave]),
            push_minute=self.minute(wave), counts=np.zeros(0),
        )  # fmt: skip
        return forecast_wave(self.model, self.errors, push, levels=(*LEVELS, self.settings.service))

    def minute(self, wave: int) -> float:
        """Return the minute of the day of a push."""
        at = self.waves["push_at"].iloc[wave]
        return float(at.hour * 60 + at.minute)

    def per_order(self) -> Floats:
        """Return the pieces of an order of each wave."""
        return numbers(self.waves, "pieces_per_order", 1.0)

    def gain(self) -> Floats:
        """Return the fen that an order of each wave leaves after its coupon."""
        return numbers(self.waves, "margin_fen", 0.0) - numbers(self.waves, "coupon_fen", 0.0)

    def blocked(self) -> Ints:
        """Return int [C, W]: why a push may not be sent, 0 if it may; the first reason that holds counts."""
        table, at = self.communities, pd.DatetimeIndex(self.waves["push_at"])
        hour = at.hour.to_numpy()[None, :]
        shut = within_hours(hour, np.array([[self.settings.quiet_from]]), np.array([[self.settings.quiet_to]]))
        own = within_hours(hour, numbers(table, "quiet_from", -1.0)[:, None], numbers(table, "quiet_to", -1.0)[:, None])
        blocked = np.zeros((len(table), len(self.waves)), np.int64)
        wants = table["opted_in"].to_numpy(np.bool_) if "opted_in" in table else np.ones(len(table), np.bool_)
        left = (
            pd.to_datetime(table["left_on"]).to_numpy()
            if "left_on" in table
            else np.full(len(table), np.datetime64("NaT"))
        )
        gone = left[:, None] <= at.tz_localize(None).normalize().to_numpy()[None, :]
        for mask, name in (
            (shut | own, "quiet_hours"), ((self.members == 0)[:, None], "zero_members"),
            (~wants[:, None], "community_opted_out"), (gone, "community_left"),
        ):  # fmt: skip
            blocked = np.where(mask, PUSH_REASONS.index(name), blocked)
        return blocked

    def caps(self) -> tuple[Ints, Ints, Ints]:
        """Return each wave's day, each day's week, and int [C, weeks] the pushes a community may get.

        Days and weeks without a wave are left out: what is planned may lie years ahead.
        """
        on = pd.DatetimeIndex(self.waves["push_at"]).tz_localize(None).normalize()
        days, day = np.unique(np.asarray((on - on.min()).days, np.int64), return_inverse=True)
        week = np.unique(days // 7, return_inverse=True)[1]
        weekly = numbers(self.communities, "pushes_per_week", self.settings.pushes_per_week)
        cap = np.repeat(weekly[:, None], week.max() + 1, axis=1)
        cap[:, 0] -= numbers(self.communities, "pushed", 0.0)
        return day, week, np.maximum(cap, 0).astype(np.int64)


def _places(waves: pd.DataFrame) -> list[Place | None]:
    if "supplier_id" not in waves:
        return [None] * len(waves)
    good = waves["good"].where(waves["good"].notna(), waves["sku_id"]) if "good" in waves else waves["sku_id"]
    bucket = waves["bucket"].fillna("") if "bucket" in waves else pd.Series("", index=waves.index)
    rows = zip(waves["supplier_id"], good, bucket, strict=True)
    return [None if pd.isna(supplier) else (str(supplier), str(what), str(when)) for supplier, what, when in rows]


def _pools(
    waves: pd.DataFrame, places: Sequence[Place | None], room: Mapping[Place, int] | None, source: str
) -> tuple[Ints, Floats]:
    """Return the pool that each wave draws on, and the pieces of each pool: waves of one capacity share it."""
    stated = numbers(waves, "pieces", np.inf)
    keys: dict[object, int] = {}
    pool = np.array([keys.setdefault(place or at, len(keys)) for at, place in enumerate(places)], np.int64)
    left = np.full(len(keys), np.inf)
    first = {int(p): at for at, p in reversed(list(enumerate(pool)))}
    for at, p in enumerate(pool):
        if stated[at] != stated[first[int(p)]]:
            expected = f"the same in all waves of {' '.join(filter(None, places[at] or ()))}, which share it"
            raise InputError(f"{source}, column pieces, row {at + 1}", expected, stated[at])
        left[p] = stated[at]
        place = places[at]
        if place is not None and room is not None:
            left[p] = min(left[p], max(room.get(place, 0), 0))
    return pool, left
