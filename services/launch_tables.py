"""What a launch forecast looks at: the loaded network's tables and what came in since, as one stream."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from contracts.errors import NotReadyError, UnknownIdError
from forecast.signal_times import TIMEZONE
from forecast.signals import arrivals
from services.ingest import Inlet
from store.snapshot import Snapshot

__all__ = ["LIFE", "LaunchTables", "history_at", "launch_styles", "own_tables"]

LIFE = pd.Timedelta(days=25)
_VOICES = ("kol", "guide", "group_leader")


@dataclass(frozen=True, kw_only=True)
class LaunchTables:
    """Tables of `forecast.launch.forecaster`: styles, arrivals of signals, daily sales, KOLs."""

    styles: pd.DataFrame
    signals: pd.DataFrame
    sales: pd.DataFrame
    kols: pd.DataFrame


def launch_styles(snapshot: Snapshot) -> pd.DataFrame:
    """Return the styles of a loaded network; raises NotReadyError if it has none."""
    styles = snapshot.table("styles")
    if styles.empty:
        raise NotReadyError(
            "the loaded network has no styles: add styles.csv (style_id, launch_at, …) and load again with "
            "`evenflow load DIR`"
        )
    return styles


def finals(styles: pd.DataFrame) -> pd.Series:
    """Return from when on each style's total counts as known; NaT where there is none."""
    usual = styles["launch_at"] + LIFE
    final = styles["final_at"].fillna(usual) if "final_at" in styles else usual
    return final.where(styles["total"].notna() if "total" in styles else False)


def history_at(snapshot: Snapshot, inlet: Inlet, at: pd.Timestamp) -> LaunchTables:
    """Return the styles whose total was known at a moment, and what had been observed of them by then."""
    styles = launch_styles(snapshot)
    known = styles[(finals(styles) <= at).to_numpy()]
    look = _Look(snapshot=snapshot, inlet=inlet, at=at)
    return look.at_styles(known, snapshot.table("signals"), inlet.facts.signals.read())


def own_tables(snapshot: Snapshot, inlet: Inlet, style_id: str, at: pd.Timestamp) -> LaunchTables:
    """Return one style and what had been observed of it by a moment.

    Raises
    ------
    UnknownIdError
        If the loaded network does not have it.
    """
    styles = launch_styles(snapshot)
    own = styles[(styles["style_id"] == style_id).to_numpy()].drop(columns=["total", "final_at"], errors="ignore")
    if own.empty:
        raise UnknownIdError("style", style_id)
    look = _Look(snapshot=snapshot, inlet=inlet, at=at, style_id=style_id)
    return look.at_styles(own, snapshot.rows("signals", "style_id", style_id), inlet.facts.signals.read(style_id))


@dataclass(frozen=True, kw_only=True)
class _Look:
    """A look at what had been observed by a moment, of one style or of many."""

    snapshot: Snapshot
    inlet: Inlet
    at: pd.Timestamp
    style_id: str | None = None

    def at_styles(self, styles: pd.DataFrame, loaded: pd.DataFrame, came: pd.DataFrame) -> LaunchTables:
        """Return the tables of styles; `loaded` and `came` are signals, of other styles, too."""
        kols = _kols(self.snapshot, self.inlet)
        both = pd.concat([frame for frame in (loaded, came) if len(frame)] or [came], ignore_index=True)
        seen = both["style_id"].isin(styles["style_id"]) & (both["observed_at"] <= self.at)
        signals = arrivals(both[seen.to_numpy()])
        party = dict(zip(kols["pseudonym"], kols["kol_id"], strict=True))
        signals["kol_id"] = signals["kol_id"].map(lambda name: party.get(name, name), na_action="ignore").astype("str")
        return LaunchTables(
            styles=styles.reset_index(drop=True),
            signals=signals,
            sales=self._sales(set(styles["style_id"])),
            kols=kols.drop(columns="pseudonym"),
        )

    def _sales(self, ids: set[str]) -> pd.DataFrame:
        """Return pieces by style and day that were over: loaded sales, and orders of styles without any."""
        loaded = self.snapshot.table("sales")
        sold = pd.DataFrame({"style_id": pd.Series(dtype="str"), "ds": pd.Series(dtype="datetime64[us]"), "y": []})
        if "style_id" in loaded:
            rows = loaded[loaded["style_id"].isin(ids).to_numpy()]
            back = rows["returned"].fillna(0.0) if "returned" in rows else 0.0
            sold = pd.DataFrame({"style_id": rows["style_id"], "ds": rows["ds"], "y": rows["y"] - back})
        lines = self.inlet.facts.orders.read(self.style_id)
        ordered = _order_sales(lines[lines["style_id"].isin(ids - set(sold["style_id"])).to_numpy()], self.at)
        both = pd.concat([frame for frame in (sold, ordered) if len(frame)] or [sold], ignore_index=True)
        over = both["ds"] + pd.Timedelta(days=1) <= self.at.tz_convert(TIMEZONE).tz_localize(None)
        summed = both[over.to_numpy()].groupby(["style_id", "ds"], as_index=False)["y"].sum()
        return summed.assign(y=summed["y"].clip(lower=0.0))


def _kols(snapshot: Snapshot, inlet: Inlet) -> pd.DataFrame:
    """Return the voices of the network, with the names that ingested rows know them by."""
    parties = snapshot.table("parties")
    heard = parties[parties["kind"].isin(_VOICES).to_numpy()].drop_duplicates("id")
    told = pd.DataFrame({"kol_id": heard["id"], "pseudonym": inlet.names.of(heard["id"])})
    for name, most in (("followers", 1e12), ("trust", 1.0)):
        if name in heard:
            told[name] = pd.to_numeric(heard[name], errors="coerce").clip(0.0, most)
    return told[told["pseudonym"].notna()].drop_duplicates("pseudonym").reset_index(drop=True)


def _order_sales(lines: pd.DataFrame, at: pd.Timestamp) -> pd.DataFrame:
    """Return the pieces of order lines, by the day they were paid, as last observed by a moment."""
    known = lines[(lines["observed_at"] <= at).to_numpy()].sort_values(["observed_at", "state"])
    last = known.drop_duplicates(["source", "order_id", "line_id"], keep="last")
    bought = last[(last["paid_at"].notna() & (last["state"] != "cancelled")).to_numpy()]
    kept = bought["pieces"] - bought["returned"].fillna(0.0)
    return pd.DataFrame(
        {"style_id": bought["style_id"], "ds": bought["paid_at"].dt.tz_localize(None).dt.normalize(), "y": kept}
    )
