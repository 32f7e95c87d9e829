"""How many pieces a promotion by a small seller brings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.scores.contract import Answer, Gathered, Inputs, Kind
from services.scores.promotions import INPUTS, PARTS, amount_answer, gather_promotion
from services.scores.world import World

__all__ = ["KIND"]


def _gather(world: World, subject: str, context: Mapping[str, Any]) -> Gathered:
    del context
    return gather_promotion(world, subject, None)[0]


def _answer(model: Mapping[str, Any], inputs: Inputs) -> Answer:
    return amount_answer(model, inputs)


KIND = Kind(
    name="kol",
    judges="How many pieces, net of returns, a KOL's or other small seller's next promotion of a usual style brings.",
    subject="party that promotes: KOL, guide, group leader, community",
    unit="pieces",
    scale="score",
    parts=PARTS,
    inputs=INPUTS,
    evidence="Pieces that were expected of its own promotions so far.",
    outcome="Pieces sold through a promotion, less those that came back.",
    gather=_gather,
    answer=_answer,
)
