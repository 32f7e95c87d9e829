"""The supply net: an immutable snapshot of parties and their relations."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pandas as pd

from contracts.errors import InputError, NotReadyError, UnknownIdError
from graph.arrays import Array, open_arrays, save_arrays
from graph.blocks import Block, Ties
from graph.parties import Parties
from graph.relations import Relations
from graph.tables import PARTY_KINDS, RELATION_KINDS

__all__ = ["SupplyNetwork", "days_since_epoch"]

FORMAT = 1


@dataclass(frozen=True, eq=False)
class SupplyNetwork:
    """Parties and one block of relations per kind; ids are your texts outside and int32 positions inside.

    Parameters
    ----------
    parties
        The column table of parties; a party's position is the rank of its id.
    blocks
        Relations by kind, for the kinds that occur.
    rejected
        How many rows of the relations were left out at building, by reason code (`graph.relations.FAULTS`).

    Examples
    --------
    >>> net = SupplyNetwork.build(
    ...     pd.DataFrame({"id": ["F", "D", "S"], "kind": ["factory", "distributor", "store"]}),
    ...     pd.DataFrame({"src": ["F", "D", "S"], "dst": ["D", "S", "S"], "kind": ["supplies", "serves", "refers"]}),
    ... )
    >>> net
    SupplyNetwork(parties=3, relations=2)
    >>> net.rejected
    {'self_loop': 1}
    """

    __networkx_backend__: ClassVar[str] = "evenflow"  # `nx.pagerank(net)` and others run on our arrays

    parties: Parties
    blocks: Mapping[str, Ties]
    rejected: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def build(cls, parties: pd.DataFrame, relations: pd.DataFrame | Iterable[pd.DataFrame]) -> SupplyNetwork:
        """Build from frames with the types of `graph.tables`; the order of their rows does not matter.

        Ends given as a `pandas.Categorical`, or as Arrow's dictionaries (`pandas.ArrowDtype`, which takes a fraction of
        the memory), are looked up once per category, and not at all if the categories are the ids of `parties` as they
        come: that is what makes tens of millions of relations build in seconds. Of relations in many frames, one after
        the other, only one is in memory at a time. Relations that cannot be used are left out and counted in
        `rejected`.

        Raises
        ------
        InputError
            If an id of `parties` is empty, repeated or too long.
        """
        table, order = Parties.ordered(parties)
        position = np.full(len(order) + 1, -1, dtype=np.int32)
        position[order] = np.arange(len(order), dtype=np.int32)
        del order
        return cls._of(table, Relations.of(relations, table.ids, listed=(pd.Index(parties["id"]), position)))

    @classmethod
    def of(cls, parties: Parties, relations: pd.DataFrame | Iterable[pd.DataFrame]) -> SupplyNetwork:
        """Build on a table of parties from a frame of relations or, one after the other, from many."""
        return cls._of(parties, Relations.of(relations, parties.ids))

    @classmethod
    def _of(cls, parties: Parties, relations: Relations) -> SupplyNetwork:
        blocks = {kind: Block.of_starts(*rows) for kind, rows in relations.by_kind.items()}
        return cls(parties, blocks, relations.rejected())

    def __len__(self) -> int:
        return self.n_parties

    @staticmethod
    def is_directed() -> Literal[True]:
        """Tell networkx that relations have a direction."""
        return True

    @staticmethod
    def is_multigraph() -> Literal[True]:
        """Tell networkx that a pair may have several relations."""
        return True

    def __repr__(self) -> str:
        return f"SupplyNetwork(parties={self.n_parties}, relations={self.n_relations})"

    @property
    def n_parties(self) -> int:
        """How many parties there are."""
        return len(self.parties)

    @property
    def n_relations(self) -> int:
        """How many relations there are, all kinds together."""
        return sum(block.n_relations for block in self.blocks.values())

    def position(self, party_id: str) -> int:
        """Return a party's position; raises UnknownIdError."""
        return self.parties.ids.position(party_id)

    def block(self, kind: str) -> Ties:
        """Return a kind's relations, an empty block if there are none; raises UnknownIdError for no such kind."""
        if kind not in RELATION_KINDS:
            raise UnknownIdError("relation kind", kind)
        return self.blocks[kind] if kind in self.blocks else self._empty()

    def degrees(self, party_id: str) -> dict[str, dict[str, int]]:
        """Return how many relations of each kind start at (``out``) and lead to (``in``) a party."""
        at = np.array([self.position(party_id)])
        counts = {}
        for kind, block in self.blocks.items():
            out, into = int(block.n_out(at)[0]), int(block.n_into(at)[0])
            if out or into:
                counts[kind] = {"out": out, "in": into}
        return counts

    def neighbours(
        self, party_id: str, *, kind: str | None = None, direction: str = "both", limit: int | None = None
    ) -> pd.DataFrame:
        """Return who a party is related to, the strongest ties first.

        Parameters
        ----------
        party_id
            The party.
        kind
            One relation kind, or all.
        direction
            ``out`` (relations that start at the party), ``in`` (that lead to it) or ``both``.
        limit
            At most this many rows.

        Returns
        -------
        DataFrame
            ``id, party_kind, relation, direction, weight``.

        Raises
        ------
        UnknownIdError
            If there is no such party or relation kind.
        InputError
            If `direction` is none of the three.
        """
        if direction not in ("out", "in", "both"):
            raise InputError("direction", "out, in or both", direction)
        at = np.array([self.position(party_id)])
        kinds = [kind] if kind is not None else list(self.blocks)
        ways = [(k, d) for k in kinds for d in ("out", "in") if direction in (d, "both")]
        parts = [self._ends(k, d, at) for k, d in ways]
        where = np.concatenate([ends for ends, _ in parts] or [np.empty(0, np.int32)])
        weight = np.concatenate([weight for _, weight in parts] or [np.empty(0, np.float32)])
        way = np.repeat(np.arange(len(ways)), [len(ends) for ends, _ in parts])
        best = np.lexsort((way, where, -weight))[:limit]
        return pd.DataFrame(
            {
                "id": self.parties.ids.texts_at(where[best]),
                "party_kind": [PARTY_KINDS[code] for code in self.parties.kind[where[best]]],
                "relation": [ways[w][0] for w in way[best]],
                "direction": [ways[w][1] for w in way[best]],
                "weight": weight[best].astype(float),
            }
        )

    def as_of(self, day: dt.date) -> SupplyNetwork:
        """Return the net of the relations that hold on a day (``valid_from <= day < valid_to``).

        The same as building from the relations' rows that hold on that day.
        """
        number = days_since_epoch(day)
        blocks = {kind: block.on_day(number) for kind, block in self.blocks.items()}
        return replace(self, blocks={kind: block for kind, block in blocks.items() if block.n_relations})

    def save(self, folder: Path) -> None:
        """Write the net into a folder, made if need be, in the form that `open` maps."""
        for name, arrays in (
            ("parties", self.parties.arrays()),
            *((k, b.merged().arrays()) for k, b in self.blocks.items()),
        ):
            (folder / name).mkdir(parents=True, exist_ok=True)
            save_arrays(arrays, folder / name)
        meta = {"format": FORMAT, "kinds": list(self.blocks), "rejected": dict(self.rejected)}
        (folder / "network.json").write_text(json.dumps(meta), encoding="utf-8")

    @classmethod
    def open(cls, folder: Path) -> SupplyNetwork:
        """Memory-map a saved net; nothing is read until it is used.

        Raises
        ------
        NotReadyError
            If the folder holds no net, or one that another version of the program wrote.
        """
        try:
            meta = json.loads((folder / "network.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise NotReadyError(f"{folder}: no saved supply net here") from None
        if meta["format"] != FORMAT:
            raise NotReadyError(f"{folder}: saved in format {meta['format']}, this version reads {FORMAT}; load again")
        blocks = {kind: Block.from_arrays(open_arrays(folder / kind)) for kind in meta["kinds"]}
        return cls(Parties.from_arrays(open_arrays(folder / "parties")), blocks, meta["rejected"])

    def _ends(self, kind: str, direction: str, at: Array) -> tuple[Array, Array]:
        block = self.block(kind)
        _, ends, relations = block.out_of(at) if direction == "out" else block.into(at)
        return ends, block.values("weight", relations)

    def _empty(self) -> Ties:
        none = np.empty(0, dtype=np.int32)
        return Block.of(self.n_parties, none, none, {"weight": np.empty(0, dtype=np.float32)})


def days_since_epoch(day: dt.date) -> int:
    """Return a day as relations keep it: days since 1970-01-01."""
    return (day - dt.date(1970, 1, 1)).days
