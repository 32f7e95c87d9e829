"""How probable it is that the next judgement of a party is trust: everybody's, or that of one who asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from graph.trust.scores import pair_trust
from services.scores.contract import (
    Answer,
    Field,
    Gathered,
    Inputs,
    Kind,
    PartTold,
    beta_range,
    day_text,
    log_odds_parts,
)
from services.scores.world import World
from services.trust_book import TrustBook, loaded_book

__all__ = ["KIND"]

_INSIDE = 1e-6
_SIDES = ("judged", "friends", "own")  # everybody's judgements, those of the asker's friends, its own


def _gather(world: World, subject: str, context: Mapping[str, Any]) -> Gathered:
    network, asker = world.snapshot.network(), context["from"]
    at = world.position(subject)
    src = None if asker is None else world.viewer.own_position(network, asker)
    book = loaded_book(world.snapshot, as_of=world.day)
    standing = book.standing
    inputs = {"default": float(standing.default[at]), **_share("judged", standing.trusted[at], standing.judged[at])}
    inputs |= _of_asker(book, src, at)
    return Gathered(
        model={"mean": standing.mean, "prior_n": book.params.prior},
        inputs=inputs,
        as_of=_day(world),
        rank=1 + int((book.trust > book.trust[at]).sum()) if asker is None else None,
    )


def _of_asker(book: TrustBook, src: int | None, at: int) -> dict[str, float | None]:
    """Return what the asker itself and those whom it trusts say; nothing if everybody asks."""
    if src is None:
        return _share("friends", 0.0, 0.0) | _share("own", 0.0, 0.0)
    view = pair_trust(book.judgements, book.trust, np.array([src]), np.array([at]), params=book.params)
    own = float(view.own_n[0])
    return _share("friends", view.friends_good[0], view.friends[0]) | _share("own", own * (view.own[0] > 0), own)


def _share(name: str, good: float, n: float) -> dict[str, float | None]:
    share = min(max(float(good / n), 0.0), 1.0) if n > 0 else None
    return {f"{name}_share": share, f"{name}_n": float(n)}


def _day(world: World) -> str:
    rows = world.snapshot.table("judgements")
    last = rows["at"].max() if "at" in rows else None
    known = world.today if last is None or pd.isna(last) else pd.Timestamp(last)
    return day_text(known if world.day is None else world.day)


def _answer(model: Mapping[str, Any], inputs: Inputs) -> Answer:
    prior_n = model["prior_n"]
    steps = [("mean", model["mean"], "share", model["mean"])]
    steps.append(("vouching", inputs["default"], "share", inputs["default"]))
    everybody, n = _with("judged", inputs, prior_n * inputs["default"], prior_n)
    steps.append(("judged", inputs["judged_share"], "share", everybody / n))
    asked = any(inputs[f"{name}_share"] is not None for name in _SIDES[1:])
    good, n = (prior_n * everybody / n, prior_n) if asked else (everybody, n)
    for name in _SIDES[1:]:
        good, n = _with(name, inputs, good, n)
        steps.append((name, inputs[f"{name}_share"], "share", good / n))
    value = good / n
    low, high = beta_range(value, n)
    evidence = sum(inputs[f"{name}_n"] for name in _SIDES if inputs[f"{name}_share"] is not None)
    return Answer(
        value=value,
        low=low,
        high=high,
        evidence_n=evidence,
        parts=log_odds_parts(steps),
        reasons=tuple(_reasons(model, inputs, value, low, high)),
    )


def _with(name: str, inputs: Inputs, good: float, n: float) -> tuple[float, float]:
    share, more = inputs[f"{name}_share"], inputs[f"{name}_n"]
    return (good, n) if share is None else (good + share * more, n + more)


def _reasons(model: Mapping[str, Any], inputs: Inputs, value: float, low: float, high: float) -> list[str]:
    reasons = [f"{value:.0%} probable that the next judgement is trust, between {low:.0%} and {high:.0%}"]
    if inputs["default"] > model["mean"]:
        reasons.append("somebody who is trusted vouches for it")
    who = {"judged": "everybody's judgements", "friends": "the judgements of those it trusts", "own": "own judgement"}
    for name in _SIDES:
        share = inputs[f"{name}_share"]
        if share is not None:
            reasons.append(f"{who[name]}: {share:.0%} trust, counting for {inputs[f'{name}_n']:.1f}")
    return reasons if len(reasons) > 1 else [*reasons, "nobody has judged it yet"]


def _fields(name: str, whose: str) -> tuple[Field, Field]:
    share = f"Share of trust in {whose}; null without any."
    return (
        Field(name=f"{name}_share", description=share, unit="share", minimum=0.0, maximum=1.0, better="higher"),
        Field(
            name=f"{name}_n",
            description=f"What {whose} count for.",
            unit="judgements",
            minimum=0.0,
            maximum=1e6,
            required=True,
        ),
    )


KIND = Kind(
    name="trust",
    judges="How probable it is that the next judgement of a party is trust: everybody's, or that of one who asks.",
    subject="party",
    context=(
        Field(
            name="from",
            kind="text",
            description="Party that asks: its own view; everybody's without it.",
            of_party=True,
        ),
    ),
    parts=(
        PartTold(name="mean", unit="share", description="Share of trust in all judgements.", prior=True),
        PartTold(name="vouching", unit="share", description="What those who vouch for it change.", prior=True),
        PartTold(name="judged", unit="share", description="What everybody's judgements of it change."),
        PartTold(name="friends", unit="share", description="What those whom the asker trusts change."),
        PartTold(name="own", unit="share", description="What the asker's own judgement changes."),
    ),
    inputs=(
        Field(
            name="default",
            description="What is expected of it without any judgement.",
            unit="share",
            minimum=_INSIDE,
            maximum=1 - _INSIDE,
            better="higher",
            required=True,
        ),
        *_fields("judged", "everybody's judgements of it, each as its giver is trusted,"),
        *_fields("friends", "the judgements of those whom the asker trusts"),
        *_fields("own", "the asker's own judgement"),
    ),
    evidence="Judgements of it, each counted as its giver is trusted, faded by age.",
    outcome="1 if the next judgement was trust, 0 if it was distrust; or the share of several.",
    gather=_gather,
    answer=_answer,
)
