"""Signals and orders of platforms, taken in: made rows, names hashed, checked, kept once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from contracts.errors import EvenflowError, InputError
from contracts.progress import Report, silent
from contracts.tables import TableSchema
from forecast.signal_intake import sift, styles_of
from forecast.signal_times import parse_times
from forecast.tables import ACTIVITY, ORDER_LINES, SIGNALS
from services.connectors.payload import Call
from services.files import write_table
from services.ingest_files import Told, read_map, read_source
from store.database import Database
from store.fact_book import forget_kol
from store.facts import Facts
from store.launch_book import LaunchBook
from store.pseudonyms import Pseudonyms

__all__ = ["IngestReport", "Inlet", "call_of", "forget_party", "ingest_file"]

_SCHEMAS = {"signals": SIGNALS, "orders": ORDER_LINES, "activity": ACTIVITY}


@dataclass(frozen=True)
class Inlet:
    """Where rows go, and how names are hashed on the way.

    Parameters
    ----------
    facts
        The logs.
    names
        The pseudonyms.
    book
        The estimates made of the rows, which name parties, too.
    """

    facts: Facts
    names: Pseudonyms
    book: LaunchBook

    @classmethod
    def of(cls, home: Path, *, key: str | None = None) -> Inlet:
        """Return the inlet of a home; `key` is the operator's secret for pseudonyms, if it is kept elsewhere."""
        return cls(Facts(home), Pseudonyms(home, key=key), LaunchBook(home))


@dataclass(frozen=True, kw_only=True)
class IngestReport:
    """What became of a file.

    Parameters
    ----------
    applied, known, quarantined
        New rows, rows that were there already, and rows that cannot be used.
    summary
        The same by table as plain values, for people and programs.
    """

    applied: int
    known: int
    quarantined: int
    summary: dict[str, Any]


def call_of(
    path: Path,
    *,
    observed_at: str | None = None,
    account_id: str | None = None,
    kol_id: str | None = None,
    content_id: str | None = None,
) -> Call:
    """Return what a file does not say itself: when it was observed, as told or by its age, and from whom it is.

    Raises
    ------
    InputError
        If the moment is none.
    """
    known = Call(fetched_at=None, account_id=account_id, kol_id=kol_id, content_id=content_id)
    if observed_at is None:
        return replace(known, fetched_at=int(path.stat().st_mtime) if path.is_file() else None)
    moment = parse_times(pd.Series([observed_at])).iloc[0]
    if pd.isna(moment):
        raise InputError("--observed-at", "a moment like 2026-03-01 12:00:00", observed_at)
    return replace(known, fetched_at=moment, observed_at=moment)


def ingest_file(
    source: str,
    path: Path,
    inlet: Inlet,
    *,
    call: Call,
    style_map: Path | None = None,
    layout: Path | None = None,
    strict: bool = False,
    progress: Report = silent,
) -> IngestReport:
    """Take in a file of a platform; the same file again changes nothing.

    Only the columns of the tables are kept (`forecast.tables`), of rows in quarantine, too, and ``kol_id`` as a keyed
    hash: who a shopper is never reaches the disk. Rows that cannot be used are written to ``quarantine/<file>.csv``
    beside the file, with the number of the payload (or row) and the reason.

    Parameters
    ----------
    source
        One of `services.ingest_files.SOURCES`.
    path
        JSON answers of the platform, one or many (a list, or one a line), or for ``csv`` a table.
    call
        What the file does not say itself.
    style_map
        Table `STYLE_MAP`: which post, product, page or account is about which style.
    layout
        For ``csv``: which column is what (`services.connectors.table`).
    strict
        Keep nothing if one row cannot be used.

    Raises
    ------
    InputError
        If a file or an option is wrong, or the home or the quarantine cannot be written.
    EvenflowError
        If `strict` and a row cannot be used. Nothing has changed then.
    """
    progress("read", 0, 2)
    styles = read_map(style_map)
    told = read_source(source, path, call, layout=layout)
    progress("read", 1, 2)
    sifted = {name: _sifted(rows, _SCHEMAS[name], inlet, styles) for name, rows in told.items()}
    bad = _joined({name: rejected for name, (_, rejected) in sifted.items()})
    if strict and len(bad):
        raise EvenflowError(f"{_first(path, bad)}; nothing was kept, because --strict refuses {len(bad)} such row(s)")
    quarantine = _quarantine(path, bad)
    added = {name: inlet.facts.logs[name].add(good) for name, (good, _) in sifted.items()}
    progress("read", 2, 2)
    applied, known = (sum(getattr(part, name) for part in added.values()) for name in ("applied", "known"))
    summary = {
        "source": source,
        **{name: {"applied": part.applied, "known": part.known} for name, part in added.items()},
        "applied": applied,
        "known": known,
        "quarantined": len(bad),
        "first_reason": _first(path, bad) if len(bad) else None,
        "quarantine": str(quarantine) if len(bad) else None,
    }
    return IngestReport(applied=applied, known=known, quarantined=len(bad), summary=summary)


def forget_party(party_id: str, inlet: Inlet, database: Database) -> dict[str, Any]:
    """Forget a party: its rows stay as counts without a name, and its name is never kept again.

    In the inputs of kept estimates it gets a random name, so that they can still be replayed.

    Parameters
    ----------
    party_id
        The party as the platforms, or the network, call it.
    database
        Where facts are kept.
    """
    name = inlet.names.forget(party_id)
    known_as = [name, party_id.strip()]
    facts = forget_kol(database, known_as) if database.made else 0
    inputs = inlet.book.forget(known_as)
    return {"pseudonym": name, "rows": inlet.facts.forget(name), "facts": facts, "inputs": inputs}


def _sifted(
    told: Told, schema: TableSchema, inlet: Inlet, styles: pd.DataFrame | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return usable rows and the others, both without names of persons."""
    raw, origin = told
    raw, origin = raw.reset_index(drop=True), pd.Series(origin)
    if "if_mapped" in raw:  # a guide's name stands for a style only where the map says so
        raw["style_id"] = styles_of(raw, styles)
        kept = (raw["style_id"].notna() | raw.pop("if_mapped").isna()).to_numpy()
        raw, origin = raw[kept].drop(columns="external_id").reset_index(drop=True), origin[kept].reset_index(drop=True)
    if "kol_id" in raw:
        raw["kol_id"] = inlet.names.of(raw["kol_id"])
    good, bad = sift(raw, schema, styles=styles)
    bad["row"] = origin.to_numpy()[bad["row"].to_numpy(int) - 1]
    return good, bad


def _joined(bad: dict[str, pd.DataFrame]) -> pd.DataFrame:
    frames = [frame.astype(object).assign(table=name) for name, frame in bad.items() if len(frame)]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _quarantine(path: Path, bad: pd.DataFrame) -> Path:
    """Write the unusable rows beside the file; remove what an earlier run wrote and is good now."""
    target = path.parent / "quarantine" / f"{path.stem}.csv"
    try:
        if len(bad):
            target.parent.mkdir(exist_ok=True)
            write_table(bad, target)
        else:
            target.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(str(target.parent), "a folder for the rows that cannot be used", error.strerror) from None
    return target


def _first(path: Path, bad: pd.DataFrame) -> str:
    of = "row" if path.suffix in (".csv", ".parquet") else "payload"
    return f"{path.name}, {of} {bad['row'].iloc[0]} ({bad['table'].iloc[0]}): {bad['reason'].iloc[0]}"
