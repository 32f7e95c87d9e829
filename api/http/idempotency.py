"""Writes that may be repeated: each names itself by a key, and is answered once."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header

from api.http.problems import REPLAYED
from api.http.responses import JsonResponse
from store.booking.answers import Answer
from store.booking.states import StateError

__all__ = ["KeyHeader", "respond_with"]

KeyHeader = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]+$",
        description="Your own name of this write. Repeat it with the same key and body to get the same answer; nothing "
        "happens twice.",
        examples=["order-4711-hold-1"],
    ),
]


def respond_with(answer: Answer) -> JsonResponse:
    """Answer a write; ``Idempotent-Replayed: true`` says that it was answered before.

    Raises
    ------
    StateError
        If what was answered is that the state did not allow it.
    """
    if answer.status == 409:
        raise StateError(answer.body["detail"], again=answer.again)
    headers = dict(REPLAYED) if answer.again else {}
    if answer.status == 201:
        headers["Location"] = f"/v1/reservations/{answer.body['reservation']['id']}"
    return JsonResponse(answer.body, status_code=answer.status, headers=headers)
