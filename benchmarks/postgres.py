"""A PostgreSQL server of one's own, for measurements and tests: made in a temporary folder, gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

__all__ = ["Cluster", "postgres_programs"]

_DEBIAN = Path("/usr/lib/postgresql")
_USER = "evenflow"
_SECONDS = 60


def postgres_programs() -> Path | None:
    """Return the folder of ``initdb`` and ``pg_ctl`` (Debian's, the newest version); None if there is none."""
    found = [path.parent for path in _DEBIAN.glob("*/bin/initdb")]
    on_path = shutil.which("initdb")
    found += [Path(on_path).parent] if on_path else []
    return max(found, key=_version, default=None)


def _version(programs: Path) -> int:
    name = programs.parent.name
    return int(name) if name.isdigit() else 0


class Cluster:
    """A running server that listens on a Unix socket only. PostgreSQL refuses to run as root: an ordinary user does.

    Parameters
    ----------
    durable
        Whether commits wait for the disk; tests that pull no plug need not.
    settings
        Further settings of the server, ``name=value``.
    """

    def __init__(self, *, durable: bool = True, settings: Sequence[str] = ()) -> None:
        programs = postgres_programs()
        if programs is None:
            raise FileNotFoundError("no initdb: install Debian's package postgresql")
        self._programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="evenflow-pg-"))
        self._data = self.folder / "data"
        self._options = ["listen_addresses=", f"unix_socket_directories={self.folder}", "max_connections=100"]
        self._options += [] if durable else ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        self._options += settings
        self._databases = 0
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        self.folder.chmod(0o755)
        self._run("initdb", "-D", str(self._data), "-U", _USER, "-A", "trust", "-E", "UTF8", "--no-sync")
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = " ".join(f"-c {option}" for option in self._options)
        self._run("pg_ctl", "-D", str(self._data), "-w", "-s", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        """Stop the server, breaking its connections."""
        self._run("pg_ctl", "-D", str(self._data), "-w", "-s", "-m", "fast", "stop")

    def kill(self) -> None:
        """Kill the server with all its processes, without warning (SIGKILL), as a failing machine would."""
        main = int((self._data / "postmaster.pid").read_text().split()[0])
        listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(main)], capture_output=True, text=True, check=False)
        for pid in (main, *map(int, listed.stdout.split())):
            _kill(pid)
        deadline = time.monotonic() + _SECONDS
        while Path(f"/proc/{main}").exists() and time.monotonic() < deadline:
            time.sleep(0.01)

    def new_database(self, *, folder: Path | None = None, template: str = "template1") -> str:
        """Make a database, empty or a copy of another one, and return its URL.

        Parameters
        ----------
        folder
            Where its tables lie (tablespace ``small``), if not in the server's own; its log stays there.
        template
            Name of the database it copies.
        """
        self._databases += 1
        name = f"db{self._databases}"
        where = ""
        if folder is not None:
            place = folder / name
            place.mkdir()
            if os.geteuid() == 0:
                shutil.chown(place, "postgres")
            self.psql(f"CREATE TABLESPACE small LOCATION '{place}'")
            where = " TABLESPACE small"
        self.psql(f"CREATE DATABASE {name} TEMPLATE {template}{where}")
        return f"postgresql://{_USER}@/{name}?host={self.folder}"

    def drop_database(self, url: str) -> None:
        """Drop a database, breaking its connections."""
        self.psql(f"DROP DATABASE {url.partition('@/')[2].partition('?')[0]} WITH (FORCE)")

    def psql(self, statement: str) -> None:
        """Execute a statement as the superuser."""
        self._run("psql", "-h", str(self.folder), "-U", _USER, "-d", "postgres", "-q", "-c", statement)

    def remove(self) -> None:
        """Stop the server and delete everything."""
        if (self._data / "postmaster.pid").exists():
            self._run("pg_ctl", "-D", str(self._data), "-w", "-s", "-m", "immediate", "stop", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        command = [str(self._programs / program), *arguments]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        # The server inherits what it may write to: a pipe of ours would never end.
        with (self.folder / "out").open("w+b") as told:
            done = subprocess.run(command, stdout=told, stderr=told, stdin=subprocess.DEVNULL, cwd="/", check=False)
            told.seek(0)
            if check and done.returncode:
                raise RuntimeError(f"{program} failed: {told.read().decode(errors='replace').strip()}")


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
