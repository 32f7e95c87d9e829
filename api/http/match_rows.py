"""Rows and weights of matches, shared by the routes that take them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from api.http.rows import AttributeRow, StrictModel, row_model
from graph.tables import DEMANDS
from matching.preferences import PREFERENCES
from matching.steps import QUALIFIED_STEPS
from matching.tables import CANDIDATES, CREDIT, LIMITS, ORDERS, SUPPLIERS

if TYPE_CHECKING:
    from matching.score import ScoreWeights

__all__ = [
    "CandidateRow",
    "CreditRow",
    "DemandedRow",
    "LimitRow",
    "MatchOrderRow",
    "PreferenceRow",
    "QualifiedStepRow",
    "ScoreWeightsModel",
    "SupplierRow",
    "weights_of",
]

MatchOrderRow = row_model("MatchOrderRow", ORDERS, base=AttributeRow)
SupplierRow = row_model("SupplierRow", SUPPLIERS, base=AttributeRow)
CandidateRow = row_model("CandidateRow", CANDIDATES, base=AttributeRow)
CreditRow = row_model("CreditRow", CREDIT)
LimitRow = row_model("LimitRow", LIMITS)
PreferenceRow = row_model("PreferenceRow", PREFERENCES)
QualifiedStepRow = row_model("QualifiedStepRow", QUALIFIED_STEPS)
DemandedRow = row_model("DemandedRow", DEMANDS, base=AttributeRow)

_Finite = Annotated[float, Field(ge=-1e12, le=1e12)]


class PartWeightModel(StrictModel):
    """How one part counts: it adds ± weight · value / scale to the score."""

    weight: float = Field(ge=0, description="Importance; 0 switches the part off.")
    scale: float = Field(1.0, gt=0, description="Value that counts as one, in the part's unit.")
    direction: Literal["lower", "higher"] = Field("lower", description="Which is better.")
    missing: float | None = Field(None, description="Value taken where a cell is empty; null refuses empty cells.")


class ScoreWeightsModel(StrictModel):
    """The score's base and the weight of each part, by column of the candidates."""

    base: _Finite = Field(1.0, description="Score before any part.")
    parts: dict[str, PartWeightModel] = Field(min_length=1, max_length=50, description="Weights by column.")


def weights_of(model: ScoreWeightsModel | None) -> ScoreWeights | None:
    """Return the weights that a request gives; None if it gives none."""
    from matching.score import ScoreWeights

    return None if model is None else ScoreWeights.from_table(model.model_dump(), where="weights")
