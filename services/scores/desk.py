"""Scores told, kept, computed again from what was kept, and compared with what came true."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from contracts.errors import EvenflowError, InputError, NotReadyError, UnknownIdError
from graph.network import SupplyNetwork
from services.scores.contract import Answer, Kind, check_fields, digest
from services.scores.registry import all_kinds, kind_of
from services.scores.reliability import probability_reliability, value_reliability
from services.scores.world import World
from services.viewer import Viewer
from store.notes import keeps_nothing
from store.score_book import ASKED, KeptScore, ScoreBook
from store.score_rights import ScoreRights
from store.snapshot import Snapshot

if TYPE_CHECKING:
    from services.launch_estimates import LaunchDesk

__all__ = ["Asked", "OptedOutError", "ScoreDesk", "last_moment", "moment_of", "shown_to"]

_TIMEZONE = "Asia/Shanghai"
_DATE = 10  # characters of a date


class OptedOutError(EvenflowError):
    """A party that does not want to be scored, and a kind that one can trade without."""

    def __init__(self, party_id: str, kind: str) -> None:
        needed = ", ".join(name for name, one in all_kinds().items() if one.of_party and one.needed_to_trade)
        super().__init__(
            f"{party_id} opted out of scores of kind {kind}; only those needed to trade are told: {needed}"
        )


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked for.

    Parameters
    ----------
    context
        The circumstances, as the kind declares them.
    as_of
        Day or moment (ISO): nothing later is looked at. The kind's latest without it.
    inputs
        Values to take instead of those looked up: a what-if, which is not kept.
    keep
        Whether to keep the answer, so that it can be computed again and compared with what comes true.
    """

    kind: str
    subject: str
    context: Mapping[str, Any] = field(default_factory=dict)
    as_of: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    keep: bool = True


class _Told(NamedTuple):
    answer: dict[str, Any]
    inputs: dict[str, Any]
    model: Mapping[str, Any]
    last: int


class ScoreDesk:
    """Tells scores and keeps them.

    Parameters
    ----------
    book, rights
        Where scores and outcomes are kept, and who opted out.
    launches
        Makes the desk of launch estimates when it is needed.
    """

    def __init__(self, book: ScoreBook, rights: ScoreRights, launches: Callable[[], LaunchDesk]) -> None:
        self.book, self.rights, self._launches = book, rights, launches

    def score(self, snapshot: Snapshot, viewer: Viewer, asked: Asked) -> dict[str, Any]:
        """Return a score, kept unless it is a what-if or need not be.

        Returns
        -------
        dict
            ``id, kind, subject, context, value, unit, scale, low, high, evidence_n, rank, parts, reasons, as_of,
            model_version, inputs_hash, inputs, what_if`` (names of the inputs replaced), ``kept``.

        Raises
        ------
        InputError
            If the context or an input is wrong.
        UnknownIdError
            If there is no such kind or subject, or the viewer may not know of it.
        OptedOutError
            If the subject opted out of scores and one can trade without this kind.
        NotReadyError
            If nothing is loaded that the kind looks at.
        """
        out = self.rights.is_out(asked.subject)
        return self._kept(viewer, [self._told(snapshot, viewer, asked, opted_out=out)])[0]

    def score_many(
        self, snapshot: Snapshot, viewer: Viewer, asked: Sequence[Asked]
    ) -> list[dict[str, Any] | EvenflowError]:
        """Return a score for each, or what is wrong with it; those that are kept are kept together."""
        found: list[_Told | EvenflowError] = []
        out = self.rights.opted_out()
        for one in asked:
            try:
                found.append(self._told(snapshot, viewer, one, opted_out=one.subject in out))
            except EvenflowError as error:
                found.append(error)
        kept = iter(self._kept(viewer, [one for one in found if not isinstance(one, EvenflowError)]))
        return [one if isinstance(one, EvenflowError) else next(kept) for one in found]

    def replay(self, snapshot: Snapshot, viewer: Viewer, score_id: str) -> dict[str, Any]:
        """Return a kept score, and the same computed again from its kept inputs.

        Returns
        -------
        dict
            ``score`` as it was told (`shown_to`), ``recomputed`` (value, low, high, evidence_n, parts, reasons) and
            ``same``.

        Raises
        ------
        UnknownIdError
            If there is none of that id, or it is neither the viewer's nor about one of its parties.
        NotReadyError
            If the program computes this kind in another way by now.
        """
        kept = self.kept(snapshot, viewer, score_id)
        told, kind = kept.told, kind_of(kept.told["kind"])
        model = self.book.model(kept.tenant, told["model_version"])
        if model is None or kind.version(model) != told["model_version"]:
            raise NotReadyError(f"score {score_id} was computed by {told['model_version']}, which this program has not")
        again = _plain(kind, kind.answer(model, kept.inputs), opted_out=told["opted_out"])
        same = again == {name: told[name] for name in again}
        return {"score": shown_to(snapshot, viewer, kept), "recomputed": again, "same": same}

    def kept(self, snapshot: Snapshot, viewer: Viewer, score_id: str) -> KeptScore:
        """Return a kept score that the viewer may read: its own, or one about a party of its own.

        Raises
        ------
        UnknownIdError
            If there is none: the answer does not tell why.
        """
        kept = self.book.find(score_id)
        if kept is None or not (_is_own(snapshot, viewer, kept) or _is_about_own(snapshot, viewer, kept)):
            raise UnknownIdError("score", score_id)
        return kept

    def require_scored(self, party_id: str, kind_name: str) -> None:
        """Raise OptedOutError if a party is not to be judged so."""
        kind = kind_of(kind_name)
        if not kind.needed_to_trade and self.rights.is_out(party_id):
            raise OptedOutError(party_id, kind_name)

    def correct(self, kept: KeptScore, inputs: Mapping[str, Any], origin: str) -> str:
        """Keep a kept score once more with some of its inputs replaced, and return its id.

        Raises
        ------
        InputError
            If an input is wrong.
        NotReadyError
            If the program computes this kind in another way by now.
        """
        kind = kind_of(kept.told["kind"])
        model = self.book.model(kept.tenant, kept.told["model_version"])
        if model is None or kind.version(model) != kept.told["model_version"]:
            raise NotReadyError(f"score {kept.told['id']} was computed by a model that this program has not")
        used = dict(kept.inputs) | _replaced(kind, inputs)
        head = {name: kept.told[name] for name in ("kind", "subject", "context", "as_of")}
        out = kept.told["opted_out"]
        marks = _marks(kind, model, used, inputs) | {"opted_out": out}
        answer = _plain(kind, kind.answer(model, used), opted_out=out)
        told = _whole(kept.tenant, head, marks, answer) | {"rank": None, "kept": True}
        self.book.keep(kept.tenant, [(told, used, last_moment(told["as_of"]))], {}, origin=origin)
        return str(told["id"])

    def reliability(self, viewer: Viewer, kind_name: str, *, model_version: str | None = None) -> dict[str, Any]:
        """Return how a kind's scores compare with what came true later, of one version of its model or of all.

        One party is told of the scores about itself alone: few outcomes of others would tell what became of them.

        Returns
        -------
        dict
            ``kind, unit, scale, model_versions`` (how many outcomes each foretold), then what
            `services.scores.reliability` returns.
        """
        kind = kind_of(kind_name)
        rows = self.book.judged(viewer.tenant or "", kind_name, model_version=model_version, subject=viewer.party)
        value, low, high, outcome = (
            np.array([row[name] for row in rows], dtype=np.float64) for name in ("value", "low", "high", "outcome")
        )
        versions = pd.Series([row["model_version"] for row in rows], dtype="str").value_counts()
        compared = (
            probability_reliability(value, outcome)
            if kind.is_probability
            else value_reliability(value, low, high, outcome)
        )
        head = {"kind": kind_name, "unit": kind.unit, "scale": kind.scale}
        return head | {"model_versions": {str(name): int(n) for name, n in versions.items()}} | compared

    def _told(self, snapshot: Snapshot, viewer: Viewer, asked: Asked, *, opted_out: bool) -> _Told:
        kind = kind_of(asked.kind)
        context = check_fields(kind.context, asked.context, "context")
        as_of = None if asked.as_of is None else moment_of(asked.as_of)
        kept = asked.keep and not asked.inputs
        world = World(snapshot=snapshot, viewer=viewer, as_of=as_of, launches=self._launches, keep=kept)
        found = kind.gather(world, asked.subject, context)
        out = kind.of_party and opted_out
        if out and not kind.needed_to_trade:  # told only to whom the subject is known
            raise OptedOutError(asked.subject, kind.name)
        inputs = dict(found.inputs) | _replaced(kind, asked.inputs)
        head = {
            "kind": kind.name,
            "subject": asked.subject,
            "context": {name: value for name, value in context.items() if value is not None},
            "as_of": found.as_of,
        }
        answer = _plain(kind, kind.answer(found.model, inputs), opted_out=out)
        marks = _marks(kind, found.model, inputs, asked.inputs) | {"opted_out": out}
        told = _whole(viewer.tenant or "", head, marks, answer)
        told |= {"rank": None if asked.inputs else found.rank, "kept": kept}
        return _Told(told, inputs, found.model, last_moment(found.as_of))

    def _kept(self, viewer: Viewer, told: Sequence[_Told]) -> list[dict[str, Any]]:
        keep = [one for one in told if one.answer["kept"]]
        if keep:
            models = {one.answer["model_version"]: one.model for one in keep}
            rows = [(one.answer, one.inputs, one.last) for one in keep]
            self.book.keep(viewer.tenant or "", rows, models, origin=ASKED)
        else:
            keeps_nothing()
        return [one.answer | {"inputs": one.inputs} for one in told]


def shown_to(snapshot: Snapshot, viewer: Viewer, kept: KeptScore) -> dict[str, Any]:
    """Return a kept score as a viewer may read it: of one that others asked for, no party that it may not know of.

    Whom a score is about may read what was told of it, but not for which of its own customers somebody asked.
    """
    if _is_own(snapshot, viewer, kept):
        return kept.told
    naming = {one.name for one in kind_of(kept.told["kind"]).context if one.of_party}
    network, context = snapshot.network(), dict(kept.told["context"])
    for name in naming & context.keys():
        at = int(network.parties.ids.positions(pd.Series([context[name]], dtype="str"))[0])
        if at < 0 or not viewer.sees(network, at):
            context[name] = None
    return kept.told | {"context": context}


def moment_of(text: str) -> pd.Timestamp:
    """Return a moment with a time zone; of a date its last millisecond, in Shanghai.

    Raises
    ------
    InputError
        If it is neither a date nor a moment with a time zone.
    """
    try:
        moment = pd.Timestamp(text)
    except ValueError:
        moment = pd.NaT
    if pd.isna(moment) or (moment.tzinfo is None and len(text) != _DATE):
        raise InputError("as_of", "a date (YYYY-MM-DD) or a moment with its time zone (ISO 8601)", text)
    if moment.tzinfo is not None:
        return moment
    return (moment + pd.Timedelta(days=1) - pd.Timedelta(milliseconds=1)).tz_localize(_TIMEZONE)


def last_moment(as_of: str) -> int:
    """Return the last millisecond (since 1970, UTC) of what a score of that day or moment could look at."""
    return int(moment_of(as_of).timestamp() * 1000)


def _replaced(kind: Kind, given: Mapping[str, Any]) -> dict[str, Any]:
    free = [one for one in kind.inputs if not one.fixed]
    checked = check_fields([one for one in free if one.name in given], given, "inputs")
    return {name: checked[name] for name in given}


def _plain(kind: Kind, answer: Answer, *, opted_out: bool) -> dict[str, Any]:
    told = answer.plain()
    if opted_out:
        told["reasons"].append(f"it opted out of scores; told all the same, as nobody can trade without {kind.name}")
    return told


def _marks(kind: Kind, model: Mapping[str, Any], inputs: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a score was computed by and from."""
    return {"model_version": kind.version(model), "inputs_hash": digest(inputs), "what_if": sorted(given)}


def _whole(tenant: str, head: Mapping[str, Any], marks: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    kind = kind_of(head["kind"])
    name = digest([tenant, *head.values(), *marks.values()], size=12)
    return {"id": name, **head, "unit": kind.unit, "scale": kind.scale, **answer, **marks}


def _is_own(snapshot: Snapshot, viewer: Viewer, kept: KeptScore) -> bool:
    if viewer.tenant not in (None, kept.tenant):
        return False
    return viewer.party is None or _may_be_asked(snapshot.network(), viewer, kept.told)


def _may_be_asked(network: SupplyNetwork, viewer: Viewer, told: Mapping[str, Any]) -> bool:
    """Return whether one party may read a score of its tenant: it may know of all it names, and is an end of a pair."""
    named = pd.Series([told["subject"], *(value for value in told["context"].values() if isinstance(value, str))])
    places = network.parties.ids.positions(named.astype("str"))
    places = places[places >= 0]
    if len(places) > 1:
        return bool(viewer.sees_between(network, places[:1], places[1:]).all())
    return all(viewer.sees(network, int(place)) for place in places)


def _is_about_own(snapshot: Snapshot, viewer: Viewer, kept: KeptScore) -> bool:
    if not kind_of(kept.told["kind"]).of_party:
        return False
    try:
        viewer.own_position(snapshot.network(), kept.told["subject"])
    except UnknownIdError:
        return False
    return True
