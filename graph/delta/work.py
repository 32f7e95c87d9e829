"""Events at work: a batch of them, one after the other, on a copy of what the earlier ones made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from graph.blocks import MISSING
from graph.delta.handover import Handover
from graph.delta.rows import Pair, Row
from graph.delta.state import Delta, Touched, base_block
from graph.delta.tables import Event

__all__ = ["Work"]

Rows = tuple[Row, ...]


class Work:
    """The mutable copy of a `Delta` that a batch of events works on.

    What the batch needs of the base is looked up for all of its events at once; nothing of the `Delta` it came from
    changes.

    Parameters
    ----------
    delta
        What earlier events made.
    events
        The batch.
    """

    def __init__(self, delta: Delta, events: Sequence[Event]) -> None:
        self.base = delta.base
        self._before = delta
        self._pairs: dict[str, dict[Pair, Touched]] = {}  # of the kinds this batch looks at
        self._unchanged: set[tuple[str, Pair]] = set()  # looked up, but not changed so far
        self.added = {text: delta.base.n_parties + index for index, text in enumerate(delta.added)}
        self._given: dict[int, Mapping[str, Any]] = {}
        self.left: dict[str, dict[str, Handover]] = {kind: dict(by_src) for kind, by_src in delta.left.items()}
        self._positions = self._known_ids(events)
        self._by_party: dict[str, dict[int, set[Pair]]] = {}
        self._fetch_pairs_of(events)

    def position(self, party_id: str) -> int | None:
        """Return a party's position, None if there is none of that id."""
        return self._positions.get(party_id)

    def party(self, party_id: str) -> int:
        """Return a party's position; a new one's follows the last."""
        if party_id not in self._positions:
            self.added[party_id] = self._positions[party_id] = self.base.n_parties + len(self.added)
        return self._positions[party_id]

    def give(self, position: int, attributes: Mapping[str, Any]) -> None:
        """Let a party have these attributes; those not named stay."""
        self._given[position] = {**self._before.given.get(position, {}), **self._given.get(position, {}), **attributes}

    def rows(self, kind: str, pair: Pair) -> Rows:
        """Return a pair's relations of a kind, by validity."""
        self.fetch(kind, [pair])
        return self._pairs[kind][pair].rows

    def put(self, kind: str, pair: Pair, rows: Rows) -> None:
        """Let a pair have these relations of a kind."""
        self.fetch(kind, [pair])
        self._pairs[kind][pair] = self._pairs[kind][pair]._replace(rows=rows)
        self._unchanged.discard((kind, pair))

    def fetch(self, kind: str, pairs: Iterable[Pair]) -> None:
        """Look up the pairs of a kind that no event has touched, all at once."""
        if kind not in self._pairs:
            self._pairs[kind] = dict(self._before.pairs.get(kind, {}))
        known = self._pairs[kind]
        new = list(dict.fromkeys(pair for pair in pairs if pair not in known))
        for pair, touched in zip(new, self._from_base(kind, new), strict=True):
            known[pair] = touched
            self._unchanged.add((kind, pair))
            for end in pair if kind in self._by_party else ():
                self._by_party[kind][end].add(pair)

    def pairs_of(self, kind: str, party: int) -> list[Pair]:
        """Return the pairs of a kind that a party belongs to, sorted."""
        if kind not in self._by_party:
            self._by_party[kind] = defaultdict(set)
            for pair in self._pairs.get(kind, self._before.pairs.get(kind, {})):
                for end in pair:
                    self._by_party[kind][end].add(pair)
        found = set(self._by_party[kind][party])
        if party < self.base.n_parties:
            block, at = self.base.block(kind), np.array([party])
            found |= {(party, int(end)) for end in block.out_of(at).party}
            found |= {(int(end), party) for end in block.into(at).party}
        return sorted(found)

    def done(self, accepted: Sequence[Event]) -> Delta:
        """Return what the earlier events and the accepted ones of this batch made."""
        for kind, pair in self._unchanged:
            del self._pairs[kind][pair]
        pairs = {**self._before.pairs, **self._pairs}
        given = {**self._before.given, **self._given} if self._given else self._before.given
        return Delta(self.base, (*self._before.events, *accepted), pairs, tuple(self.added), given, self.left)

    def _known_ids(self, events: Sequence[Event]) -> dict[str, int]:
        texts = list(dict.fromkeys(event[name] for event in events for name in ("src", "dst", "id") if name in event))
        found = self.base.parties.ids.positions(pd.Series(texts, dtype="str")).tolist()
        known = {text: at for text, at in zip(texts, found, strict=True) if at >= 0}
        return known | self.added

    def _fetch_pairs_of(self, events: Sequence[Event]) -> None:
        wanted: dict[str, list[Pair]] = defaultdict(list)
        for event in events:
            src, dst = self.position(event.get("src", "")), self.position(event.get("dst", ""))
            if src is not None and dst is not None and event["event"] != "handover":
                wanted[event.get("kind", "")].append((src, dst))
        for kind in self.base.blocks:
            if kind in wanted:
                self.fetch(kind, wanted[kind])

    def _from_base(self, kind: str, pairs: Sequence[Pair]) -> list[Touched]:
        nothing = Touched(0, 0, ())
        n = self.base.n_parties
        inside = [index for index, pair in enumerate(pairs) if max(pair) < n] if kind in self.base.blocks else []
        found = [nothing] * len(pairs)
        if not inside:
            return found
        block = base_block(self.base, kind)
        ends = np.array([pairs[index] for index in inside], dtype=np.int64)
        first, end = block.parallel(ends[:, 0], ends[:, 1])
        which = np.repeat(np.arange(len(inside)), end - first)
        before = np.cumsum(end - first) - (end - first)
        relations = np.arange(len(which)) - before[which] + first[which]
        values = [block.values(name, relations).tolist() for name in MISSING]
        rows = [Row(*cells) for cells in zip(*values, strict=True)]
        for place, index in enumerate(inside):
            start = int(before[place])
            low, high = int(first[place]), int(end[place])
            found[index] = Touched(low, high, tuple(rows[start : start + high - low]))
        return found
