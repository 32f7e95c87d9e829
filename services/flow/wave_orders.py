"""Facts → waves: which orders belong to which push, and when they came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pandas as pd

from contracts.errors import InputError
from forecast.wave_tables import PUSHES
from services.effective import effective, family_of
from store.fact_book import Fact

__all__ = ["Wave", "came_to", "is_plain_value", "unusable_push", "wave_of", "wave_orders"]

_NUMBERS = {"placed_ms": "int64", "late_ms": "int64", "pieces": "float64"}
_REACHED = {"community_id", "members"}
_TIMEZONE = "Asia/Shanghai"


@dataclass(frozen=True)
class Wave:
    """A push to communities.

    Parameters
    ----------
    push_ms
        When, in milliseconds since 1970.
    pushes
        A row per community (`forecast.wave_tables.PUSHES`).
    """

    id: str
    push_ms: int
    pushes: pd.DataFrame

    @property
    def day(self) -> pd.Timestamp:
        """The day of the push."""
        return pd.Timestamp(self.pushes["push_at"].iloc[0]).tz_localize(None).normalize()


def wave_of(payload: Mapping[str, Any]) -> Wave:
    """Return the wave that a push fact tells of.

    Raises
    ------
    InputError
        If the communities or the moment cannot be used.
    """
    rows = pd.DataFrame(payload["communities"]).assign(
        wave_id=payload["wave_id"], push_at=payload["push_at"], coupon=payload.get("coupon", "-")
    )
    pushes = PUSHES.check(rows, "communities")
    try:
        pushes = pushes.assign(push_at=pushes["push_at"].dt.floor("ms"))  # as exact as orders are: none comes before it
        push_ms = int(pushes["push_at"].iloc[0].value // 1_000_000)
    except OverflowError:
        raise InputError("push_at", "a moment of the years 1678 to 2261", payload["push_at"]) from None
    return Wave(str(payload["wave_id"]), push_ms, pushes)


def is_plain_value(value: Any) -> bool:
    """Whether a cell of a fact can be kept: text, a day, a truth value or a number of less than 64 bits."""
    try:
        orjson.dumps(value)
    except TypeError:
        return False
    return not isinstance(value, (list, dict))


def unusable_push(payload: Mapping[str, Any]) -> str | None:
    """Return why a push fact cannot be used; None if it can.

    Examples
    --------
    >>> reached = {"community_id": "c1", "members": 80}
    >>> unusable_push({"wave_id": "w", "push_at": "2026-03-02T14:00:00+08:00", "communities": [reached]})
    >>> unusable_push({"wave_id": "w", "push_at": "2026-03-02T14:00:00+08:00", "communities": "c1"})
    'communities: expected a list of community_id and members, got c1'
    """
    rows = payload.get("communities")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        return str(InputError("communities", "a list of community_id and members", rows or "nothing"))
    other = sorted({str(name) for row in rows for name in row} - _REACHED)
    if other:
        return str(InputError(f"communities: {other[0]}", "only community_id and members", "another column"))
    if not all(is_plain_value(value) for row in rows for value in row.values()):
        return str(InputError("communities", "text and numbers of less than 64 bits", "another value"))
    try:
        wave_of({"wave_id": None, "push_at": None, **payload})
    except InputError as error:
        return str(error)
    return None


def wave_orders(waves: Sequence[Wave], facts: Sequence[Fact], *, hours: int) -> pd.DataFrame:
    """Return the orders that count and belong to a wave: placed by or for a community it reached, while it lasted.

    An order's moment is that of its original fact, whatever corrects it; of two waves the later push counts.

    Returns
    -------
    pandas.DataFrame
        ``wave_id, community_id, push_ms, placed_ms, late_ms`` (told so long after), ``sku_id, pieces``.
    """
    placed = {family_of(fact): fact for fact in facts if fact.key == fact.root and fact.kind == "order"}
    rows = [
        {"buyer_id": fact.payload["buyer_id"], "ship_to": fact.payload.get("ship_to"), "sku_id": fact.payload["sku_id"]}
        | {"pieces": float(fact.payload["pieces"]), "placed_ms": first.occurred_at_ms}
        | {"late_ms": first.accepted_at_ms - first.occurred_at_ms}
        for family, fact in effective(facts).items()
        if fact is not None and (first := placed.get(family)) is not None
    ]
    columns = ["buyer_id", "ship_to", "sku_id", *_NUMBERS]
    orders = pd.DataFrame(rows, columns=columns).astype(_NUMBERS)
    found = [orders[:0].assign(community_id="", wave_id="", push_ms=0)]
    for wave in sorted(waves, key=lambda one: -one.push_ms):
        reached = pd.Index(wave.pushes["community_id"])
        community = orders["buyer_id"].where(orders["buyer_id"].isin(reached), orders["ship_to"])
        inside = orders["placed_ms"].between(wave.push_ms, wave.push_ms + hours * 3_600_000, inclusive="left")
        mine = inside & community.isin(reached)
        found.append(orders[mine].assign(community_id=community[mine], wave_id=wave.id, push_ms=wave.push_ms))
        orders = orders[~mine]
    return pd.concat(found, ignore_index=True).drop(columns=["buyer_id", "ship_to"])


def came_to(orders: pd.DataFrame, bucket_minutes: int) -> pd.DataFrame:
    """Return orders as counts by wave, community and bucket since the push (`forecast.wave_tables.WAVE_ORDERS`)."""
    step, push = bucket_minutes * 60_000, orders["push_ms"].astype("int64")
    start = push + (orders["placed_ms"].astype("int64") - push) // step * step
    counts = orders.assign(start=start).groupby(["wave_id", "community_id", "start"], as_index=False).size()
    placed_at = pd.to_datetime(counts["start"], unit="ms", utc=True).dt.tz_convert(_TIMEZONE)
    told = counts.assign(placed_at=placed_at, orders=counts["size"].astype(float))
    return told[["wave_id", "community_id", "placed_at", "orders"]]
