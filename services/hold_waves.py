"""Pieces held for the waves of group orders, each wave on its own: a push is only sent if they are promised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from contracts.errors import InputError
from graph.network import SupplyNetwork
from services.group_book import Place
from services.group_tables import GroupPlan
from services.hold_decision import Candidate, Order
from services.reserve import Desk, HoldTerms, hold_at
from services.viewer import Viewer
from store.booking.capacity import rooms

__all__ = ["WaveHold", "hold_waves", "holds_of", "room_of", "sent_only"]


@dataclass(frozen=True, kw_only=True)
class WaveHold:
    """Pieces to hold for a wave."""

    wave_id: str
    sku_id: str
    buyer_id: str
    supplier_id: str
    pieces: int
    good: str = ""
    bucket: str = ""
    unit_price_fen: int = 0

    @property
    def candidate(self) -> Candidate:
        """Whose capacity it takes."""
        return Candidate(
            supplier_id=self.supplier_id, good=self.good or self.sku_id, bucket=self.bucket,
            unit_price_fen=self.unit_price_fen,
        )  # fmt: skip


def room_of(
    desk: Desk, network: SupplyNetwork | None, places: Sequence[Place | None], viewer: Viewer
) -> dict[Place, int]:
    """Return what is left of capacities.

    Raises
    ------
    UnknownIdError
        If a supplier is none that the viewer may know of.
    """
    asked = sorted({place for place in places if place is not None})
    if viewer.tenant is not None and asked:
        assert network is not None
        for supplier, _, _ in asked:
            viewer.position(network, supplier)
    return rooms(desk.database, "", asked).pieces if asked else {}


def holds_of(plan: GroupPlan) -> list[WaveHold]:
    """Return what a plan has to hold: one per wave that is sent and draws on a supplier.

    Raises
    ------
    InputError
        If a wave names no buyer for it.
    """
    sent = plan.waves[(plan.waves["pieces"] > 0) & plan.waves["supplier_id"].notna()]
    lost = sent[sent["buyer_id"].isna()]
    if len(lost):
        raise InputError("waves, column buyer_id", "who buys, to hold pieces", f"nothing for {lost['wave_id'].iloc[0]}")
    names = list(WaveHold.__dataclass_fields__)
    return [WaveHold(**row) for row in sent[names].to_dict("records")]


def hold_waves(
    desk: Desk, network: SupplyNetwork | None, holds: Sequence[WaveHold], *, viewer: Viewer, key: str, ttl_seconds: int
) -> list[dict[str, Any]]:
    """Hold the pieces of each wave; repeated with the same key, each gets the same answer and nothing is held twice.

    Parameters
    ----------
    key
        The caller's own; a wave's hold is kept under it and the wave's id.

    Returns
    -------
    list of dict
        Per wave ``wave_id, status`` (held, refused)``, reason, pieces, reservation_id, expires_at``.

    Raises
    ------
    InputError
        If a wave stands there twice, or key and id are too long together.
    UnknownIdError
        If a buyer is none of the viewer's own, or a supplier none it may know of; nothing is held then.
    """
    ids = pd.Series([one.wave_id for one in holds], dtype="str")
    if ids.duplicated().any():
        raise InputError("waves", "each wave once", str(ids[ids.duplicated()].iloc[0]))
    if viewer.tenant is not None:
        assert network is not None
        for one in holds:
            viewer.own_position(network, one.buyer_id)
            viewer.position(network, one.supplier_id)
    return [_held(desk, one, viewer, f"{key}/{one.wave_id}", ttl_seconds) for one in holds]


def sent_only(plan: GroupPlan, told: Sequence[Mapping[str, Any]]) -> GroupPlan:
    """Return a plan without the pushes of waves whose pieces were not held; those are refused as not promised."""
    lost = {row["wave_id"] for row in told if row["status"] != "held"}
    gone = plan.pushes["wave_id"].isin(lost)
    refused = plan.pushes.loc[gone, ["wave_id", "community_id"]].assign(reason="not_promised").astype("str")
    state = plan.waves["wave_id"].map({row["wave_id"]: row["status"] for row in told})
    reservation = plan.waves["wave_id"].map({row["wave_id"]: row["reservation_id"] for row in told})
    waves = plan.waves.assign(hold=state, reservation_id=reservation)
    waves.loc[waves["wave_id"].isin(lost), "communities"] = 0
    return replace(
        plan,
        pushes=plan.pushes[~gone].reset_index(drop=True),
        refusals=pd.concat([plan.refusals, refused], ignore_index=True),
        waves=waves,
        buckets=plan.buckets[~plan.buckets["wave_id"].isin(lost)].reset_index(drop=True),
        summary=plan.summary
        | {"waves_held": len(told) - len(lost), "waves_not_promised": sorted(lost), "pushes": int((~gone).sum())},
    )


def _held(desk: Desk, one: WaveHold, viewer: Viewer, key: str, ttl_seconds: int) -> dict[str, Any]:
    order = Order(order_id=one.wave_id, buyer_id=one.buyer_id, sku_id=one.sku_id, pieces=one.pieces)
    request = {"hold_wave": {name: getattr(one, name) for name in WaveHold.__dataclass_fields__}, "ttl": ttl_seconds}
    with desk.write(viewer, key, request) as write:
        answer = hold_at(desk, write, order, one.candidate, HoldTerms(ttl_seconds=ttl_seconds))
    made = answer.body["reservation"] or {}
    return {
        "wave_id": one.wave_id,
        "status": answer.body["status"],
        "reason": answer.body["reason"],
        "pieces": one.pieces,
        "reservation_id": made.get("id"),
        "expires_at": made.get("expires_at"),
    }
