"""Scores that are smoothed rates: the mean of all, of the subject's group, its own record, third parties."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from contracts.errors import NotReadyError
from graph.network import SupplyNetwork
from graph.scorecards.cards import Cards
from graph.scorecards.rates import Rate
from services.network_scores import network_cards
from services.scores.contract import (
    Answer,
    Field,
    Gathered,
    Inputs,
    Part,
    PartTold,
    beta_range,
    day_text,
    log_odds_parts,
)
from services.scores.world import World

__all__ = [
    "INPUTS",
    "gather_card",
    "rate_answer",
    "rate_inputs",
    "rate_model",
    "rate_parts",
    "rate_rank",
]

_MOST = 1e9
_SHARE = {"unit": "share", "minimum": 0.0, "maximum": 1.0, "better": "higher"}
_COUNT = {"unit": "observations", "minimum": 0.0, "maximum": _MOST}
_INSIDE = 1e-6  # a group's mean is never certain
INPUTS = (
    Field(
        name="group_share",
        description="Good share in its group, shrunk to that of all.",
        unit="share",
        minimum=_INSIDE,
        maximum=1 - _INSIDE,
        better="higher",
        required=True,
    ),
    Field(name="own_share", description="Good share of its own record; null without one.", **_SHARE),  # type: ignore[arg-type]
    Field(name="own_n", description="Observations in its own record, faded by age.", required=True, **_COUNT),  # type: ignore[arg-type]
    Field(name="third_party_share", description="Good share that third parties tell of; null if none.", **_SHARE),  # type: ignore[arg-type]
    Field(name="third_party_n", description="Observations these count for.", required=True, **_COUNT),  # type: ignore[arg-type]
)
_RELIABLE: WeakKeyDictionary[Cards, dict[str, npt.NDArray[np.float64]]] = WeakKeyDictionary()


def rate_parts(all_of_them: str, group: str, own: str) -> tuple[PartTold, ...]:
    """Return the parts of such a score, in the words of a kind."""
    return (
        PartTold(name="all", unit="share", description=f"Good share of {all_of_them}.", prior=True),
        PartTold(name="group", unit="share", description=f"What {group} change.", prior=True),
        PartTold(name="own", unit="share", description=f"What {own} change."),
        PartTold(name="third_party", unit="share", description="What third parties' ratings and inspections change."),
    )


def rate_model(cards: Cards, rate: Rate, *, bad: bool = False) -> dict[str, Any]:
    """Return what was learnt from everybody: the mean of all and how many observations a group's counts for.

    Parameters
    ----------
    bad
        Whether the rate counts what went wrong: scores count what went well.

    Raises
    ------
    NotReadyError
        If nothing is known of anybody.
    """
    if np.isnan(rate.overall):
        raise NotReadyError(
            f"no {rate.unit} are known by {cards.as_of.date().isoformat()}: load them with `evenflow load DIR`, "
            "or ask for a later day"
        )
    return {"overall": 1.0 - rate.overall if bad else rate.overall, "prior_n": rate.prior_n, "unit": rate.unit}


def rate_inputs(rate: Rate, at: int, group: float, *, bad: bool = False) -> dict[str, float | None]:
    """Return the inputs of a party: `at` is its place in the cards, -1 for a newcomer, whose group's mean is given."""
    if at < 0:
        mean = 1.0 - group if bad else group
        return {
            "group_share": mean,
            "own_share": None,
            "own_n": 0.0,
            "third_party_share": None,
            "third_party_n": 0.0,
        }
    found = {"group_share": 1.0 - float(rate.prior_mean[at]) if bad else float(rate.prior_mean[at])}
    inputs: dict[str, float | None] = dict(found)
    for name, of in (("own", rate.own), ("third_party", rate.third_party)):
        n = float(of.n[at])
        share = min(max(float(of.good[at]) / n, 0.0), 1.0) if n > 0 else None
        inputs[f"{name}_share"] = 1.0 - share if bad and share is not None else share
        inputs[f"{name}_n"] = n
    return inputs


def rate_answer(model: Mapping[str, Any], inputs: Inputs, words: tuple[str, str, str]) -> Answer:
    """Return the score of a rate.

    Parameters
    ----------
    words
        What is scored (``the next delivery arrives on time and in full``), what its own record is made of and who its
        group are.
    """
    what, record, peers = words
    good, n = model["prior_n"] * inputs["group_share"], model["prior_n"]
    steps = [("all", model["overall"], "share", model["overall"]), ("group", inputs["group_share"], "share", good / n)]
    for name in ("own", "third_party"):
        share = inputs[f"{name}_share"]
        if share is not None:
            good, n = good + share * inputs[f"{name}_n"], n + inputs[f"{name}_n"]
        steps.append((name, share, "share", good / n))
    value = good / n
    low, high = beta_range(value, n)
    evidence = inputs["own_n"] * (inputs["own_share"] is not None)
    told = inputs["third_party_n"] * (inputs["third_party_share"] is not None)
    reasons = [
        f"{value:.0%} probable that {what}, between {low:.0%} and {high:.0%} for what is known",
        f"{evidence:.1f} {record} of its own count after fading by age"
        if evidence
        else f"no {record} of its own known",
        f"{peers} come to {inputs['group_share']:.0%} and count for {model['prior_n']:.0f}",
    ]
    if told:
        reasons.append(f"third parties tell of {inputs['third_party_share']:.0%}, which counts for {told:.1f}")
    parts: tuple[Part, ...] = log_odds_parts(steps)
    return Answer(value=value, low=low, high=high, evidence_n=evidence + told, parts=parts, reasons=tuple(reasons))


def rate_rank(cards: Cards, rate: Rate, at: int, *, bad: bool = False) -> int | None:
    """Return a party's rank among all that have a card, by what can be relied on; None for a newcomer."""
    if at < 0:
        return None
    kept = _RELIABLE.setdefault(cards, {})
    if rate.name not in kept:
        low, high = rate.range()
        kept[rate.name] = 1.0 - high if bad else low
    reliable = kept[rate.name]
    return 1 + int((reliable > reliable[at]).sum())


def gather_card(
    world: World,
    subject: str,
    role: Literal["supplier", "buyer"],
    *,
    kind_and_region: bool,
    named: str | None = None,
    bad: bool = False,
) -> Gathered:
    """Return what a rate of a party's card says; one without a card has the mean of its group.

    Parameters
    ----------
    role
        ``supplier`` or ``buyer``: whose cards.
    kind_and_region
        Whether the group is those of its kind and region, or those of its categories.
    named
        The rate; the first of the card without it.
    bad
        Whether the rate counts what should not happen.
    """
    position = world.position(subject)
    cards = network_cards(world.snapshot, role, world.day)
    rate = next(rate for rate in cards.rates if named in (None, rate.name))
    at = int(cards.ids.get_indexer([subject])[0])
    group = rate.overall
    if at < 0:
        group = _group_mean(world.snapshot.network(), cards, rate, position, kind_and_region=kind_and_region)
    return Gathered(
        model=rate_model(cards, rate, bad=bad),
        inputs=rate_inputs(rate, at, group, bad=bad),
        as_of=day_text(cards.as_of),
        rank=rate_rank(cards, rate, at, bad=bad),
    )


def _group_mean(network: SupplyNetwork, cards: Cards, rate: Rate, position: int, *, kind_and_region: bool) -> float:
    """Return the mean of the group of a party that has no card: of those like it that have one, else of all.

    Parameters
    ----------
    kind_and_region
        Whether those of the same kind and region are like it; else those that trade one of its categories.
    """
    parties = network.parties
    known = parties.ids.positions(cards.frame.iloc[:, 0].astype("str"))
    known = known[known >= 0]
    if kind_and_region:
        alike = (parties.kind[known] == parties.kind[position]) & (parties.region[known] == parties.region[position])
    else:
        alike = np.zeros(len(known), dtype=bool)
        for category in parties.categories_of(position):
            alike |= parties.trades(parties.categories.position(category))[known]
    if not alike.any():
        return rate.overall
    at = cards.ids.get_indexer(parties.ids.texts_at(known[alike]))
    return float(rate.prior_mean[at].mean())
