"""Examine a home and its database: what is well, what is not, and what to do about it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from contracts.errors import EvenflowError, NotReadyError
from services.doctor_flow import examine_flow, examine_webhooks
from services.findings import Finding, State
from services.keys import list_keys
from services.vital_signs import free_bytes
from store.database import Database
from store.home import Home
from store.upgrade import newest, revisions
from store.vital_signs import DatabaseSigns, database_signs

__all__ = ["examine"]

_DAY_MS = 86_400_000
_LITTLE_ROOM, _NO_ROOM = 2 * 2**30, 256 * 2**20  # bytes
_OLD_DAYS = 8  # a network published once a week is not old
_CLOCK_MS = 5_000  # clocks further apart confuse holds and tokens
_SOON_DAYS = 14
_SECRETS = ("link.key", "keys/pseudonyms.key")


def examine(home: Path, database: Database, *, now_ms: int) -> list[Finding]:
    """Look at everything that a server needs, and return each finding; nothing is changed.

    Parameters
    ----------
    home
        The home folder.
    database
        Where transactions are kept.
    now_ms
        This machine's clock, milliseconds since 1970.
    """
    findings = [_home(home), _room(home), _secrets(home), _network(home, now_ms)]
    findings += _models(home)
    return findings + list(_database(database, now_ms))


def _home(home: Path) -> Finding:
    if not home.exists():
        advice = "evenflow load DIR, evenflow demo, or another EVENFLOW_HOME"
        return Finding("home", "watch", f"{home.absolute()} is not there yet", advice)
    try:
        with tempfile.TemporaryFile(dir=home) as file:
            file.write(b"x")
            file.flush()
    except OSError as error:
        advice = "let the user who runs Evenflow write there, or free some room"
        return Finding("home", "wrong", f"{home.absolute()}: {error.strerror or error}", advice)
    return Finding("home", "well", f"{home.absolute()} can be written to")


def _room(home: Path) -> Finding:
    free = free_bytes(home)
    state: State = "wrong" if free < _NO_ROOM else "watch" if free < _LITTLE_ROOM else "well"
    advice = "" if state == "well" else "free some room: writes are refused once there is none"
    return Finding("disk", state, f"{free / 2**30:.1f} GiB free", advice)


def _secrets(home: Path) -> Finding:
    there = [home / name for name in _SECRETS if (home / name).is_file()]
    for path in there:
        if path.stat().st_mode & 0o077:
            return Finding("secrets", "wrong", f"{path} can be read by others", f"chmod 600 {path}")
    return Finding("secrets", "well", f"{len(there)} in the home, read by their owner only")


def _network(home: Path, now_ms: int) -> Finding:
    place = Home(home)
    try:
        snapshot = place.current()
        snapshot.network()
    except NotReadyError as error:
        loaded = (home / "current").exists()
        return Finding("network", "wrong" if loaded else "watch", str(error), "evenflow load DIR")
    except EvenflowError as error:
        return Finding("network", "wrong", str(error), "evenflow load DIR")
    days = max(now_ms - (place.published_at_ms() or now_ms), 0) / _DAY_MS
    told = f"version {snapshot.version}, published {days:.1f} days ago"
    if days > _OLD_DAYS:
        return Finding("network", "watch", told, "load newer files: evenflow load DIR")
    return Finding("network", "well", told)


def _models(home: Path) -> Iterator[Finding]:
    """Yield a finding for each model that was ever kept: it is opened, as a forecast would."""
    from services.champion import open_champion, shelf_of

    root = home / "models"
    for name in sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else ():
        check = f"model {name}"
        try:
            model = open_champion(shelf_of(home, name))
        except NotReadyError as error:
            none = shelf_of(home, name).stamp() == 0
            yield Finding(check, "watch" if none else "wrong", str(error), "evenflow promote or evenflow rollback")
        except EvenflowError as error:
            yield Finding(check, "wrong", str(error), "evenflow rollback")
        else:
            yield _serving(check, model.label, model.refused)


def _serving(check: str, label: str, refused: str | None) -> Finding:
    if refused is None:
        return Finding(check, "well", f"{label} loads")
    return Finding(check, "wrong", f"{label} serves instead of the champion: {refused}", "evenflow promote VERSION")


def _database(database: Database, now_ms: int) -> Iterator[Finding]:
    if not database.made:
        yield Finding("database", "watch", "the file is not there yet", "it is made by the first write")
        return
    try:
        form = database.form()
        if database.embedded and form != newest():
            told = f"{database.url.database} has form {form}, this program needs {newest()}"
            if form in (None, *revisions()):
                yield Finding("database", "watch", told, "it is upgraded by the next start, or by evenflow db upgrade")
            else:
                yield Finding("database", "wrong", told, "upgrade the program: a newer one made it")
            return
        signs = database_signs(database, now_ms=now_ms)
    except NotReadyError as error:
        yield Finding("database", "wrong", str(error), "evenflow db upgrade")
        return
    except EvenflowError as error:
        yield Finding("database", "wrong", str(error), "is it running, and EVENFLOW_DATABASE_URL right?")
        return
    place = database.url.render_as_string()
    yield Finding("database", "well", f"{place} answers in {signs.seconds * 1000:.0f} ms, up to date")
    yield _clock(signs, now_ms)
    yield _sweeping(signs)
    yield from examine_webhooks(database, now_ms=now_ms)
    yield from examine_flow(database, now_ms=now_ms)
    yield _keys(database, now_ms)


def _clock(signs: DatabaseSigns, now_ms: int) -> Finding:
    apart, ahead = signs.clock_ms - now_ms, signs.last_write_ms - now_ms
    if abs(apart) > _CLOCK_MS:
        told = f"the database's clock is {apart / 1000:+.0f} s from this machine's"
        return Finding("clock", "wrong", told, "let both follow a time server")
    if ahead > _CLOCK_MS:
        told = f"the newest write is {ahead / 1000:.0f} s in the future"
        return Finding("clock", "wrong", told, "this machine's clock went back: let it follow a time server")
    return Finding("clock", "well", "agrees with the database")


def _sweeping(signs: DatabaseSigns) -> Finding:
    if signs.holds_overdue:
        told, advice = f"{signs.holds_overdue} holds are due and not expired", "is a server running? It expires them"
        return Finding("holds", "watch", told, advice)
    return Finding("holds", "well", "none is overdue")


def _keys(database: Database, now_ms: int) -> Finding:
    counting = [key for key in list_keys(database) if key.counts(now_ms)]
    if not counting:
        return Finding("keys", "watch", "no key counts", "evenflow keys create --name NAME --role admin")
    soon = [key for key in counting if key.expires_at_ms and key.expires_at_ms < now_ms + _SOON_DAYS * _DAY_MS]
    if soon:
        told = f"{len(soon)} of {len(counting)} end within {_SOON_DAYS} days: {', '.join(key.id for key in soon[:5])}"
        return Finding("keys", "watch", told, "evenflow keys rotate ID")
    return Finding("keys", "well", f"{len(counting)} count")
