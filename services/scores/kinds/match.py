"""What a piece is worth that a supplier fills of an order: the score that the router maximises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import InputError, UnknownIdError
from graph.arrays import Array
from graph.candidates.frame import candidate_numbers
from graph.candidates.kernel import REASONS
from graph.candidates.orders import OrderArrays
from graph.candidates.search import find
from matching.landed import DEFAULT_WEIGHTS, LandedParams, landed_numbers
from matching.score import PartWeight, ScoreWeights
from services.network_scores import network_cards
from services.network_supply import known_on
from services.order_scope import sight_of
from services.route_orders import Known
from services.route_terms import standing_numbers
from services.scores.contract import Answer, Field, Gathered, Inputs, Kind, Part, PartTold, day_text
from services.scores.world import World

__all__ = ["KIND"]

Floats = npt.NDArray[np.float64]
_LOOKED_AT = 200  # candidates of the order among which the supplier is looked for, and ranked
_MOST = 1e15
_OF_ORDER = ("pieces", "days_left", "weight_kg", "price_fen")
_OF_OFFER = ("unit_cost_fen", "freight_fen", "distance_km", "hops", "tie_strength", "lead_time_days", "terms_fen")
_READ = (*_OF_ORDER, *_OF_OFFER, "reliability")
_WEIGHTED = tuple(DEFAULT_WEIGHTS.parts)
_UNITS = {"cost_ratio": "share of the price", "lead_ratio": "share of the days left", "trust": "share"}


def _gather(world: World, subject: str, context: Mapping[str, Any]) -> Gathered:
    day = world.today
    known = known_on(world.snapshot, day)
    supplier = world.position(subject)
    days = np.inf if context["due_date"] is None else (pd.Timestamp(context["due_date"]) - day).days
    found, orders = _found(world, known, context, float(days))
    if not len(found):
        raise InputError("context.sku_id", "something that somebody offers", context["sku_id"])
    columns = _columns(known, orders, found, context, float(days))
    score = _scores(columns)
    own = np.flatnonzero(known.book.offers.rows["supplier"][found["offer"]] == supplier)
    if not len(own):
        raise InputError("subject", f"one of those who offer {context['sku_id']}", subject)
    best = int(own[np.argmax(np.nan_to_num(score[own], nan=-np.inf))])
    inputs = {name: _plain(columns[name][best]) for name in _READ if name != "reliability"}
    inputs |= _record(world, known, subject, day)
    reason = REASONS[int(found["reason"][best])]
    return Gathered(
        model=_model(known.standing.usual),
        inputs=inputs | {"refused": reason or None},
        as_of=day_text(day),
        rank=None if reason or np.isnan(score[best]) else 1 + int((score[found["reason"] == 0] > score[best]).sum()),
    )


def _found(world: World, known: Known, context: Mapping[str, Any], days: float) -> tuple[Array, OrderArrays]:
    """Return the candidates of the order, in the eyes of whoever asks."""
    network, book = known.book.network, known.book
    if book.skus.positions(pd.Series([context["sku_id"]], dtype="str"))[0] < 0:
        raise UnknownIdError("sku", context["sku_id"], where="context.sku_id")
    world.viewer.own_position(network, context["buyer_id"])
    place = context["ship_to"] or ""
    if place and world.viewer.tenant is not None and network.parties.ids.positions(pd.Series([place]))[0] >= 0:
        world.position(place)
    orders = OrderArrays.one(book, context["sku_id"], context["pieces"], context["buyer_id"], ship_to=place, days=days)
    return find(book, orders, top=_LOOKED_AT, sight=sight_of(world.viewer, network)), orders


def _columns(
    known: Known, orders: OrderArrays, found: Array, context: Mapping[str, Any], days: float
) -> dict[str, Floats]:
    """Return what each candidate's score is computed from, by name."""
    numbers = candidate_numbers(known.book, orders, found)
    suppliers = known.book.network.parties.ids.texts_at(known.book.offers.rows["supplier"][found["offer"]])
    buyers = np.full(len(suppliers), context["buyer_id"], dtype=object)
    stands = standing_numbers(buyers, suppliers, numbers["unit_cost_fen"], known.standing)
    product = known.products.loc[context["sku_id"]]
    order = {"pieces": context["pieces"], "days_left": days if np.isfinite(days) else np.nan}
    order |= {name: product[name] for name in ("weight_kg", "price_fen")}
    columns = {name: np.full(len(found), np.nan if pd.isna(cell) else float(cell)) for name, cell in order.items()}
    columns |= {name: np.asarray(numbers[name], dtype=np.float64) for name in _OF_OFFER if name in numbers}
    return columns | {name: np.asarray(stands[name], dtype=np.float64) for name in ("terms_fen", "reliability")}


def _scores(columns: Mapping[str, Floats], weights: ScoreWeights = DEFAULT_WEIGHTS) -> Floats:
    parts = landed_numbers(columns)
    total = np.full(len(columns["pieces"]), weights.base)
    for name, part in weights.parts.items():
        total += parts[name] * part.coefficient
    return total


def _record(world: World, known: Known, subject: str, day: pd.Timestamp) -> dict[str, float]:
    """Return the range of the supplier's reliability, and what it rests on."""
    cards = network_cards(world.snapshot, "supplier", day)
    rate, at = cards.rates[0], int(cards.ids.get_indexer([subject])[0])
    if at < 0 or np.isnan(rate.overall):
        return {"otif_low": known.standing.usual, "otif_high": known.standing.usual, "record_n": 0.0}
    one = rate.of(at)
    low, high = (float(end[0]) for end in one.range())
    return {"otif_low": low, "otif_high": max(high, low), "record_n": float(one.evidence_n[0])}


def _plain(value: np.generic) -> float | None:
    number = float(value)
    return number if np.isfinite(number) else None


def _model(usual: float) -> dict[str, Any]:
    weights = {name: asdict(part) for name, part in DEFAULT_WEIGHTS.parts.items()}
    return {"base": DEFAULT_WEIGHTS.base, "weights": weights, "landed": asdict(LandedParams()), "usual_otif": usual}


def _answer(model: Mapping[str, Any], inputs: Inputs) -> Answer:
    if inputs["unit_cost_fen"] is None:
        raise InputError("inputs.unit_cost_fen", "the cost of a piece, which nothing loaded tells", None)
    columns = {
        name: np.array([np.nan if inputs[name] is None else inputs[name]], dtype=np.float64)
        for name in _READ
        if name != "reliability"
    }
    reliability = inputs["otif_low"] - model["usual_otif"] if inputs["record_n"] else 0.0
    landed = landed_numbers(columns | {"reliability": np.array([reliability])}, LandedParams(**model["landed"]))
    weights = {name: PartWeight(**part) for name, part in model["weights"].items()}
    parts = [Part(name="base", value=None, unit="score", contribution=model["base"])]
    for name in _WEIGHTED:
        value, weight = float(landed[name][0]), weights[name]
        parts.append(
            Part(name=name, value=value, unit=_UNITS.get(name, "share"), contribution=value * weight.coefficient)
        )
    value = sum(part.contribution for part in parts)
    better = max(inputs["otif_high"] - inputs["otif_low"], 0.0) * weights["reliability"].weight
    return Answer(
        value=value,
        low=value,
        high=value + better,
        evidence_n=inputs["record_n"] + inputs["tie_strength"],
        parts=tuple(parts),
        reasons=tuple(_reasons(inputs, landed)),
    )


def _reasons(inputs: Inputs, landed: Mapping[str, Floats]) -> list[str]:
    cost = {name: float(landed[f"{name}_fen"][0]) for name in ("goods", "operating", "channel", "terms")}
    told = ", ".join(f"{name} {fen:.0f}" for name, fen in cost.items() if fen)
    reasons = [f"a piece costs {sum(cost.values()):.0f} fen where it is wanted: {told}"]
    if inputs["lead_time_days"] is not None:
        left = "" if inputs["days_left"] is None else f" of {inputs['days_left']:.0f} days left"
        reasons.append(f"there in {inputs['lead_time_days']:.0f} days{left}")
    reasons.append("a stranger" if not inputs["tie_strength"] else f"a tie of strength {inputs['tie_strength']:.1f}")
    reasons.append(
        f"on time and in full at least {inputs['otif_low']:.0%} of the time (9 in 10 chance)"
        if inputs["record_n"]
        else "no deliveries known: taken as usual"
    )
    if inputs["refused"]:
        reasons.append(f"can't be chosen: {inputs['refused']}")
    return reasons


def _number(name: str, unit: str, description: str, **more: Any) -> Field:
    return Field(name=name, unit=unit, description=description, **{"minimum": 0.0, "maximum": _MOST, **more})


def _text(name: str, description: str, *, required: bool = False, of_party: bool = False) -> Field:
    return Field(name=name, kind="text", description=description, required=required, of_party=of_party)


_PIECES = Field(
    name="pieces", kind="whole", unit="pieces", description="Pieces.", minimum=1, maximum=1e9, required=True
)

KIND = Kind(
    name="match",
    judges="What a piece is worth that a supplier fills of an order: the score that the router maximises.",
    subject="party that supplies",
    context=(
        _text("sku_id", "What is ordered.", required=True),
        _PIECES,
        _text("buyer_id", "Who orders: one of your own parties.", required=True, of_party=True),
        _text("ship_to", "Party or region the goods go to; the buyer's place without it.", of_party=True),
        Field(name="due_date", kind="date", description="Day by which the goods must be there."),
    ),
    unit="score per piece",
    scale="score",
    parts=(
        PartTold(name="base", unit="score", description="What any served piece is worth.", prior=True),
        PartTold(name="cost_ratio", unit="share of the price", description="Landed cost: lower is better.", prior=True),
        PartTold(name="lead_ratio", unit="share of the days left", description="Days needed.", prior=True),
        PartTold(name="trust", unit="share", description="The tie on the path between the two."),
        PartTold(name="reliability", unit="share", description="On time in full, beside the usual supplier."),
    ),
    inputs=(
        _PIECES,
        _number("days_left", "days", "Days until the due date; null without one.", minimum=-1e6),
        _number("weight_kg", "kg", "Weight of a piece; null unknown."),
        _number("price_fen", "fen", "Usual price of a piece to the shopper; null unknown."),
        _number("unit_cost_fen", "fen", "Cost of a piece; null if unknown: then there is no score."),
        _number("freight_fen", "fen", "What a carrier asks for the order; null without one.", better="lower"),
        _number("distance_km", "km", "From where the goods leave to where they go; null unknown."),
        _number("hops", "parties", "0 a stranger, 1 direct, 2 through a middleman.", maximum=2.0, required=True),
        _number(
            "tie_strength",
            "strength",
            "Weakest tie on the path; 0 for strangers.",
            maximum=1e9,
            required=True,
            better="higher",
        ),
        _number("lead_time_days", "days", "Days until delivery; null unknown.", better="lower"),
        _number("terms_fen", "fen", "What waiting for the money of a piece costs.", required=True, better="lower"),
        _number(
            "otif_low",
            "share",
            "On time in full at least (10 % quantile).",
            maximum=1.0,
            required=True,
            better="higher",
        ),
        _number("otif_high", "share", "At most (90 % quantile).", maximum=1.0, required=True, better="higher"),
        _number("record_n", "deliveries", "Deliveries and third parties' word behind it.", maximum=1e9, required=True),
        Field(name="refused", kind="text", description="Why it can't be chosen; null if it can.", choices=REASONS[1:]),
    ),
    evidence="The supplier's deliveries and third parties' word, and the strength of the tie.",
    outcome="What the piece proved to be worth, in score; the range begins at the value, which is cautious already.",
    needed_to_trade=True,
    gather=_gather,
    answer=_answer,
)
