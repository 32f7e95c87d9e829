"""How probable it is that a new style becomes a hit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from contracts.errors import NotReadyError
from services.scores.contract import Answer, Field, Gathered, Inputs, Kind, PartTold, beta_range, log_odds_parts
from services.scores.world import World

if TYPE_CHECKING:
    from services.launch_estimates import LaunchDesk

__all__ = ["KIND"]


def _gather(world: World, subject: str, context: Mapping[str, Any]) -> Gathered:
    from forecast.launch.model import LaunchParams

    desk = world.launches()
    at = pd.Timestamp.now(tz="UTC") if world.as_of is None else world.as_of.tz_convert("UTC")
    finished = desk.finished(subject, by=at, where="subject")
    inputs: dict[str, Any] = {"finished_styles": finished, "p_before": None, "p_now": None}
    inputs |= {"checkpoint": None, "estimate_id": None, "known_n": 0.0}
    if finished:
        now = desk.estimate(subject, as_of=at, checkpoint=context["checkpoint"], keep=world.keep)
        before = now["p_hit"] if now["checkpoint"] == "0h" else _before_launch(desk, subject, at, keep=world.keep)
        inputs |= {"p_before": before, "p_now": now["p_hit"], "known_n": float(sum(now["known"].values()))}
        inputs |= {"checkpoint": now["checkpoint"], "estimate_id": now["estimate_id"] if world.keep else None}
    return Gathered(model={"base_rate": 1.0 - LaunchParams().hit_level}, inputs=inputs, as_of=at.isoformat())


def _before_launch(desk: LaunchDesk, style_id: str, at: pd.Timestamp, *, keep: bool) -> float | None:
    """Return the chance as of the launch; None if no style was finished by then."""
    try:
        chance: float | None = desk.estimate(style_id, as_of=at, checkpoint="0h", keep=keep)["p_hit"]
    except NotReadyError:
        return None
    return chance


def _answer(model: Mapping[str, Any], inputs: Inputs) -> Answer:
    base, finished = model["base_rate"], inputs["finished_styles"]
    before, now = inputs["p_before"], inputs["p_now"]
    evidence = 0 if now is None else finished
    told = [base if p is None or not evidence else _possible(p, finished) for p in (before, now)]
    value = told[1]
    low, high = beta_range(value, evidence + 1.0)
    reasons = [
        f"{value:.0%} probable that it outsells nine tenths of its category, between {low:.0%} and {high:.0%}",
        f"learnt from {finished} finished styles" if evidence else "no finished style to learn from: one in ten",
    ]
    if evidence:
        reasons.append(f"at {inputs['checkpoint'] or 'this moment'} people had done {inputs['known_n']:.0f} things")
    if inputs["estimate_id"] is not None:
        reasons.append(f"from estimate {inputs['estimate_id']}, which can be replayed")
    steps = [
        ("base", base, "share", base),
        ("before_launch", before, "probability", told[0]),
        ("since_launch", now, "probability", value),
    ]
    return Answer(
        value=value,
        low=low,
        high=high,
        evidence_n=float(evidence),
        parts=log_odds_parts(steps),
        reasons=tuple(reasons),
    )


def _possible(probability: float, finished: int) -> float:
    """Return a probability that so many finished styles can tell from 0 and from 1."""
    least = 0.5 / (finished + 1.0)
    return min(max(probability, least), 1.0 - least)


def _probability(name: str, description: str) -> Field:
    return Field(name=name, description=description, unit="probability", minimum=0.0, maximum=1.0, better="higher")


KIND = Kind(
    name="hit",
    judges="How probable it is that a new style becomes a hit: outsells nine tenths of its category's styles.",
    subject="style of the loaded network",
    context=(
        Field(name="checkpoint", kind="text", description="Time after the launch, like `24h`; the moment without it."),
    ),
    parts=(
        PartTold(name="base", unit="share", description="One style in ten is a hit.", prior=True),
        PartTold(name="before_launch", unit="probability", description="What attributes and teasers change."),
        PartTold(name="since_launch", unit="probability", description="What came since the launch changes."),
    ),
    inputs=(
        Field(
            name="finished_styles",
            description="Styles whose total is known, which the estimate is learnt from.",
            kind="whole",
            unit="styles",
            minimum=0,
            maximum=1e9,
            required=True,
        ),
        _probability("p_before", "Estimated chance as of the launch; null without finished styles."),
        _probability("p_now", "Estimated chance now."),
        Field(
            name="known_n",
            description="What people did so far.",
            unit="events",
            minimum=0.0,
            maximum=1e15,
            required=True,
        ),
        Field(name="checkpoint", kind="text", description="Time after the launch.", fixed=True),
        Field(name="estimate_id", kind="text", description="The launch estimate behind it.", fixed=True),
    ),
    evidence="Finished styles that the estimate is learnt from.",
    outcome="1 if its total came to more than nine tenths of its category's, else 0.",
    of_party=False,
    gather=_gather,
    answer=_answer,
)
