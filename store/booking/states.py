"""From which state a reservation may go to which."""

from __future__ import annotations

from typing import Literal

from contracts.errors import EvenflowError, InputError
from store.booking.rows import Reservation, moment_text

__all__ = ["Action", "StateError", "after"]

Action = Literal["confirm", "release", "reject", "cancel", "expire"]

_WAYS: dict[str, tuple[str, tuple[str, ...]]] = {
    "confirm": ("confirmed", ("held",)),
    "release": ("released", ("held",)),
    "expire": ("expired", ("held",)),
    "reject": ("rejected", ("held", "confirmed")),
    "cancel": ("cancelled", ("confirmed",)),
}


class StateError(EvenflowError):
    """A reservation is not in a state from which it could be done; `again` if its key was told so before."""

    def __init__(self, detail: str, *, again: bool = False) -> None:
        super().__init__(detail)
        self.again = again


def after(found: Reservation, action: Action, *, pieces: int | None, now_ms: int) -> tuple[str, int]:
    """Return the state after an action, and the pieces taken then.

    Parameters
    ----------
    pieces
        How many of the pieces held are confirmed; None = all. The others are given back.

    Raises
    ------
    StateError
        If it cannot be done in this state; a hold that is due counts as expired.
    InputError
        If more pieces are confirmed than are held.
    """
    state = "expired" if found.state == "held" and found.expires_at_ms <= now_ms and action != "expire" else found.state
    target, sources = _WAYS[action]
    if state not in sources:
        when = f" since {moment_text(found.expires_at_ms)}" if state == "expired" else ""
        raise StateError(f"{found.id}: expected a reservation that is {' or '.join(sources)}, got one {state}{when}")
    if action != "confirm":
        return target, 0
    if pieces is not None and not 0 < pieces <= found.pieces:
        raise InputError("pieces", f"1 to the {found.pieces} that are held", pieces)
    return target, found.pieces if pieces is None else pieces
