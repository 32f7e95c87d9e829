"""Webhooks: events sent to an address of yours, signed, again until they are taken."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from api.http.house import HouseDep, ViewerDep
from api.http.paging import CursorQuery, LimitQuery, PartDep, Parted, key_cursor, position_after
from api.http.responses import JsonResponse
from api.http.rows import StrictModel
from services.reserve import wall_clock_ms
from services.webhooks import (
    create_webhook,
    delivery_row,
    list_deliveries,
    list_webhooks,
    remove_webhook,
    resend,
    webhook_row,
)

__all__ = ["router"]

router = APIRouter(prefix="/v1/webhooks", tags=["events"])

WebhookPath = Annotated[str, Path(max_length=100, description="The webhook's id.")]
_NUMBER = Path(ge=1, le=2**53, description="The delivery's number: the event's, without `evt-`.")
_Topic = Annotated[str, Field(min_length=1, max_length=100)]


class WebhookRequest(
    StrictModel,
    json_schema_extra={"examples": [{"url": "https://erp.example.com/evenflow", "topics": ["reservation"]}]},
):
    """Where to send what."""

    url: str = Field(
        min_length=1,
        max_length=2000,
        description="Address that takes POST; https and public unless EVENFLOW_WEBHOOK_TARGETS says otherwise.",
        examples=["https://erp.example.com/evenflow"],
    )
    topics: list[_Topic] = Field(
        default_factory=list, max_length=20, description="Topics or what stands before a dot of them; all if empty.",
        examples=[["reservation", "plan.revised"]],
    )  # fmt: skip


class WebhookView(BaseModel):
    """A webhook; never its secret."""

    id: str = Field(description="Its id.")
    url: str = Field(description="Where events go.")
    topics: list[str] = Field(description="Which ones; all if empty.")
    tenant: str | None = Field(description="Whose events; null: the operator's, who is told of all.")
    party: str | None = Field(description="The one party it was made for.")
    created_at: str = Field(description="Events after this moment are sent.")


class NewWebhook(WebhookView):
    """A webhook just made."""

    secret: str = Field(description="Its messages are signed with it; shown this once.")


class WebhookList(Parted):
    """The webhooks that count."""

    webhooks: list[WebhookView] = Field(description="The oldest first.")


class DeliveryView(BaseModel):
    """One event for one webhook."""

    number: int = Field(description="Its number.")
    event_id: str = Field(description="The event's `id`, which is also its `webhook-id` header.")
    subject: str = Field(description="What the event is about.")
    state: Literal["waiting", "delivered", "dead"] = Field(description="`dead`: not sent again unless you ask.")
    attempts: int = Field(description="How often it was sent.")
    answer: str = Field(description="What the last attempt met with.")
    next_at: str | None = Field(description="When it is sent next, if it waits.")
    updated_at: str = Field(description="When it last changed.")


class DeliveryList(BaseModel):
    """A page of deliveries."""

    deliveries: list[DeliveryView] = Field(description="The newest event first.")
    next_cursor: str | None = Field(description="Pass it as `cursor` for the next page; null on the last.")


class Resent(BaseModel):
    """A delivery that is sent again."""

    number: int = Field(description="Its number.")
    state: str = Field(description="Always `waiting`.")


@router.post("", status_code=201, response_model=NewWebhook)
def add_webhook(house: HouseDep, viewer: ViewerDep, request: WebhookRequest) -> JsonResponse:
    """Send what happens from now on to an address; the answer shows the secret that signs it, this once.

    Each message is a CloudEvent with the headers of Standard Webhooks: `webhook-id`, `webhook-timestamp` and
    `webhook-signature` (`v1,` and the Base64 of HMAC-SHA256 over `id.timestamp.body`). It is sent again, later and
    later, until the answer is 2xx; those of one subject come in order.
    """
    targets = house.settings.webhook_targets
    made = create_webhook(house.database, viewer, request.url, request.topics, targets=targets, now_ms=wall_clock_ms())
    return JsonResponse(webhook_row(made) | {"secret": made.secret}, status_code=201)


@router.get("", response_model=WebhookList)
def list_all_webhooks(house: HouseDep, viewer: ViewerDep, part: PartDep) -> JsonResponse:
    """List the webhooks of who asks; never their secrets."""
    found, following = part.of(list_webhooks(house.database, viewer), lambda webhook: webhook.id, "webhooks")
    return JsonResponse({"webhooks": [webhook_row(one) for one in found], "next_cursor": following})


@router.delete("/{webhook_id}", response_model=WebhookView)
def end_webhook(house: HouseDep, viewer: ViewerDep, webhook_id: WebhookPath) -> JsonResponse:
    """Send nothing there any more."""
    ended = remove_webhook(house.database, viewer, webhook_id, now_ms=wall_clock_ms())
    return JsonResponse(webhook_row(ended))


@router.get("/{webhook_id}/deliveries", response_model=DeliveryList)
def list_webhook_deliveries(
    house: HouseDep,
    viewer: ViewerDep,
    webhook_id: WebhookPath,
    *,
    state: Annotated[Literal["waiting", "delivered", "dead"] | None, Query(description="Only these.")] = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> JsonResponse:
    """Return what became of a webhook's events."""
    query = ("deliveries", webhook_id, state, viewer.tenant, viewer.party)
    before = position_after(cursor, query)
    found = list_deliveries(house.database, viewer, webhook_id, state=state, before=before, limit=limit)
    following = key_cursor(query, (str(found[-1].position),)) if len(found) == limit else None
    return JsonResponse({"deliveries": [delivery_row(one) for one in found], "next_cursor": following})


@router.post("/{webhook_id}/deliveries/{number}/resend", response_model=Resent)
def resend_delivery(
    house: HouseDep, viewer: ViewerDep, webhook_id: WebhookPath, number: Annotated[int, _NUMBER]
) -> JsonResponse:
    """Send an event again, whatever became of it: the id is the same, so a receiver that has it drops it."""
    resend(house.database, viewer, webhook_id, number, now_ms=wall_clock_ms())
    return JsonResponse({"number": number, "state": "waiting"})
