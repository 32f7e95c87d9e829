"""Waves that are over, beside the loaded networks: whom each push reached, and when the orders came."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pandas as pd

from contracts.errors import unwritten
from store.durable import put

__all__ = ["WaveBook"]

_MOST = 20  # waves that are learnt from: the latest ones tell the most


class WaveBook:
    """The finished waves of a home.

    Parameters
    ----------
    root
        The home folder.
    """

    def __init__(self, root: Path) -> None:
        self._folder = root / "waves"

    def keep(self, wave_id: str, pushes: pd.DataFrame, orders: pd.DataFrame) -> None:
        """Keep a wave, in place of what was known of it.

        Parameters
        ----------
        pushes
            ``wave_id, community_id, push_at, members, coupon``, of this wave.
        orders
            ``community_id, placed_at, orders``, of this wave.

        Raises
        ------
        NoRoomError, InputError
            If the folder or the file cannot be written.
        """
        rows = pushes.merge(orders[["community_id", "placed_at", "orders"]], on="community_id", how="left")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            put(self._path(wave_id, pushes["push_at"].iloc[0]), lambda path: rows.to_parquet(path, index=False))
        except OSError as error:
            raise unwritten(self._folder, error) from None

    def holds(self, wave_id: str) -> bool:
        """Return whether a wave is kept."""
        return any(self._folder.glob(f"*-{_name(wave_id)}.parquet"))

    def read(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return pushes and orders of the latest waves, as `keep` takes them; orders name their wave, too."""
        files = sorted(self._folder.glob("*.parquet"))[-_MOST:]
        if not files:
            return pd.DataFrame(), pd.DataFrame()
        rows = pd.concat([pd.read_parquet(path) for path in files], ignore_index=True)
        pushes = rows.drop(columns=["placed_at", "orders"]).drop_duplicates(["wave_id", "community_id"])
        came = rows[rows["placed_at"].notna()]
        return pushes.reset_index(drop=True), came[["wave_id", "community_id", "placed_at", "orders"]]

    def _path(self, wave_id: str, push_at: pd.Timestamp) -> Path:
        at = pd.Timestamp(push_at).tz_convert("UTC")
        for before in self._folder.glob(f"*-{_name(wave_id)}.parquet"):
            return before
        return self._folder / f"{at:%Y%m%dT%H%M%S}-{_name(wave_id)}.parquet"


def _name(wave_id: str) -> str:
    return sha256(wave_id.encode()).hexdigest()[:24]
