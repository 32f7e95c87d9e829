"""How probable it is that a buyer pays its next invoice by the due day, and what room its terms leave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from services.credit_positions import pair_credit
from services.scores.contract import Answer, Field, Gathered, Inputs, Kind
from services.scores.smoothed import INPUTS, gather_card, rate_answer, rate_parts
from services.scores.world import World

__all__ = ["KIND"]

_RATE = "late_share"
_MOST_FEN = 2.0**53
_WORDS = ("the next invoice is paid by its due day", "invoices", "buyers of its kind and region")
_POSITION = ("limit_fen", "exposure_fen", "available_fen")


def _fen(name: str, description: str) -> Field:
    return Field(name=name, description=description, kind="whole", unit="fen", minimum=0, maximum=_MOST_FEN)


_AMOUNT = _fen("amount_fen", "What the buyer would owe in addition.")


def _gather(world: World, subject: str, context: Mapping[str, Any]) -> Gathered:
    found = gather_card(world, subject, "buyer", kind_and_region=True, named=_RATE, bad=True)
    inputs: dict[str, Any] = dict.fromkeys(_POSITION) | {"amount_fen": context["amount_fen"]}
    if context["supplier_id"] is not None:
        inputs |= _position(world, subject, context["supplier_id"], pd.Timestamp(found.as_of))
    return replace(found, inputs=inputs | dict(found.inputs))


def _position(world: World, buyer: str, supplier: str, day: pd.Timestamp) -> dict[str, int]:
    """Return what the pair's terms allow and what is taken of it; nothing if they have none."""
    rows = pair_credit(world.snapshot, buyer, supplier, world.viewer, as_of=day)["position"]
    return {name: int(rows[name].iloc[0]) for name in _POSITION if len(rows) and pd.notna(rows[name].iloc[0])}


def _answer(model: Mapping[str, Any], inputs: Inputs) -> Answer:
    told = rate_answer(model, inputs, _WORDS)
    return replace(told, reasons=(*told.reasons, *_room(inputs)))


def _room(inputs: Inputs) -> list[str]:
    limit, taken, left, asked = (inputs[name] for name in (*_POSITION, "amount_fen"))
    if left is None:
        return [] if taken is None else [f"owes {taken} fen and has no credit limit"]
    reasons = [f"has {left} of {limit} fen of its credit left"]
    if asked is not None:
        fits = "fit" if asked <= left else f"do not fit: {asked - left} fen too much"
        reasons.append(f"{asked} fen more {fits}")
    return reasons


KIND = Kind(
    name="credit",
    judges="How probable it is that a buyer pays its next invoice by the due day.",
    subject="party that buys",
    context=(
        Field(
            name="supplier_id",
            kind="text",
            description="Supplier whose terms with the buyer are told, too.",
            of_party=True,
        ),
        _AMOUNT,
    ),
    parts=rate_parts("all buyers' invoices", "those of its kind and region", "its own invoices"),
    inputs=(
        *INPUTS,
        _fen("limit_fen", "Credit limit of the pair; null without terms."),
        _fen("exposure_fen", "What the buyer owes, waits for and has reserved there."),
        _fen("available_fen", "What is left of the limit."),
        _AMOUNT,
    ),
    evidence="Its own invoices that are due and what third parties say of its payment, faded by age.",
    outcome="1 if the invoice was paid by its due day, else 0; or the share of several.",
    needed_to_trade=True,
    gather=_gather,
    answer=_answer,
)
