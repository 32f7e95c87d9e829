"""Planners' adjustments of forecasts."""

from __future__ import annotations

from pathlib import Path

from store.record_log import RecordLog

__all__ = ["OverrideLog"]


class OverrideLog(RecordLog):
    """The records in ``HOME/overrides.jsonl``.

    Parameters
    ----------
    home
        The home folder, made at the first record.
    """

    def __init__(self, home: Path) -> None:
        super().__init__(home / "overrides.jsonl")
