"""A net with the changes since it was built, visible at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from contracts.errors import NotReadyError
from graph.blocks import Ties
from graph.delta.apply import apply_events
from graph.delta.block import LayeredBlock, Overlay
from graph.delta.parties import grown_parties
from graph.delta.rows import Pair
from graph.delta.state import Delta, Touched, base_block, dead_of, until
from graph.network import SupplyNetwork, days_since_epoch
from graph.tables import RELATION_KINDS

__all__ = ["LayeredNetwork", "layered"]


@dataclass(frozen=True, eq=False)
class LayeredNetwork(SupplyNetwork):
    """A net that answers as if it had been built anew, from the net it lies on and a few changes.

    Positions of parties stay; new parties follow at the end. Whole-graph algorithms merge a block when they ask for it.

    Parameters
    ----------
    delta
        The changes, and the net they lie on.
    """

    delta: Delta = field(kw_only=True)

    def as_of(self, day: dt.date) -> SupplyNetwork:
        """Return the net of the events that counted by a day and of the relations that hold on it.

        New parties are there from the start. What was known when the base was built is part of it, whatever its day.
        """
        then = layered(apply_events(Delta(self.delta.base), until(self.delta.events, day))[0])
        number = days_since_epoch(day)
        blocks = {kind: block.on_day(number) for kind, block in then.blocks.items()}
        return replace(then, blocks={kind: block for kind, block in blocks.items() if block.n_relations})

    def save(self, folder: Path) -> None:
        """Refuse: changes are kept as events beside the net they lie on."""
        raise NotReadyError(f"{folder}: a net with changes is saved by folding them into its tables: `evenflow load`")


def layered(delta: Delta, before: LayeredNetwork | None = None) -> SupplyNetwork:
    """Return the net with its changes; the base itself if there are none.

    Parameters
    ----------
    delta
        The changes.
    before
        The net of earlier ones of these changes: what has not changed since is taken from it.
    """
    if not delta.events:
        return delta.base
    kinds = [kind for kind in RELATION_KINDS if kind in delta.base.blocks or delta.pairs.get(kind)]
    blocks = {kind: _block(delta, kind, before) for kind in kinds}
    if before is not None and before.delta.given is delta.given:
        parties = before.parties
    else:
        parties = grown_parties(delta.base.parties, delta.added, delta.given)
    held = {kind: block for kind, block in blocks.items() if block.n_relations}
    return LayeredNetwork(parties, held, delta.base.rejected, delta=delta)


def _block(delta: Delta, kind: str, before: LayeredNetwork | None) -> Ties:
    touched: Mapping[Pair, Touched] = delta.pairs.get(kind, {})
    n = delta.n_parties
    if before is not None and kind in before.blocks and before.delta.n_parties == n:  # noqa: SIM102
        if before.delta.pairs.get(kind) is delta.pairs.get(kind):
            return before.blocks[kind]
    base = base_block(delta.base, kind)
    if not touched and n == delta.base.n_parties:
        return base
    return LayeredBlock(n, base, dead_of(touched), Overlay.of({pair: one.rows for pair, one in touched.items()}))
