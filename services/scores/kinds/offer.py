"""How many pieces offering a style to a small seller brings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from contracts.errors import UnknownIdError
from services.scores.contract import Answer, Field, Gathered, Inputs, Kind, PartTold
from services.scores.promotions import INPUTS, PARTS, amount_answer, gather_promotion
from services.scores.world import World

__all__ = ["KIND"]


def _gather(world: World, subject: str, context: Mapping[str, Any]) -> Gathered:
    products = world.snapshot.table("products")
    rows = products[products["style_id"] == context["style_id"]] if "style_id" in products else products.head(0)
    rows = rows.dropna(subset=[name for name in ("category", "price_fen") if name in rows])
    if rows.empty or not {"category", "price_fen"} <= set(rows.columns):
        raise UnknownIdError("style", context["style_id"], where="context.style_id")
    style = {name: rows[name].iloc[0] for name in ("style_id", "category", "price_fen")}
    found, model, row, styles = gather_promotion(world, subject, style)
    alike, own = (
        model.expect(np.array([row]), styles, np.array([0]), record=record).accepts[0] for record in (False, True)
    )
    known = found.inputs["own_pieces"] is not None
    inputs = dict(found.inputs) | {"alike_accepts": float(alike), "own_accepts": float(own) if known else None}
    return replace(found, inputs=inputs)


def _answer(model: Mapping[str, Any], inputs: Inputs) -> Answer:
    alike, own = inputs["alike_accepts"], inputs["own_accepts"]
    answer = amount_answer(model, inputs, (alike, own))
    return replace(answer, reasons=(*answer.reasons, f"sellers like it accept with {alike:.0%} probability"))


def _probability(name: str, description: str, *, required: bool) -> Field:
    return Field(
        name=name, description=description, unit="probability", minimum=0.001, maximum=1.0, required=required,
        better="higher",
    )  # fmt: skip


KIND = Kind(
    name="offer",
    judges="How many pieces, net of returns, offering a style to a small seller brings: accepted or not.",
    subject="party that promotes: KOL, guide, group leader, community",
    context=(Field(name="style_id", kind="text", description="The style, as products name it.", required=True),),
    unit="pieces",
    scale="score",
    parts=(
        *PARTS[:3],
        PartTold(name="acceptance", unit="probability", description="Whether sellers like it accept.", prior=True),
        PARTS[3],
        PartTold(name="own_acceptance", unit="probability", description="How it answered itself."),
    ),
    inputs=(
        *INPUTS,
        _probability("alike_accepts", "How often sellers like it accept such an offer.", required=True),
        _probability("own_accepts", "How often it would, its own answers counted; null without any.", required=False),
    ),
    evidence="Pieces that were expected of its own promotions so far.",
    outcome="Pieces sold through the offer, less those that came back; 0 if it was refused.",
    gather=_gather,
    answer=_answer,
)
