"""The database of transactions: SQLite by default, PostgreSQL in production; one small interface to both."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from contracts.errors import InputError, NoRoomError, UnavailableError, unwritten
from store.engines import checked_url, engine_of
from store.eyes import narrow, reading_tenant
from store.group_writer import GroupWriter
from store.opened_file import OpenedFile
from store.probe import Probe
from store.turns import Turns
from store.upgrade import downgrade, require_current, revision_of, upgrade

__all__ = ["Database", "Work"]

T = TypeVar("T")
Work = Callable[[Connection], T]
_ATTEMPTS = 5
_SECONDS_TO_ANSWER = 5.0
_AUTOCOMMIT = {"isolation_level": "AUTOCOMMIT"}
_AGAIN = ("40001", "40P01")  # serialisation failure, deadlock: PostgreSQL took everything back
_DISK_FULL = "53100"
_LACKS = ("42P01", "42703")  # a table, a column
_TROUBLE = frozenset(
    (
        sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
    )
)  # fmt: skip


class Database:
    """Where transactions are kept. Any number of threads and processes may use one.

    Nothing is connected before the first use. An embedded SQLite file brings itself up to date then; PostgreSQL must
    have been, by ``evenflow db upgrade``. A file that is deleted or moved away while it is open is missed at once:
    nothing is read from or written to what no path leads to; one that is put in its place is taken up.

    Examples
    --------
    >>> import tempfile
    >>> from sqlalchemy import text
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     database = Database.open(f"sqlite:///{folder}/a.db")
    ...     database.read(lambda connection: connection.scalar(text("SELECT count(*) FROM outbox")))
    ...     database.close()
    0
    """

    _ready = False

    def __init__(self, url: str) -> None:
        self.url = checked_url(url)
        self.embedded = self.url.get_backend_name() == "sqlite"
        self.file = Path(str(self.url.database)) if self.embedded else None
        self.engine = engine_of(self.url)
        self._opened = None if self.file is None else OpenedFile(self.file)
        self._writer = None if self._opened is None else GroupWriter(self.engine, self._opened)
        self.turns = Turns()
        """For what threads of this process write to the same row."""
        self._lock = threading.Lock()
        self._probe = Probe(self._answers, seconds=_SECONDS_TO_ANSWER)

    @classmethod
    def open(cls, url: str) -> Database:
        """Return the database at a URL (``sqlite:///FILE``, ``postgresql://USER@HOST/NAME``).

        Raises
        ------
        InputError
            If it is no such URL.
        """
        return cls(url)

    def write(self, work: Work[T], *, single: bool = False) -> T:
        """Return what `work` makes in a transaction, once it is durable; all of it happens, or nothing.

        Parameters
        ----------
        work
            Takes a connection. It may be called again when another transaction was in the way, so it changes nothing
            but the database; what it raises is raised here, after its changes were taken back.
        single
            It executes one statement that is safe to repeat (an idempotency key is in it): on PostgreSQL it then is
            a transaction by itself, a third of the way to the server and back.

        Raises
        ------
        UnavailableError
            If the database cannot be reached, has no room or is locked for too long. Nothing has changed then, unless
            the text says that this is not known.
        NotReadyError
            If PostgreSQL is not up to date.
        """
        with self._told():
            self.make_ready()
            return self._transaction(work, single=single) if self._writer is None else self._writer.submit(work)

    def read(self, work: Work[T], *, whole: bool = False) -> T:
        """Return what `work` reads, on a connection of its own; one statement sees one moment.

        Parameters
        ----------
        work
            Takes a connection. On PostgreSQL it finds nothing of other tenants within `store.eyes.as_tenant`.
        whole
            It looks at everybody's rows all the same; the caller decides who is told of them.

        Raises
        ------
        UnavailableError, NotReadyError
            As for `write`.
        """
        with self._told():
            self.make_ready()
            if self._writer is None:
                tenant = None if whole else reading_tenant()
                return self._repeated(lambda: self._look(work, tenant))
            with self.engine.connect() as connection:
                return work(connection)

    def require(self) -> None:
        """Raise UnavailableError or NotReadyError unless it answers in 5 s and is up to date; no file yet is well."""
        self._probe.ask()

    def _answers(self) -> None:
        if self.made:
            self.read(lambda connection: connection.scalar(text("SELECT 1")), whole=True)

    def make_ready(self) -> None:
        """Bring an embedded file up to date; require it of PostgreSQL. Does so once, and again for another file."""
        if not self._is_ready():
            with self._lock:
                self._ready = self._is_ready() or self._made_ready()

    @property
    def made(self) -> bool:
        """Whether there can be anything in it: a file that was never written to is not there."""
        return self.file is None or self._ready or self.file.exists()

    def form(self) -> str | None:
        """Return the name of the form the database has; None for an empty one."""
        if self.file is not None and not self.file.exists():
            return None
        with self._told():
            return revision_of(self.engine)

    def upgrade(self, to: str | None = None) -> None:
        """Bring it to a form, the newest by default; see `store.upgrade`. Makes the folder of a file."""
        if self.file is not None:
            _make_folder(self.file.parent)
        with self._told():
            upgrade(self.engine, to)

    def downgrade(self, to: str) -> None:
        """Take it back to an older form; see `store.upgrade`."""
        with self._told():
            downgrade(self.engine, to)
            self._ready = False

    def close(self) -> None:
        """Finish the writes that wait, and disconnect."""
        if self._writer is not None:
            self._writer.close()
        self.engine.dispose()

    def _is_ready(self) -> bool:
        return self._ready and (self._opened is None or self._opened.same())

    def _made_ready(self) -> bool:
        if self._opened is None:
            require_current(self.engine)
            return True
        if self._ready:
            self._take_up()
        self.upgrade()
        self._opened.note()
        return True

    def _take_up(self) -> None:
        """Turn to the file that stands where another one was opened; an empty one is no database to go on with."""
        self.engine.dispose()
        if revision_of(self.engine) is None:
            raise UnavailableError(
                "an empty file stands where the database's was: put that back, or start the server anew"
            )

    def _transaction(self, work: Work[T], *, single: bool) -> T:
        return self._repeated(lambda: self._once(work, single=single))

    def _look(self, work: Work[T], tenant: str | None) -> T:
        if tenant is None:
            return self._once(work, single=True)
        with self.engine.connect() as connection:
            narrow(connection, tenant)
            return work(connection)

    def _once(self, work: Work[T], *, single: bool) -> T:
        if single:
            with self.engine.connect().execution_options(**_AUTOCOMMIT) as connection:
                return work(connection)
        with self.engine.connect() as connection:
            result = work(connection)
            try:
                connection.commit()
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                raise UnavailableError(
                    "the connection to the database broke at the commit: whether it happened is not known; repeat it "
                    "with the same key to find out"
                ) from None
            return result

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell trouble with the database, as against a mistake of ours, in one line."""
        try:
            yield
        except PoolTimeoutError:
            raise UnavailableError("too many wait for the database; try again later") from None
        except DataError as error:
            if "NUL" not in str(error.orig):
                raise
            raise InputError("text", "characters that the database keeps", "one with the code 0") from None
        except (DBAPIError, sqlite3.Error) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            if _lacks_something(cause):
                require_current(self.engine)  # it was downgraded while it was open
            if not _is_trouble(error, cause):
                raise
            raise _trouble(cause) from None

    @staticmethod
    def _repeated(once: Callable[[], T]) -> T:
        """Return what `once` returns; try again where the server took everything back, and once after a lost link."""
        lost = False
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return once()
            except DBAPIError as error:
                again = getattr(error.orig, "sqlstate", None) in _AGAIN or (error.connection_invalidated and not lost)
                if not again or attempt == _ATTEMPTS:
                    raise
                lost = lost or error.connection_invalidated
        raise AssertionError  # the last attempt returns or raises


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritten(folder, error, "a folder that can be made") from None


def _trouble(cause: BaseException | None) -> UnavailableError:
    first = str(cause).strip().splitlines() or [type(cause).__name__]
    if _is_full(cause):
        return NoRoomError(f"the disk of the database is full, nothing was kept: {first[0]}")
    return UnavailableError(f"the database does not answer: {first[0]}")


def _lacks_something(cause: BaseException | None) -> bool:
    """Return whether a table or a column is not there."""
    told = str(cause)
    return getattr(cause, "sqlstate", None) in _LACKS or "no such table" in told or "no such column" in told


def _is_full(cause: BaseException | None) -> bool:
    code = getattr(cause, "sqlite_errorcode", None)
    return getattr(cause, "sqlstate", None) == _DISK_FULL or (code is not None and code & 0xFF == sqlite3.SQLITE_FULL)


def _is_trouble(error: Exception, cause: BaseException | None) -> bool:
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        return (code & 0xFF) in _TROUBLE
    return isinstance(error, OperationalError) or (isinstance(error, DBAPIError) and error.connection_invalidated)
