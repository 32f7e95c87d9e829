"""What share of the people of an area are active customers: its penetration, smoothed by that of all areas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import NotReadyError, UnknownIdError
from graph.density.penetration import penetration_prior
from services.density import BY
from services.network_density import loaded_density
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

__all__ = ["KIND"]

_PEOPLE = ("households", "population", "potential")
_ACTIVE = ("customers", "orders")
_MOST = 1e12
_SMALL = 0.01  # people too few to be counted as any


def _gather(world: World, subject: str, context: Mapping[str, Any]) -> Gathered:
    areas = loaded_density(world.snapshot, world.viewer, by=context["by"] or BY[0], as_of=world.day).areas
    at = np.flatnonzero((areas["area"] == subject).to_numpy())
    if not len(at):
        raise UnknownIdError("area", subject, where="subject")
    people, active = (next((name for name in names if name in areas), None) for names in (_PEOPLE, _ACTIVE))
    if people is None or active is None:
        raise NotReadyError("the loaded network does not say who lives where: load areas.csv with `evenflow load DIR`")
    base = np.nan_to_num(areas[people].to_numpy(np.float64))
    bought = np.minimum(areas[active].to_numpy(np.float64), base)
    known = np.isfinite(bought) & (base >= _SMALL)
    mean, n = penetration_prior(bought[known], base[known])
    smoothed = np.where(known, (np.nan_to_num(bought) + n * mean) / (base + n), np.nan)
    row = int(at[0])
    return Gathered(
        model={"mean": mean, "prior_n": n, "people": people, "active": active},
        inputs={
            "people": float(base[row]),
            "active_share": float(bought[row] / base[row]) if known[row] else None,
            "expected_sales": _number(areas, "expected_sales", row),
        },
        as_of=day_text(world.today),
        rank=1 + int((smoothed > smoothed[row]).sum()) if known[row] else None,
    )


def _number(areas: pd.DataFrame, name: str, row: int) -> float | None:
    value = areas[name].iloc[row] if name in areas else None
    return None if value is None or pd.isna(value) else float(value)


def _answer(model: Mapping[str, Any], inputs: Inputs) -> Answer:
    mean, prior_n, share = model["mean"], model["prior_n"], inputs["active_share"]
    evidence = 0.0 if share is None else inputs["people"]
    n = evidence + prior_n
    value = ((share or 0.0) * evidence + prior_n * mean) / n
    low, high = beta_range(value, n)
    reasons = [
        f"{value:.1%} of its {model['people']} are likely to be {model['active']}, between {low:.1%} and {high:.1%}",
        f"all areas come to {mean:.1%}, which counts for {prior_n:.0f}",
    ]
    reasons.append(
        "nothing is known of it, or too few are to be told" if share is None else f"its own come to {share:.1%}"
    )
    if inputs["expected_sales"] is not None:
        reasons.append(f"white space: areas like it would bring {inputs['expected_sales']:.0f}")
    steps = [("all", mean, "share", mean), ("own", share, "share", value)]
    return Answer(
        value=value, low=low, high=high, evidence_n=evidence, parts=log_odds_parts(steps), reasons=tuple(reasons)
    )


KIND = Kind(
    name="area",
    judges="What share of the people of an area are likely to be active customers: its penetration.",
    subject="area: a cell of the grid (H3), or a region",
    context=(Field(name="by", kind="text", choices=BY, description="Whether areas are cells (usual) or regions."),),
    parts=(
        PartTold(name="all", unit="share", description="Penetration of all areas.", prior=True),
        PartTold(name="own", unit="share", description="What the area's own figures change."),
    ),
    inputs=(
        Field(
            name="people",
            description="Households (people, potential) that live there.",
            unit="people",
            minimum=0.0,
            maximum=_MOST,
            required=True,
        ),
        Field(
            name="active_share",
            description="Share of them that are active customers (orders, where nobody counts them); null unknown.",
            unit="share",
            minimum=0.0,
            maximum=1.0,
            better="higher",
        ),
        Field(
            name="expected_sales",
            description="What areas like it would bring, if it is white space.",
            unit="customers or pieces",
            minimum=0.0,
            maximum=_MOST,
        ),
    ),
    evidence="Households (people, potential) of the area whose customers are counted.",
    outcome="The share of its people that are active customers later.",
    of_party=False,
    gather=_gather,
    answer=_answer,
)
