"""Offers that were made, and what sellers and brands answered since."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from contracts.errors import NotReadyError
from store.durable import flush_folder, put
from store.record_log import RecordLog

__all__ = ["OfferShelf"]


class OfferShelf:
    """The offers in ``HOME/offers``: a folder each, one of them current, and the log of answers.

    Parameters
    ----------
    home
        The home folder.
    keep
        How many stay, the latest ones.
    """

    def __init__(self, home: Path, *, keep: int = 5) -> None:
        self._folder, self._keep = home / "offers", keep
        self.answers = RecordLog(self._folder / "answers.jsonl")

    def put(self, tables: Mapping[str, pd.DataFrame], summary: Mapping[str, Any]) -> str:
        """Keep offers, whole or not at all, make them current, and return their id, which sorts by time."""
        name = f"offers-{time.time_ns() // 1_000_000:012x}{secrets.token_hex(4)}"
        self._folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".staging-", dir=self._folder))
        try:
            for table, frame in tables.items():
                frame.to_parquet(staging / f"{table}.parquet", index=False)
            (staging / "summary.json").write_bytes(orjson.dumps(dict(summary), option=orjson.OPT_SERIALIZE_NUMPY))
            flush_folder(staging)
            staging.rename(self._folder / name)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        put(self._folder / "current", lambda path: _write_text(path, name))
        kept = sorted((path for path in self._folder.glob("offers-*") if path.is_dir()), reverse=True)
        for old in kept[self._keep :]:
            shutil.rmtree(old, ignore_errors=True)
        return name

    def current(self) -> str | None:
        """Return the id of the current offers, None before any were made."""
        try:
            name = (self._folder / "current").read_text(encoding="utf-8").strip()
        except (FileNotFoundError, NotADirectoryError):
            name = ""
        return name if name and (self._folder / name / "summary.json").is_file() else None

    def table(self, table: str, **where: str) -> pd.DataFrame:
        """Return a table of the current offers, only the rows with the given values.

        Raises
        ------
        NotReadyError
            If no offers were made, or they have no such table.
        """
        name = self.current()
        if name is None:
            raise NotReadyError("no offers have been made yet: `POST /v1/offers`")
        path = self._folder / name / f"{table}.parquet"
        if not path.is_file():
            raise NotReadyError(f"{name} has no {table}: send `free` with `POST /v1/offers`")
        filters = [(column, "==", value) for column, value in where.items()]
        return pd.read_parquet(path, filters=filters or None)


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
