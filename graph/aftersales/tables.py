"""Tables of after-sales: what was claimed, and the way each lot took."""

from __future__ import annotations

from contracts.tables import Column, TableSchema

__all__ = ["CAUSES", "CAUSE_TABLE", "CLAIMS", "CLAIM_KINDS", "LOTS", "ROLES", "UNKNOWN"]

CLAIM_KINDS = ("defect", "damage", "wrong_item", "missing", "composition", "late", "return")
ROLES = ("brand", "factory", "workshop", "carrier", "warehouse", "distributor", "franchisee", "store")
UNKNOWN = "unknown"


def _text(name: str, description: str, *, required: bool = True) -> Column:
    return Column(name=name, kind="str", required=required, nullable=not required, description=description)


def _whole(name: str, description: str, *, required: bool = True, maximum: float = 10**9) -> Column:
    return Column(
        name=name,
        kind="int",
        required=required,
        nullable=not required,
        minimum=0,
        maximum=maximum,
        description=description,
    )


CLAIMS = TableSchema(
    name="claims",
    key=("claim_id",),
    may_be_empty=True,
    columns=(
        _text("claim_id", "Your own id of the claim or return."),
        _text("lot_id", "Lot that the pieces came from."),
        Column(name="at", kind="date", description="Day of the claim."),
        Column(name="kind", kind="str", choices=CLAIM_KINDS, description="What is wrong."),
        _whole("pieces", "Pieces concerned."),
        _whole("amount_fen", "What the claim costs, in fen.", maximum=10**12),
        _text("buyer_id", "Party that claims.", required=False),
        _text("trade_id", "Trade that the pieces were bought in.", required=False),
        _whole(
            "found_at_step", "Step of the lot's route at which it was found; no later step is at fault.", required=False
        ),
        _text("sku_id", "What came back, if the lot does not say.", required=False),
    ),
)

LOTS = TableSchema(
    name="lots",
    key=("lot_id", "step"),
    may_be_empty=True,
    columns=(
        _text("lot_id", "Lot: pieces that took the same way. Pieces that part are lots of their own from the start."),
        _whole("step", "Place on the way: 1 before 2."),
        _text("party_id", "Who did the step."),
        _text("process_step", "What was done: cut, sew, pack, carry, store …"),
        Column(name="role", kind="str", choices=ROLES, description="As what the party did it."),
        _whole("pieces", "Pieces handled."),
        Column(name="at", kind="date", description="Day of the step."),
        Column(
            name="inspected",
            kind="bool",
            required=False,
            nullable=True,
            description="Whether the pieces were inspected at the end of the step.",
        ),
        _whole("passed_pieces", "Of an inspection, pieces that passed; all without it.", required=False),
        _text("sku_id", "What the pieces are.", required=False),
    ),
)

# Of the claims that a party in a role causes, how many are of each kind: `CAUSES[role][kind]`, rows sum to 1.
# Assumptions to be replaced by your own; "unknown" is everything that is nobody's on the route.
CAUSES: dict[str, dict[str, float]] = {
    "brand": dict(zip(CLAIM_KINDS, (0.10, 0.02, 0.20, 0.05, 0.25, 0.18, 0.20), strict=True)),
    "factory": dict(zip(CLAIM_KINDS, (0.50, 0.05, 0.08, 0.07, 0.12, 0.13, 0.05), strict=True)),
    "workshop": dict(zip(CLAIM_KINDS, (0.60, 0.05, 0.05, 0.05, 0.10, 0.10, 0.05), strict=True)),
    "carrier": dict(zip(CLAIM_KINDS, (0.02, 0.45, 0.03, 0.15, 0.00, 0.33, 0.02), strict=True)),
    "warehouse": dict(zip(CLAIM_KINDS, (0.03, 0.30, 0.25, 0.25, 0.00, 0.15, 0.02), strict=True)),
    "distributor": dict(zip(CLAIM_KINDS, (0.05, 0.20, 0.25, 0.20, 0.03, 0.20, 0.07), strict=True)),
    "franchisee": dict(zip(CLAIM_KINDS, (0.05, 0.20, 0.20, 0.15, 0.02, 0.13, 0.25), strict=True)),
    "store": dict(zip(CLAIM_KINDS, (0.05, 0.20, 0.20, 0.15, 0.02, 0.13, 0.25), strict=True)),
    UNKNOWN: dict(zip(CLAIM_KINDS, (0.12, 0.12, 0.08, 0.08, 0.05, 0.10, 0.45), strict=True)),
}

CAUSE_TABLE = TableSchema(
    name="causes",
    key=("role",),
    columns=(
        Column(
            name="role",
            kind="str",
            choices=(*ROLES, UNKNOWN),
            description="Who causes the claims; roles that are not in the table keep the default.",
        ),
        *(
            Column(name=kind, kind="float", minimum=0, description=f"How much of what the role causes is `{kind}`.")
            for kind in CLAIM_KINDS
        ),
    ),
)
