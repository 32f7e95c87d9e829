"""Trust over the loaded network, in the eyes of whoever asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from graph.arrays import Array
from graph.network import SupplyNetwork
from graph.trust.scores import asked_walks, pair_trust
from graph.trust.walk import TrustPath
from services.trust_book import TrustBook, loaded_book
from services.viewer import Viewer
from store.snapshot import Snapshot

__all__ = ["pair_card", "party_trust"]

_LISTED = 20
_LOOKED_AT = 5  # times the paths asked for, of which those the viewer may not read are left out


def pair_card(snapshot: Snapshot, viewer: Viewer, asker: str, asked: str, *, top: int = 5) -> dict[str, Any]:
    """Return how far one party can rely on another.

    Parameters
    ----------
    snapshot
        A loaded network.
    viewer
        Who reads the answer; the asker must be one of its own parties.
    asker, asked
        Ids of the parties.
    top
        Paths at most.

    Returns
    -------
    dict
        ``from, to, score`` (own view: own judgement, then friends', then everybody's), ``everybody`` (the global
        score), ``walked`` (the view by signed walks), ``own`` (1 trusts, -1 distrusts, 0 has not judged), ``friends``
        (evidence of those it trusts), ``through`` (the friend that weighed most), ``paths`` and ``hidden_share``
        (`_told`).

    Raises
    ------
    UnknownIdError
        If there is no such party, or the viewer may not ask for it.
    """
    network, book = snapshot.network(), loaded_book(snapshot)
    src = np.array([viewer.own_position(network, asker)])
    dst = np.array([viewer.position(network, asked)])
    view = pair_trust(book.judgements, book.trust, src, dst, params=book.params)
    walked = asked_walks(book.judgements, book.trust, src, dst, top=_LOOKED_AT * top, params=book.params)
    through = view.through[view.through >= 0]
    through = through[viewer.sees_between(network, through, dst[: len(through)])]
    return {
        "from": asker,
        "to": asked,
        "score": view.score[0],
        "everybody": book.trust[dst[0]],
        "walked": walked.score[0],
        "own": int(view.own[0]),
        "friends": view.friends[0],
        "through": _ids(book, through)[0] if len(through) else None,
        **_told(network, viewer, book, walked.paths[0] if top else [], top),
    }


def party_trust(
    snapshot: Snapshot, viewer: Viewer, party_id: str, *, seeds: Sequence[str] = (), top: int = 5
) -> dict[str, Any]:
    """Return how far everybody relies on a party.

    Parameters
    ----------
    snapshot
        A loaded network.
    viewer
        Who reads the answer.
    party_id
        The party.
    seeds
        Ids of parties trusted beforehand; everybody alike by default.
    top
        Paths at most.

    Returns
    -------
    dict
        ``id, score, walked`` (by signed walks from the seeds), ``trusted_by``
        and ``distrusted_by`` (how many), ``vouched_by`` and ``vouches_for`` (ids the viewer may read), ``circle`` (ids
        of the others in its circle of vouching), ``paths`` and ``hidden_share`` (`_told`).

    Raises
    ------
    UnknownIdError
        If there is no such party, or the viewer may not know of it, or a seed is none of its own.
    """
    network = snapshot.network()
    at = viewer.position(network, party_id)
    for seed in seeds:
        viewer.own_position(network, seed)  # scores from a seed tell whom it trusts
    book = loaded_book(snapshot, seeds=seeds)
    walks = book.walks()
    judged = book.judgements.positive[book.judgements.dst == at]
    circle = next((members for members in book.vouches.circles() if at in members), np.empty(0, np.int32))
    return {
        "id": party_id,
        "score": book.trust[at],
        "walked": walks.score(book.trust)[at, 0],
        "trusted_by": int(judged.sum()),
        "distrusted_by": int((~judged).sum()),
        "vouched_by": _visible(network, viewer, book, book.vouches.src[book.vouches.dst == at], at),
        "vouches_for": _visible(network, viewer, book, book.vouches.dst[book.vouches.src == at], at),
        "circle": _visible(network, viewer, book, circle[circle != at], at),
        **_told(network, viewer, book, walks.paths(at, top=_LOOKED_AT * top) if top else [], top),
    }


def _told(
    network: SupplyNetwork, viewer: Viewer, book: TrustBook, paths: Sequence[TrustPath], top: int
) -> dict[str, Any]:
    """Return the paths whose every judgement the viewer may read, and the share of those it may not."""
    seen, hidden = [], 0.0
    for path in paths:
        stops = np.array(path.parties)
        if viewer.sees_between(network, stops[:-1], stops[1:]).all():
            seen.append({"parties": _ids(book, stops), "trusts": path.trusts, "share": path.share})
        else:
            hidden += path.share
    return {"paths": seen[:top], "hidden_share": hidden}


def _visible(network: SupplyNetwork, viewer: Viewer, book: TrustBook, others: Array, party: int) -> list[str]:
    readable = others[viewer.sees_between(network, others, np.full(len(others), party))]
    return _ids(book, readable[:_LISTED])


def _ids(book: TrustBook, positions: Array) -> list[str]:
    return list(book.ids.texts_at(positions))
