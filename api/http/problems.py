"""What goes wrong, told as RFC 9457 problem details: one stable type per kind of trouble."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from api.http.responses import JsonResponse
from contracts.errors import EvenflowError, NoRoomError, UnavailableError, UnknownIdError, unwritten
from services.job_files import problem_of_error

__all__ = [
    "PROBLEM_TYPES",
    "REPLAYED",
    "FieldError",
    "Problem",
    "ProblemType",
    "StaleCursorError",
    "error_body",
    "install",
    "job_problem",
    "problem_body",
    "respond",
    "respond_to",
    "respond_to_bug",
]

_log = logging.getLogger(__name__)
_MAX_ERRORS = 20
_KEY = ("header", "Idempotency-Key")
REPLAYED = {"Idempotent-Replayed": "true"}
"""Says that a write was answered so before."""

_DATABASE_SECONDS = 2  # after which to ask a database that did not answer again
_LENGTHS = {"too_short": ("least", "min_length"), "too_long": ("most", "max_length")}


@dataclass(frozen=True)
class ProblemType:
    """One kind of trouble: its status, its title and what to do about it."""

    status: int
    title: str
    meaning: str


PROBLEM_TYPES: Mapping[str, ProblemType] = {
    "malformed-json": ProblemType(400, "The body is not JSON", "Send a body that a JSON parser accepts."),
    "bad-request": ProblemType(
        400, "The request cannot be read", "Mend the request; repeating it as it is won't help."
    ),
    "key-missing": ProblemType(
        400, "The write has no key", "Send `Idempotency-Key` with a word of your own, the same for each repetition."
    ),
    "unauthorized": ProblemType(
        401, "A key is needed", "Send `Authorization: Bearer` with an API key (`evenflow keys create`) or a token."
    ),
    "forbidden": ProblemType(
        403, "The key does not open this", "The detail says what it lacks; `GET /v1/keys/me` what it holds."
    ),
    "not-found": ProblemType(404, "Nothing is served at this path", "See /docs for the paths there are."),
    "unknown-id": ProblemType(404, "Unknown id", "Nothing answers to this id; the detail says of which kind it is."),
    "method-not-allowed": ProblemType(
        405, "The path does not take this method", "The `Allow` header lists the methods it takes."
    ),
    "body-too-slow": ProblemType(
        408, "The body did not come", "Send it without pauses; EVENFLOW_BODY_SECONDS says how long one may be."
    ),
    "job-over": ProblemType(409, "The job is over", "A job that has ended cannot be cancelled; read it instead."),
    "opted-out": ProblemType(
        409, "The party opted out of scores", "Do without, or ask for one of the kinds that nobody can trade without."
    ),
    "key-in-flight": ProblemType(
        409,
        "The same write is being answered",
        "Repeat it with the same key after as many seconds as `Retry-After` says.",
    ),
    "wrong-state": ProblemType(
        409, "The state does not allow it", "Read what it stands for now; the detail says which states do."
    ),
    "stale-cursor": ProblemType(
        410, "The list has changed", "Another network or plan became current; start again without a cursor."
    ),
    "events-gone": ProblemType(
        410,
        "Events after the cursor are not kept any more",
        "Some were missed: read anew what you keep a copy of, then start without a cursor.",
    ),
    "body-too-large": ProblemType(
        413, "The body is too large", "Send less at once, or let the operator raise EVENFLOW_MAX_BODY_MB."
    ),
    "unsupported-media-type": ProblemType(
        415, "The body is not declared as JSON", "Send `Content-Type: application/json`."
    ),
    "wrong-host": ProblemType(
        421, "The server is not asked under its name", "Use localhost or a name listed in EVENFLOW_ALLOWED_HOSTS."
    ),
    "invalid-request": ProblemType(
        422,
        "The request is well-formed but wrong",
        "`errors` names each place: a JSON pointer, or the table, its column and its row (1 = the first).",
    ),
    "key-reused": ProblemType(
        422, "The key stands for another request", "Take a new key for a new request; repeat a request unchanged."
    ),
    "too-many-requests": ProblemType(
        429, "The key asks too often", "Try again after as many seconds as `Retry-After` says."
    ),
    "internal": ProblemType(
        500, "Something here failed", "It is our fault; the server's log has the trace under the request id."
    ),
    "busy": ProblemType(503, "Too many jobs wait", "Try again after as many seconds as `Retry-After` says."),
    "not-ready": ProblemType(
        503,
        "Nothing is loaded that could answer",
        "Load a network, or compute on it first; the detail names the command or the request.",
    ),
    "unavailable": ProblemType(
        503, "The database does not answer", "Try again after as many seconds as `Retry-After` says, with the same key."
    ),
    "overloaded": ProblemType(
        503, "Too many requests at once", "Try again after as many seconds as `Retry-After` says."
    ),
    "no-room": ProblemType(
        503, "The disk is full", "Nothing was kept; let the operator free some room, then repeat it."
    ),
    "crashed": ProblemType(500, "The process of the job ended", "Usually memory ran out; send less at once."),
    "interrupted": ProblemType(503, "The server ended before the job did", "Send the job again."),
}

_BY_STATUS = {
    400: "malformed-json",
    408: "body-too-slow",
    404: "not-found",
    405: "method-not-allowed",
    413: "body-too-large",
    415: "unsupported-media-type",
}
_BY_ERROR = {
    "UnauthorizedError": "unauthorized",
    "ForbiddenError": "forbidden",
    "WrongHostError": "wrong-host",
    "TooManyRequestsError": "too-many-requests",
    "UnknownIdError": "unknown-id",
    "NotReadyError": "not-ready",
    "NoRoomError": "no-room",
    "UnavailableError": "unavailable",
    "KeyInFlightError": "key-in-flight",
    "KeyReusedError": "key-reused",
    "StateError": "wrong-state",
    "JobBusyError": "busy",
    "JobDoneError": "job-over",
    "OptedOutError": "opted-out",
    "Crashed": "crashed",
    "Internal": "internal",
    "Interrupted": "interrupted",
    "StaleCursorError": "stale-cursor",
    "EventsGoneError": "events-gone",
}


class StaleCursorError(EvenflowError):
    """A cursor into a list that is no longer current."""


class FieldError(BaseModel):
    """One thing that is wrong with the request, and where."""

    pointer: str | None = Field(None, description="JSON pointer into the body, or the parameter's name.")
    table: str | None = Field(None, description="Table of the body that holds the fault.")
    field: str | None = Field(None, description="Column or option at fault.")
    row: int | None = Field(None, description="Row of the table, 1 = the first.")
    expected: str = Field(description="What would have been right.")
    got: str = Field(description="What came instead, shortened.")


class Problem(BaseModel):
    """RFC 9457 problem details."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "/problems/invalid-request",
                "title": "The request is well-formed but wrong",
                "status": 422,
                "detail": "/orders/0/pieces: expected a number greater than 0, got -3",
                "instance": "/v1/matches",
                "request_id": "5f0c2a9be1d44c7f",
                "errors": [
                    {
                        "pointer": "/orders/0/pieces",
                        "table": "orders",
                        "field": "pieces",
                        "row": 1,
                        "expected": "a number greater than 0",
                        "got": "-3",
                    }
                ],
            }
        }
    )

    type: str = Field(description="Stable URI of the kind of trouble; reading it explains it.")
    title: str = Field(description="The kind of trouble in words; the same for each of its kind.")
    status: int = Field(description="HTTP status.")
    detail: str = Field(description="What happened this time.")
    instance: str | None = Field(None, description="Path of the request.")
    request_id: str | None = Field(None, description="Also in the `X-Request-ID` header and the server's log.")
    errors: list[FieldError] = Field(default_factory=list, description="Each fault and its place.")


def problem_body(
    slug: str, detail: str, *, errors: Sequence[Mapping[str, Any]] = (), status: int | None = None
) -> dict[str, Any]:
    """Return problem details of a type as plain data."""
    kind = PROBLEM_TYPES[slug]
    return {
        "type": f"/problems/{slug}",
        "title": kind.title,
        "status": status or kind.status,
        "detail": detail,
        "errors": [_placed(error) for error in errors],
    }


def job_problem(problem: Mapping[str, Any]) -> dict[str, Any]:
    """Return why a job failed, as problem details."""
    return problem_body(_BY_ERROR.get(problem["error"], "invalid-request"), problem["detail"], errors=problem["errors"])


def install(app: FastAPI) -> None:
    """Answer every failure of the app with problem details."""
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(EvenflowError, _on_error)


def respond(request: Request, body: dict[str, Any], *, headers: Mapping[str, str] | None = None) -> JsonResponse:
    """Answer with problem details."""
    body["instance"] = request.url.path
    body["request_id"] = getattr(request.state, "request_id", None)
    return JsonResponse(body, status_code=body["status"], media_type="application/problem+json", headers=headers)


def respond_to_bug(request: Request, error: Exception) -> JsonResponse:
    """Answer an unexpected error: its trace goes to the log under the request's id, never to the caller."""
    if isinstance(error, OSError) and isinstance(full := unwritten("the home", error), NoRoomError):
        return respond_to(request, full)
    request_id = getattr(request.state, "request_id", None)
    told = {"request_id": request_id}
    _log.error("request %s failed: %s %s", request_id, request.method, request.url.path, exc_info=error, extra=told)
    return respond(request, problem_body("internal", f"an unexpected error; the log has it as {request_id}"))


def _placed(error: Mapping[str, Any]) -> dict[str, Any]:
    placed = {name: error.get(name) for name in FieldError.model_fields}
    if placed["pointer"] is None and placed["table"] and placed["row"]:
        placed["pointer"] = f"/{placed['table']}/{placed['row'] - 1}/{placed['field']}"
    return placed


def error_body(error: EvenflowError, *, posted: bool) -> dict[str, Any]:
    """Return an error as problem details; `posted` tells that the path is right and something in the body is not."""
    told = problem_of_error(error)
    slug = _BY_ERROR.get(told["error"], "invalid-request")
    if isinstance(error, UnknownIdError) and posted:
        slug = "invalid-request"
    return problem_body(slug, told["detail"], errors=told["errors"])


async def _on_error(request: Request, error: Exception) -> JsonResponse:
    assert isinstance(error, EvenflowError)
    return respond_to(request, error)


def respond_to(request: Request, error: EvenflowError) -> JsonResponse:
    """Answer an error made on purpose."""
    body = error_body(error, posted=_is_of_body(error, request))
    headers = {"WWW-Authenticate": "Bearer"} if body["type"] == "/problems/unauthorized" else {}
    seconds = getattr(error, "retry_after_seconds", _DATABASE_SECONDS if isinstance(error, UnavailableError) else None)
    if seconds is not None:
        headers["Retry-After"] = str(seconds)
    if getattr(error, "again", False):
        headers |= REPLAYED
    return respond(request, body, headers=headers)


def _is_of_body(error: EvenflowError, request: Request) -> bool:
    in_path = isinstance(error, UnknownIdError) and error.identifier in request.path_params.values()
    return request.method in ("POST", "PUT") and not in_path


async def _on_http(request: Request, error: Exception) -> JsonResponse:
    assert isinstance(error, HTTPException)
    slug = _BY_STATUS.get(error.status_code, "bad-request" if error.status_code < 500 else "internal")
    detail = f"{request.method} {request.url.path}: {error.detail}"
    return respond(request, problem_body(slug, detail, status=error.status_code), headers=error.headers)


async def _on_validation(request: Request, error: Exception) -> JsonResponse:
    assert isinstance(error, RequestValidationError)
    faults = error.errors()
    if faults[0]["type"] == "json_invalid":
        why = faults[0].get("ctx", {}).get("error", "not JSON")
        return respond(request, problem_body("malformed-json", f"the body: {why} at character {faults[0]['loc'][-1]}"))
    if any(fault["loc"] == _KEY and fault["type"] == "missing" for fault in faults):
        return respond(request, problem_body("key-missing", "Idempotency-Key: expected a key of this write, got none"))
    errors = [_fault(fault) for fault in faults[:_MAX_ERRORS]]
    more = f" ({len(faults)} faults)" if len(faults) > 1 else ""
    detail = f"{errors[0]['pointer']}: expected {errors[0]['expected']}, got {errors[0]['got']}{more}"
    return respond(request, problem_body("invalid-request", detail, errors=errors))


def _fault(fault: Mapping[str, Any]) -> dict[str, Any]:
    where, *path = [_legible(part) for part in fault["loc"] if not str(part).startswith("form:")]
    pointer = "/" + "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in path)
    row = next((n for n, part in enumerate(path) if isinstance(part, int)), None)
    return {
        "pointer": pointer if where == "body" else ".".join(map(str, path)),
        "table": str(path[row - 1]) if row else None,
        "field": str(path[-1]) if path else "body",
        "row": int(path[row]) + 1 if row else None,
        "expected": _expected(fault),
        "got": _got(fault),
    }


def _got(fault: Mapping[str, Any]) -> str:
    given = fault.get("input")
    if fault["type"] == "missing":
        return "nothing"
    return f"{len(given):,}" if fault["type"] in _LENGTHS and isinstance(given, list) else _short(given)


def _expected(fault: Mapping[str, Any]) -> str:
    limits = fault.get("ctx", {})
    if fault["type"] in _LENGTHS and isinstance(fault.get("input"), list):
        word, key = _LENGTHS[fault["type"]]
        number = int(limits[key])
        what = "value" if fault["loc"][-1] in ("quantiles", "hierarchy") else "row"
        return f"at {word} one {what}" if number == 1 else f"at {word} {number:,} {what}s"
    message = str(fault["msg"])
    for prefix in ("Input should be ", "Value error, "):
        message = message.removeprefix(prefix)
    plain = {"Field required": "this required field", "Extra inputs are not permitted": "no such field"}
    return plain.get(message, message)


def _legible(part: str | int) -> str | int:
    """Return a name without half characters, which JSON may hold but UTF-8 cannot."""
    return part if isinstance(part, int) else part.encode("utf-8", "backslashreplace").decode()


def _short(value: Any) -> str:
    text = str(_legible(str(value)))
    return text if len(text) <= 80 else text[:77] + "..."
