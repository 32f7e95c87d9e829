"""The desk of scores of a home folder and its database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from services.ingest import Inlet
from services.launch_estimates import LaunchDesk
from services.scores.desk import ScoreDesk
from store.database import Database
from store.home import Home
from store.score_book import ScoreBook
from store.score_rights import ScoreRights

__all__ = ["open_desk"]


@contextmanager
def open_desk(home: Home, database_url: str, *, key: str | None = None) -> Iterator[ScoreDesk]:
    """Yield the desk; its database is closed afterwards.

    Parameters
    ----------
    home
        The loaded networks.
    database_url
        Where scores and outcomes are kept (`store.database.Database.open`).
    key
        The operator's secret for pseudonyms, if it is kept elsewhere.
    """
    database = Database.open(database_url)
    try:
        launches = cache(lambda: LaunchDesk(home, Inlet.of(home.root, key=key)))  # one for all: it learns once
        yield ScoreDesk(ScoreBook(database), ScoreRights(database), launches)
    finally:
        database.close()
