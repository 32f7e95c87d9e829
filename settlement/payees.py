"""Who plays each role in each sale: by the sale's column, by touches, by bindings, by referral; leavers passed over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import TableError
from settlement.rules import Attribution, ShareRules

__all__ = ["Bindings", "Directory", "Touches", "fill_roles"]

Codes = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
NOBODY = -1
_NEVER = np.iinfo(np.int64).max
_DAY_NS = 86_400_000_000_000
_MOST_DAYS = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Directory:
    """The parties, by code.

    Parameters
    ----------
    ids
        Their ids, shape (p,).
    left_day
        First day (since 1970) on which each is gone, shape (p,); the largest integer = never.
    successor, referred_by
        Codes, shape (p,); -1 = nobody.
    """

    ids: pd.Index
    left_day: Codes
    successor: Codes
    referred_by: Codes

    @classmethod
    def build(cls, ids: pd.Index, sellers: pd.DataFrame, source: str) -> Directory:
        """Lay out the sellers' table (`settlement.tables.SELLERS`); parties it does not name never leave.

        Raises
        ------
        TableError
            If referrals or successions run in a circle; names it.
        """
        named = [sellers[name].dropna() for name in ("party_id", "successor_id", "referred_by") if name in sellers]
        every = ids.append([pd.Index(column) for column in named]).unique()
        at = every.get_indexer(pd.Index(sellers["party_id"]))
        left = np.full(len(every), _NEVER, dtype=np.int64)
        if "left_on" in sellers:
            gone = sellers["left_on"].notna().to_numpy()
            left[at[gone]] = days_of(sellers["left_on"][gone])
        links = {}
        for name in ("successor_id", "referred_by"):
            links[name] = np.full(len(every), NOBODY, dtype=np.int64)
            if name in sellers:
                links[name][at] = codes_of(sellers[name], every)
            _require_no_circle(links[name], every, name, source)
        return cls(ids=every, left_day=left, successor=links["successor_id"], referred_by=links["referred_by"])

    def present(self, party: Codes, day: Codes) -> Codes:
        """Return each party, or who took over from it by that day; -1 where that is nobody."""
        found = party.copy()
        while len(rows := np.flatnonzero((found >= 0) & (self.left_day[np.maximum(found, 0)] <= day))):
            found[rows] = self.successor[found[rows]]
        return found


@dataclass(frozen=True, kw_only=True)
class Touches:
    """Touches sorted by journey and time: ``journey`` and ``party`` codes, ``at_ns``, ``window_ns`` (0: no channel)."""

    journeys: pd.Index
    journey: Codes
    party: Codes
    at_ns: Codes
    window_ns: Codes

    @classmethod
    def build(cls, touches: pd.DataFrame, agreed: Attribution, ids: pd.Index) -> Touches:
        """Lay out the table of touches (`settlement.tables.TOUCHES`)."""
        journeys = pd.Index(touches["journey_id"].unique())
        journey = codes_of(touches["journey_id"], journeys)
        at_ns = ns_of(touches["touched_at"])
        order = np.lexsort((at_ns, journey))
        window = touches["channel"].map(dict(agreed.window_days)).fillna(0.0).to_numpy(float) * _DAY_NS
        return cls(
            journeys=journeys,
            journey=journey[order],
            party=codes_of(touches["party_id"], ids)[order],
            at_ns=at_ns[order],
            window_ns=window.astype(np.int64)[order],
        )

    def credited(self, journey: Codes, sold_ns: Codes, directory: Directory, *, first: bool) -> Codes:
        """Return the party where each sale's demand arose, -1 if no touch counts.

        A party that has left by the time of its own touch is passed over; one that leaves between touch and sale
        keeps what arose while it was there.
        """
        start = np.searchsorted(self.journey, journey, "left")
        many = np.where(journey < 0, 0, np.searchsorted(self.journey, journey, "right") - start)
        sale = np.repeat(np.arange(len(journey)), many)
        touch = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many) + np.repeat(start, many)
        ago = sold_ns[sale] - self.at_ns[touch]
        there = directory.left_day[self.party[touch]] > day_of_ns(self.at_ns[touch])
        counts = (ago >= 0) & (ago <= self.window_ns[touch]) & there
        sale, touch = sale[counts], touch[counts]
        if first:
            sale, touch = sale[::-1], touch[::-1]  # the last one written stays
        found = np.full(len(journey), NOBODY, dtype=np.int64)
        found[sale] = self.party[touch]
        return found


@dataclass(frozen=True, kw_only=True)
class Bindings:
    """Bindings sorted by id and first day: ``key`` is both in one number, ``began`` the binding's first day of all."""

    bindings: pd.Index
    key: Codes
    party: Codes
    ends: Codes
    began: Codes

    @classmethod
    def build(cls, bindings: pd.DataFrame, ids: pd.Index, source: str) -> Bindings:
        """Lay out the table of bindings (`settlement.tables.BINDINGS`).

        Raises
        ------
        TableError
            If one is held by two at a time.
        """
        names = pd.Index(bindings["binding_id"].unique())
        binding, starts = codes_of(bindings["binding_id"], names), days_of(bindings["starts_on"])
        ends = np.full(len(starts), _NEVER, dtype=np.int64)
        if "ends_on" in bindings:
            closed = bindings["ends_on"].notna().to_numpy()
            ends[closed] = days_of(bindings["ends_on"][closed])
        order = np.lexsort((starts, binding))
        same = binding[order][1:] == binding[order][:-1]
        late = (ends != _NEVER)[order][:-1] & same & (ends[order][:-1] >= starts[order][1:])
        wrong = np.concatenate((order[:-1][late], np.flatnonzero(ends < starts)))
        if len(wrong):
            row = int(wrong.min())
            expected = "a day from starts_on on, before the next row of the binding starts"
            got = bindings["ends_on"].iloc[row].date()
            raise TableError(source, "ends_on", expected, got, row=row + 1, bad_rows=len(wrong))
        first = np.searchsorted(binding[order], binding[order], "left")
        return cls(
            bindings=names,
            key=binding[order] * _MOST_DAYS + starts[order],
            party=codes_of(bindings["party_id"], ids)[order],
            ends=ends[order],
            began=starts[order][first],
        )

    def holder(self, binding: Codes, day: Codes, within_days: int | None) -> Codes:
        """Return who holds each binding on each day, -1 = nobody (before it, after it, or too long after it began)."""
        found = np.full(len(binding), NOBODY, dtype=np.int64)
        row = np.searchsorted(self.key, binding * _MOST_DAYS + day, "right") - 1
        rows = np.flatnonzero((binding >= 0) & (row >= 0))
        at = row[rows]
        held = (self.key[at] // _MOST_DAYS == binding[rows]) & (day[rows] <= self.ends[at])
        if within_days is not None:
            held &= day[rows] < self.began[at] + within_days
        found[rows[held]] = self.party[at[held]]
        return found


@dataclass(frozen=True, kw_only=True)
class Filled:
    """Who plays each role.

    Parameters
    ----------
    party
        Codes, shape (s, roles).
    elsewhere
        Whether demand arose with another party than the one that closed the sale, shape (s,).
    passed_on
        Whether whoever would play the role had left, shape (s, roles).
    kept
        Whether a party left between the touch and the sale, and is credited all the same, shape (s,).
    """

    party: Codes
    elsewhere: Mask
    passed_on: Mask
    kept: Mask


def fill_roles(
    cells: Codes,
    sold_ns: Codes,
    rules: ShareRules,
    directory: Directory,
    *,
    credited: Codes | None,
    bound: tuple[Codes, Bindings] | None,
) -> Filled:
    """Return who plays each role.

    Parameters
    ----------
    cells
        What the sales' columns say, codes, shape (s, roles).
    sold_ns
        Moments of the sales, ns since 1970, shape (s,).
    credited
        Where each sale's demand arose, shape (s,); None if no rule asks.
    bound
        Each sale's binding (code) and the bindings; None if no rule asks.
    """
    day = day_of_ns(sold_ns)
    party, passed_on = cells.copy(), np.zeros(cells.shape, dtype=bool)
    elsewhere, kept = np.zeros(len(cells), dtype=bool), np.zeros(len(cells), dtype=bool)
    for at, rule in enumerate(rules.rules):
        earned = np.zeros(len(cells), dtype=bool)
        if rule.filled_by == "touch" and credited is not None:
            earned = credited >= 0
            elsewhere |= earned & (cells[:, at] >= 0) & (cells[:, at] != credited)
            party[:, at] = np.where(earned, credited, cells[:, at])
        elif rule.filled_by == "binding" and bound is not None:
            party[:, at] = bound[1].holder(bound[0], day, rule.within_days)
        there = directory.present(party[:, at], day)
        kept |= earned & (there != party[:, at])
        passed_on[:, at] = ~earned & (there != party[:, at])
        party[:, at] = np.where(earned, party[:, at], there)
    for at, rule in enumerate(rules.rules):
        if rule.through is not None:
            brought = party[:, rules.place[rule.through]]
            who = np.where(brought >= 0, directory.referred_by[np.maximum(brought, 0)], NOBODY)
            party[:, at] = directory.present(who, day)
            passed_on[:, at] = party[:, at] != who
    return Filled(party=party, elsewhere=elsewhere, passed_on=passed_on, kept=kept)


def codes_of(column: pd.Series, ids: pd.Index) -> Codes:
    """Return each cell's place among ids; empty or unknown = -1."""
    return np.asarray(ids.get_indexer(pd.Index(column)), dtype=np.int64)


def days_of(column: pd.Series) -> Codes:
    """Return dates as days since 1970."""
    return np.asarray(column.to_numpy().astype("datetime64[D]").astype(np.int64))


def ns_of(column: pd.Series) -> Codes:
    """Return moments as nanoseconds since 1970, UTC."""
    utc = pd.DatetimeIndex(column).tz_convert("UTC").tz_localize(None)
    return np.asarray(utc.to_numpy().astype("datetime64[ns]").astype(np.int64))


def day_of_ns(ns: Codes) -> Codes:
    """Return the day in China (UTC+8 the year round) of each moment, as days since 1970."""
    return (ns + 8 * 3600 * 10**9) // _DAY_NS


def _require_no_circle(link: Codes, ids: pd.Index, name: str, source: str) -> None:
    """Refuse a chain that comes back to where it began."""
    far, steps = link.copy(), 1
    while steps <= len(link) and (far >= 0).any():
        far, steps = np.where(far >= 0, far[np.maximum(far, 0)], NOBODY), steps * 2
    inside = np.flatnonzero(far >= 0)
    if not len(inside):
        return
    circle = [int(far[inside[0]])]  # so many steps on, one is in the circle itself
    while (following := int(link[circle[-1]])) != circle[0]:
        circle.append(following)
    shown = [str(ids[at]) for at in circle[:6]] + ["..."] * (len(circle) > 6)
    told = " -> ".join([*shown, str(ids[circle[0]])])
    raise TableError(source, name, "chains that end", f"a circle: {told}")
