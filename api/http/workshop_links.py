"""Signed links: a workshop without software reads its dispatch in a browser and answers with a click."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, quote, urlencode

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse

from api.http.house import HouseDep
from api.http.workshop_page import LANGUAGES, dispatch_page, notice_page
from contracts.errors import InputError, UnknownIdError
from services.dispatches import Answer, answer_dispatch, links_ended, read_dispatch
from services.signed_links import LinkEndedError, LinkExpiredError, LinkForgedError, check_link
from store.link_key import link_key

__all__ = ["router"]

router = APIRouter(prefix="/w", include_in_schema=False)  # pages for people, not part of the API

_MOST_BYTES = 16_384
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"


@router.get("/{dispatch_id}")
def show_dispatch(house: HouseDep, http: Request, dispatch_id: str) -> HTMLResponse:
    """Show the dispatch of a link."""
    refusal = _refused(house, http, dispatch_id)
    if refusal is not None:
        return refusal
    return _show(house, http, dispatch_id)


@router.post("/{dispatch_id}")
async def answer_by_link(house: HouseDep, http: Request, dispatch_id: str) -> HTMLResponse:
    """Take the answer of a form; the same one twice changes nothing."""
    body = b""
    async for part in http.stream():
        body += part
        if len(body) > _MOST_BYTES:
            return _html(notice_page("forged", language=_language(http)), 413)
    return await run_in_threadpool(_answer, house, http, dispatch_id, body)


def _answer(house: HouseDep, http: Request, dispatch_id: str, body: bytes) -> HTMLResponse:
    refusal = _refused(house, http, dispatch_id)
    if refusal is not None:
        return refusal
    form = {name: values[-1] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
    try:
        answer_dispatch(house.settings.home, dispatch_id, _read_answer(form))
    except InputError as error:
        return _show(house, http, dispatch_id, said=str(error), status=409)
    return _show(house, http, dispatch_id, said="saved")


def _read_answer(form: dict[str, str]) -> Answer:
    pieces = form.get("pieces", "").strip()
    if pieces and not (pieces.isascii() and pieces.isdigit() and len(pieces) <= 10):
        raise InputError("pieces", "a whole number", pieces)
    return Answer(
        kind=form.get("answer", ""),
        pieces=int(pieces) if pieces and form.get("answer") == "done" else None,
        note=form.get("note", ""),
    )


def _refused(house: HouseDep, http: Request, dispatch_id: str) -> HTMLResponse | None:
    asked, language = http.query_params, _language(http)
    try:
        key, home = link_key(house.settings.home), house.settings.home
        ended = links_ended(home, dispatch_id)
        check_link(key, dispatch_id, asked.get("expires", ""), asked.get("signature", ""), now=time.time(), ended=ended)
        read_dispatch(home, dispatch_id)
    except LinkForgedError:
        return _html(notice_page("forged", language=language), 403)
    except LinkEndedError:
        return _html(notice_page("ended", language=language), 410)
    except LinkExpiredError:
        return _html(notice_page("expired", language=language), 410)
    except UnknownIdError:
        return _html(notice_page("unknown", language=language), 404)
    return None


def _show(house: HouseDep, http: Request, dispatch_id: str, *, said: str = "", status: int = 200) -> HTMLResponse:
    asked = http.query_params
    query = urlencode({"expires": asked["expires"], "signature": asked["signature"]})
    link = f"/w/{quote(dispatch_id, safe='')}?{query}"
    one = read_dispatch(house.settings.home, dispatch_id)
    return _html(dispatch_page(one, link=link, language=_language(http), said=said), status)


def _language(http: Request) -> str:
    asked = http.query_params.get("lang", "")
    return asked if asked in LANGUAGES else LANGUAGES[0]


def _html(text: str, status: int) -> HTMLResponse:
    return HTMLResponse(text, status_code=status, headers={"Content-Security-Policy": _POLICY})
