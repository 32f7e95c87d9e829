"""Every plan that was kept, so that two can be compared and the next one can start from the last."""

from __future__ import annotations

import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from contracts.errors import UnknownIdError, unwritten
from store.durable import flush_folder, put

__all__ = ["KeptPlan", "PlanShelf"]

_ID = re.compile(r"plan-[0-9a-f]{20}")
_USES = ("current", "dispatched")


@dataclass(frozen=True)
class KeptPlan:
    """A plan on the disk: its figures, and its tables by name."""

    id: str
    folder: Path

    @property
    def summary(self) -> dict[str, Any]:
        """Key figures."""
        found: dict[str, Any] = orjson.loads((self.folder / "summary.json").read_bytes())
        return found

    def table(self, name: str) -> pd.DataFrame:
        """Return a table.

        Raises
        ------
        UnknownIdError
            If the plan has no such table.
        """
        path = self.folder / f"{name}.parquet"
        if not name.isidentifier() or not path.is_file():
            raise UnknownIdError("table", name, where=self.id)
        return pd.read_parquet(path)


class PlanShelf:
    """The plans in ``HOME/plans``, a folder each; two small files there name the ones in use.

    `current` is the loaded network's; the steps of `dispatched` are what workshops are asked to do.

    Parameters
    ----------
    home
        The home folder.
    keep
        How many stay, the latest ones and those in use.
    """

    def __init__(self, home: Path, *, keep: int = 100) -> None:
        self._folder, self._keep = home / "plans", keep

    def put(
        self,
        tables: Mapping[str, pd.DataFrame],
        summary: Mapping[str, Any],
        *,
        current: bool = False,
        dispatched: bool = False,
    ) -> str:
        """Keep a plan, whole or not at all, and return its id, which sorts by time.

        Raises
        ------
        InputError
            If the folder cannot be made.
        """
        name = f"plan-{time.time_ns() // 1_000_000:012x}{secrets.token_hex(4)}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritten(self._folder, error, "a folder that can be made") from None
        staging = Path(tempfile.mkdtemp(prefix=".staging-", dir=self._folder))
        try:
            for table, frame in tables.items():
                frame.to_parquet(staging / f"{table}.parquet", index=False)
            text = orjson.dumps(
                {**summary, "plan_id": name}, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
            )
            (staging / "summary.json").write_bytes(text)
            flush_folder(staging)
            staging.rename(self._folder / name)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        for use, wanted in zip(_USES, (current, dispatched), strict=True):
            if wanted:
                put(self._folder / use, lambda path: _write_text(path, name))
        self._prune()
        return name

    def get(self, plan_id: str) -> KeptPlan:
        """Return a plan.

        Raises
        ------
        UnknownIdError
            If it is not kept (any more).
        """
        folder = self._folder / plan_id
        if not _ID.fullmatch(plan_id) or not (folder / "summary.json").is_file():
            raise UnknownIdError("plan", plan_id)
        return KeptPlan(plan_id, folder)

    def current(self) -> KeptPlan | None:
        """Return the loaded network's plan; None if none was made."""
        return self._used("current")

    def _used(self, use: str) -> KeptPlan | None:
        try:
            return self.get((self._folder / use).read_text(encoding="utf-8").strip())
        except (FileNotFoundError, NotADirectoryError, UnknownIdError):
            return None

    def ids(self) -> list[str]:
        """Return the ids of the plans, the latest first."""
        if not self._folder.is_dir():
            return []
        return sorted((path.name for path in self._folder.iterdir() if _ID.fullmatch(path.name)), reverse=True)

    def _prune(self) -> None:
        used = {plan.id for plan in map(self._used, _USES) if plan is not None}
        for old in self.ids()[self._keep :]:
            if old not in used:
                shutil.rmtree(self._folder / old, ignore_errors=True)


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
