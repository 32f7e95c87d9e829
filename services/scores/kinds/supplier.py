"""How probable it is that a supplier's next delivery arrives on time and in full."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.scores.contract import Answer, Gathered, Inputs, Kind
from services.scores.smoothed import INPUTS, gather_card, rate_answer, rate_parts
from services.scores.world import World

__all__ = ["KIND"]

_WORDS = ("the next delivery arrives on time and in full", "deliveries", "suppliers of its categories")


def _gather(world: World, subject: str, context: Mapping[str, Any]) -> Gathered:
    del context
    return gather_card(world, subject, "supplier", kind_and_region=False)


def _answer(model: Mapping[str, Any], inputs: Inputs) -> Answer:
    return rate_answer(model, inputs, _WORDS)


KIND = Kind(
    name="supplier",
    judges="How probable it is that a supplier's next delivery arrives on time and in full.",
    subject="party that supplies",
    parts=rate_parts("all suppliers' deliveries", "those of its categories", "its own deliveries"),
    inputs=INPUTS,
    evidence="Its own deliveries and what third parties say, faded by age.",
    outcome="1 if the delivery arrived on time and in full, else 0; or the share of several.",
    gather=_gather,
    answer=_answer,
)
