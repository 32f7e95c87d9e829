"""How old the network is that an answer was drawn from: noted where it is read, told in the answer's headers."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

__all__ = ["listen_for_age", "note_age"]

_STATE: ContextVar[dict[str, Any] | None] = ContextVar("request_state", default=None)
_NAME = "snapshot_age_seconds"


def listen_for_age(state: dict[str, Any]) -> None:
    """Let what is noted from here on, also in threads of this request, be put into the request's state."""
    _STATE.set(state)


def note_age(seconds: float) -> None:
    """Note that the answer is drawn from a network of this age."""
    state = _STATE.get()
    if state is not None:
        state[_NAME] = seconds
