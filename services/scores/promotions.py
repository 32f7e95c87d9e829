"""What scores of KOLs and of offers have in common: the model learned from promotions, inputs, parts, reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
from scipy.special import gammaincinv

from contracts.errors import NotReadyError
from forecast.offers.features import Styles
from forecast.offers.model import EXPOSURE_DAYS, OfferModel, fit_offers
from services.scores.contract import Answer, Field, Gathered, Inputs, Part, PartTold, day_text
from services.scores.world import World
from store.snapshot import Snapshot

__all__ = ["ANYBODY", "INPUTS", "PARTS", "amount_answer", "gather_promotion"]

ANYBODY = ""  # the row of the model that stands for a party of whom nothing is known
_MOST_DAYS = 2
_Fit = tuple[OfferModel, pd.DataFrame]
_FITS: WeakKeyDictionary[Snapshot, dict[pd.Timestamp, _Fit]] = WeakKeyDictionary()
_LARGE = 1e5

PARTS = (
    PartTold(name="look_alikes", unit="pieces", description="What sellers like it bring.", prior=True),
    PartTold(name="fatigue", unit="promotions", description="What promotions of late take away.", prior=True),
    PartTold(name="returns", unit="share", description="What comes back.", prior=True),
    PartTold(name="own_record", unit="pieces", description="What its own promotions change."),
)


def _amount(name: str, description: str, *, maximum: float, better: str = "", required: bool = False) -> Field:
    return Field(
        name=name, description=description, minimum=0.0, maximum=maximum, required=required,
        better="higher" if better == "higher" else "lower" if better == "lower" else "",
    )  # fmt: skip


INPUTS = (
    _amount("alike_pieces", "Pieces that sellers like it would sell.", maximum=_LARGE, better="higher", required=True),
    _amount("own_pieces", "Pieces expected with its own record; null without one.", maximum=_LARGE, better="higher"),
    _amount("own_n", "Pieces expected of its own promotions so far.", maximum=1e9, required=True),
    _amount("exposures", "Promotions in the fortnight before.", maximum=1e3, better="lower", required=True),
    _amount("returned_share", "Share of the pieces that comes back.", maximum=1.0, better="lower", required=True),
    _amount("steadiness", "How alike its promotions turn out, 1 all the same; null below three.", maximum=1.0),
    _amount("top_brand_share", "Share of its income that comes from one brand; null without income.", maximum=1.0),
    _amount("fee_fen", "What it wants to earn per promotion at least; null if it does not say.", maximum=2.0**53),
)


def gather_promotion(
    world: World, subject: str, style: Mapping[str, Any] | None
) -> tuple[Gathered, OfferModel, int, Styles]:
    """Return the inputs that a seller and a style have in common with a seller alone.

    Parameters
    ----------
    style
        ``style_id, category, price_fen`` and perhaps more columns of `forecast.offers.tables.STYLES`; None asks for a
        usual style: the category it promoted most, at the usual price.

    Raises
    ------
    UnknownIdError
        If there is no such party, or the viewer may not know of it.
    NotReadyError
        If the network has no promotions.
    """
    world.position(subject)
    day = world.today if world.day is None else world.day
    model, history = _fitted(world.snapshot, day)
    mine = history[history["seller_id"] == subject]
    at = int(model.sellers.ids.get_indexer([subject])[0])
    row = model.sellers.ids.get_loc(ANYBODY) if at < 0 else at
    usual = mine if len(mine) else history
    asked = style or {
        "style_id": "", "category": usual["category"].mode()[0], "price_fen": float(usual["price_fen"].median())
    }  # fmt: skip
    styles = Styles.of(pd.DataFrame([asked]), model.categories)
    seller, one = np.array([row]), np.array([0])
    alike, own = (model.expect(seller, styles, one, record=record) for record in (False, True))
    known = at >= 0 and float(own.evidence[0]) > 0
    accepted = mine[mine["accepted"]]
    since = accepted["shown_on"] >= day - pd.Timedelta(days=EXPOSURE_DAYS)
    inputs = {
        "alike_pieces": min(float(alike.pieces[0]), _LARGE),
        "own_pieces": min(float(own.pieces[0]), _LARGE) if known else None,
        "own_n": float(own.evidence[0]) if known else 0.0,
        "exposures": float(since.sum()),
        "returned_share": float(1 - own.net[0] / own.pieces[0]) if own.pieces[0] > 0 else 0.0,
        "steadiness": _steadiness(accepted["pieces"].to_numpy(np.float64)),
        "top_brand_share": _top_share(mine),
        "fee_fen": _fee(world.snapshot.table("sellers"), subject),
    }
    learned = {"fatigue": model.fatigue, "prior_n": model.sales.groups[1].prior_n}
    return Gathered(model=learned, inputs=inputs, as_of=day_text(day)), model, row, styles


def amount_answer(
    model: Mapping[str, Any], inputs: Inputs, accepts: tuple[float, float | None] | None = None
) -> Answer:
    """Return the score in pieces.

    Parameters
    ----------
    accepts
        How often its look-alikes accept, and how often it does (None: no own record); None if it is asked already.
    """
    known = inputs["own_pieces"] is not None and inputs["own_n"] > 0
    alike, own = inputs["alike_pieces"], inputs["own_pieces"] if known else inputs["alike_pieces"]
    tired = (1.0 - model["fatigue"]) ** inputs["exposures"]
    kept = tired * (1.0 - inputs["returned_share"])
    steps = [
        ("look_alikes", alike, "pieces", alike),
        ("fatigue", inputs["exposures"], "promotions", alike * tired),
        ("returns", inputs["returned_share"], "share", alike * kept),
    ]
    usual = 1.0
    if accepts is not None:
        usual = accepts[0]
        steps.append(("acceptance", usual, "probability", alike * kept * usual))
    value = own * kept * usual
    steps.append(("own_record", inputs["own_pieces"], "pieces", value))
    if accepts is not None:
        value = own * kept * (accepts[1] if known and accepts[1] is not None else usual)
        steps.append(("own_acceptance", accepts[1], "probability", value))
    shape = min(model["prior_n"] + (inputs["own_n"] if known else 0.0), 1e8)
    low, high = (value * float(gammaincinv(shape, q)) / shape for q in (0.1, 0.9))
    return Answer(
        value=value, low=min(low, value), high=max(high, value), evidence_n=float(inputs["own_n"]) if known else 0.0,
        parts=_parts(steps), reasons=_reasons(inputs, value),
    )  # fmt: skip


def _parts(steps: list[tuple[str, float | None, str, float]]) -> tuple[Part, ...]:
    """Return parts that each add what its step moved."""
    before = [0.0, *(reached for *_, reached in steps)]
    return tuple(
        Part(name=name, value=told, unit=unit, contribution=reached - earlier)
        for (name, told, unit, reached), earlier in zip(steps, before, strict=False)
    )


def _reasons(inputs: Inputs, value: float) -> tuple[str, ...]:
    told = [f"{value:.1f} net pieces expected; sellers like it would sell {inputs['alike_pieces']:.1f}"]
    if inputs["own_pieces"] is None or not inputs["own_n"]:
        told.append("no promotion of its own known")
    else:
        told.append(f"its own record, on {inputs['own_n']:.0f} expected pieces, says {inputs['own_pieces']:.1f}")
    if inputs["exposures"]:
        told.append(f"{inputs['exposures']:.0f} promotions in the fortnight before tire its audience")
    if inputs["steadiness"] is not None:
        told.append(f"steadiness {inputs['steadiness']:.0%}")
    if inputs["top_brand_share"] is not None:
        told.append(f"{inputs['top_brand_share']:.0%} of its income comes from one brand")
    if inputs["fee_fen"]:
        told.append(f"wants to earn {inputs['fee_fen'] / 100:.0f} yuan a promotion at least")
    return tuple(told)


def _fitted(snapshot: Snapshot, day: pd.Timestamp) -> _Fit:
    kept = _FITS.setdefault(snapshot, {})
    if day not in kept:
        history = snapshot.table("promotions")
        history = history[history["shown_on"] < day].reset_index(drop=True)
        sellers = snapshot.table("sellers")
        if history.empty or sellers.empty or not history["accepted"].any():
            raise NotReadyError(
                f"no promotions are known by {day_text(day)}: load the tables sellers and promotions "
                "with `evenflow load DIR`, or ask for a later day"
            )
        anybody = pd.DataFrame({"seller_id": [ANYBODY], "audience": [int(sellers["audience"].median())]})
        kept[day] = fit_offers(pd.concat([sellers, anybody], ignore_index=True), history), history
        for oldest in list(kept)[:-_MOST_DAYS]:
            kept.pop(oldest, None)
    return kept[day]


def _steadiness(pieces: np.ndarray) -> float | None:
    """Return 1 / (1 + squared coefficient of variation) of what promotions brought, single pieces' luck left out."""
    if len(pieces) < 3 or pieces.mean() <= 0:
        return None
    excess = max(float(pieces.var(ddof=1) - pieces.mean()), 0.0)
    return 1.0 / (1.0 + excess / float(pieces.mean()) ** 2)


def _top_share(mine: pd.DataFrame) -> float | None:
    if "income_fen" not in mine or "brand_id" not in mine or not mine["income_fen"].sum() > 0:
        return None
    by_brand = mine.groupby("brand_id")["income_fen"].sum()
    return float(by_brand.max() / mine["income_fen"].sum()) if len(by_brand) else None


def _fee(sellers: pd.DataFrame, subject: str) -> float | None:
    row = sellers[sellers["seller_id"] == subject]
    if row.empty or "fee_fen" not in row or row["fee_fen"].isna().all():
        return None
    return float(row["fee_fen"].iloc[0])
