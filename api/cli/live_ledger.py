"""The ledger in the database of a home, for the commands that settle and state."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api.settings import read_settings
from contracts.errors import InputError, NotReadyError

if TYPE_CHECKING:
    import pandas as pd

    from services.settle_live import SalesDesk
    from services.settle_sales import Settled, Told
    from settlement.rules import ShareRules

__all__ = ["book_live", "require_live", "state_live"]

_PAGE = 1_000


def require_live(options: dict[str, Any]) -> None:
    """Refuse options that only a ledger in the database takes.

    Raises
    ------
    InputError
        Naming the first that was given.
    """
    for name in (name for name, value in options.items() if value is not None):
        raise InputError(name, "--live with it", "nothing")


def book_live(
    sales: pd.DataFrame, rules: ShareRules, told: Told, *, home: Path | None, tenant: str | None, strict: bool
) -> tuple[str, Settled]:
    """Book sales and returns into a home's database (`services.settle_live.settle_live`)."""
    from services.settle_live import settle_live

    desk = _desk(home, tenant)
    try:
        return settle_live(desk, sales, rules, told, strict=strict)
    finally:
        desk.database.close()


def state_live(
    party: str, *, since: datetime | None, until: datetime | None, home: Path | None, tenant: str | None
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return a party's entries of a home's database, and what they come to."""
    import pandas as pd

    from services.settle_live import party_statement

    desk, after, rows = _desk(home, tenant), 0, []
    days = {"since": None if since is None else since.date(), "until": None if until is None else until.date()}
    try:
        while True:
            page = party_statement(desk, party, after=after, limit=_PAGE, **days)
            rows += page["rows"]
            if page["after"] is None:
                break
            after = page["after"]
    finally:
        desk.database.close()
    told = {"from": str(days["since"] or "") or None, "to": str(days["until"] or "") or None}
    summary = {"party_id": party, **told, "entries": len(rows), "share_fen": page["share_fen"], "parts": page["parts"]}
    columns = ["at", "booked_at", "sale_id", "event_id", "kind", "role", "party_id", "share_fen"]
    return pd.DataFrame(rows, columns=columns), summary


def _desk(home: Path | None, tenant: str | None) -> SalesDesk:
    from services.settle_live import SalesDesk
    from services.viewer import Viewer
    from store.database import Database
    from store.home import Home

    settings = read_settings(home=home)
    try:
        network = Home(settings.home).current().network()
    except NotReadyError:
        if tenant is not None:
            raise
        network = None  # the operator settles without a network, too
    return SalesDesk(database=Database.open(settings.database()), viewer=Viewer(tenant), network=network)
