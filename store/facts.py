"""What came in between loads, in ``HOME/facts``: signals, order lines, activity."""

from __future__ import annotations

from pathlib import Path

from forecast.tables import ACTIVITY, ORDER_LINES, SIGNALS
from store.fact_log import FactLog

__all__ = ["Facts"]


class Facts:
    """The logs of one home; each holds a set of rows of its table.

    Parameters
    ----------
    home
        The home folder.
    """

    def __init__(self, home: Path) -> None:
        folder = home / "facts"
        self.signals = FactLog(folder / "signals", SIGNALS, order=("style_id", "signal_time"))
        self.orders = FactLog(folder / "orders", ORDER_LINES, order=("style_id", "ordered_at"))
        self.activity = FactLog(folder / "activity", ACTIVITY, order=("kol_id", "signal_time"))
        self.logs = {"signals": self.signals, "orders": self.orders, "activity": self.activity}

    def forget(self, pseudonym: str) -> int:
        """Take a party's name off every row, and return how many had it."""
        return sum(
            log.rewrite(lambda rows: rows.assign(kol_id=rows["kol_id"].mask(rows["kol_id"] == pseudonym)))
            for log in self.logs.values()
        )
