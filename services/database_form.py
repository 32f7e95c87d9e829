"""The form of the database of transactions: told, upgraded, taken back."""

from __future__ import annotations

from typing import Any, Literal

from contracts.errors import UnavailableError
from store.database import Database
from store.upgrade import newest

__all__ = ["change_form"]

Action = Literal["upgrade", "downgrade", "current"]


def change_form(url: str, action: Action, *, to: str | None = None) -> dict[str, Any]:
    """Upgrade or downgrade a database, or only look; return where it is, which form it has and which it had.

    Parameters
    ----------
    url
        See `store.database.Database.open`.
    to
        The form to go to; an upgrade goes to the newest without it.

    Raises
    ------
    InputError
        If the URL or the form is none, or the folder of a file cannot be made.
    NotReadyError
        If a newer program made the database.
    UnavailableError
        If the database cannot be reached.
    """
    database = Database.open(url)
    try:
        before = database.form()
        if action == "upgrade":
            database.upgrade(to)
        elif action == "downgrade":
            database.downgrade(to or "base")
        told = {"database": database.url.render_as_string(), "form": database.form(), "before": before}
    except UnavailableError as error:
        raise type(error)(f"{database.url.render_as_string()}: {error}") from None
    finally:
        database.close()
    return told | {"newest": newest()}
