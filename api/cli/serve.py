"""`evenflow serve`: the API and the planner console over what is loaded."""

from __future__ import annotations

import gc
import math
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.output import stderr, to_json
from api.logs import log_to
from api.settings import Settings, read_settings
from api.traces import traced
from contracts.errors import InputError, NotReadyError

if TYPE_CHECKING:
    import uvicorn

    from api.http.house import Net
    from store.snapshot import Snapshot

__all__ = ["serve", "serve_command"]

_SECONDS_TO_END = 3
_SECONDS_TO_LOOK_AGAIN = 5


def serve_command(
    home: Annotated[Path | None, typer.Option(help="Folder of loaded networks; EVENFLOW_HOME by default.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on; this machine only by default.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port; 0 takes any free one.")] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes that answer; 1 by default. Several have no console.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the addresses as one JSON object.")] = False,  # noqa: FBT002
) -> None:
    """Serve the API and the planner console until Ctrl-C.

    Example: evenflow serve --home .evenflow --port 8000
    """
    settings = read_settings(home=home, host=host, port=port, processes=processes)
    serve(settings, as_json=as_json)


def serve(settings: Settings, *, as_json: bool = False) -> None:
    """Serve until SIGINT or SIGTERM; return once everything has ended.

    Raises
    ------
    InputError
        If the address cannot be listened on, or others could reach it though no key was ever made.
    """
    first_key = _first_key(settings)
    listener = _listen(settings.host, settings.port)
    log_to(sys.stderr, settings.log)
    with listener:
        if settings.processes > 1:
            _serve_together(settings, listener, first_key=first_key, as_json=as_json)
            return
        server, warming = _server(settings, listener, first_key=first_key, as_json=as_json)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _ignore)  # uvicorn ends by itself, then sends the signal again
        with traced("evenflow-server"):
            server.run(sockets=[listener])
    _leave_behind(warming)


def _leave_behind(thread: threading.Thread) -> None:
    """End the process if a thread is still at work: Arrow's end would wait for it, which waits for Python, for ever."""
    if thread.is_alive():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _serve_together(settings: Settings, listener: socket.socket, *, first_key: str | None, as_json: bool) -> None:
    """Serve one socket by several processes, which share what was read and indexed before they parted."""
    with tempfile.TemporaryDirectory(prefix="evenflow-counts-") as counts:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = counts  # read when prometheus_client is imported, below
        from prometheus_client.multiprocess import mark_process_dead

        from api.cli.crew import Crew
        from api.http.app import Shared, create_app
        from api.http.shared_counts import SharedCounts
        from store.home import Home

        shared = Shared(Home(settings.home), SharedCounts(), Path(counts))
        ready = _warm_up(shared.home.current)
        gc.collect()
        gc.freeze()  # what is here stays: a collection would write to it, and what is written to is copied

        def work() -> None:
            app = create_app(settings, shared=shared)
            with traced("evenflow-server"):
                started = (lambda: None) if ready else _getting_ready(app.state.house.net).start
                _uvicorn(app, settings, started).run(sockets=[listener])

        _announce(_addresses(listener, console=False) | {"key": first_key}, as_json=as_json, together=True)

        def forget(pid: int) -> None:
            mark_process_dead(pid, counts)  # type: ignore[no-untyped-call]

        Crew(work, settings.processes, ended=forget).run()


def _first_key(settings: Settings) -> str | None:
    """Return a new key of the operator if there never was one, so that nobody serves without; else None."""
    local = _is_local(settings.host)
    if settings.access == "open":
        if not local:
            raise InputError("EVENFLOW_ACCESS", "keys, where others can reach the address", "open")
        return None
    from services.keys import create_key, list_keys
    from store.database import Database

    database = Database.open(settings.database())
    try:
        if list_keys(database):
            return None
        if not local:
            raise InputError(
                "--host", "this machine's own address until there is a key: evenflow keys create", settings.host
            )
        made = create_key(database, name="the first key of this home", role="admin", now_ms=time.time_ns() // 1_000_000)
    finally:
        database.close()
    return made.secret


def _is_local(host: str) -> bool:
    return host in ("::1", "localhost") or host.startswith("127.")


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise InputError(f"--port {port}", f"a free port on {host}", error.strerror or str(error)) from None
    except OverflowError:
        raise InputError("--port", "0 to 65535", port) from None


def _server(
    settings: Settings, listener: socket.socket, *, first_key: str | None, as_json: bool
) -> tuple[uvicorn.Server, threading.Thread]:
    """Return the server, and the thread that gets it ready once it listens."""
    from api.http.app import create_app

    app = create_app(settings)
    addresses = _addresses(listener, console=_add_console(app)) | {"key": first_key}
    if settings.access == "keys" and addresses["console"]:
        addresses["console"] = f"{addresses['url']}/sign-in?ticket={app.state.door.ticket}"

    warming = _getting_ready(app.state.house.net)

    def started() -> None:
        _announce(addresses, as_json=as_json)
        warming.start()

    return _uvicorn(app, settings, started), warming


def _uvicorn(app: Any, settings: Settings, started: Callable[[], None]) -> uvicorn.Server:
    import uvicorn

    from api.http.patience import Patience

    patience = Patience(settings.body_seconds)

    async def look() -> None:
        patience.end(server.server_state.connections)

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                app.state.connections = lambda: len(self.server_state.connections)
                started()

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            if sig == signal.SIGTERM:  # Ctrl-C is somebody who waits; SIGTERM lets what is at work end by itself
                self.config.timeout_graceful_shutdown = math.ceil(settings.shutdown_seconds)
                app.state.ends_at = time.monotonic() + settings.shutdown_seconds
            super().handle_exit(sig, frame)

    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_SECONDS_TO_END,
        callback_notify=look,
        timeout_notify=1,
    )
    server = Server(config)  # named, for `look`
    return server


def _add_console(app: Any) -> bool:
    from api.console import mount

    return mount(app)


def _addresses(listener: socket.socket, *, console: bool) -> dict[str, Any]:
    host, port, *_ = listener.getsockname()
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    url = f"http://{shown}:{port}"
    return {
        "url": url,
        "docs": f"{url}/docs",
        "console": f"{url}/console" if console else None,
        "local": _is_local(host),
    }


def _announce(addresses: dict[str, Any], *, as_json: bool, together: bool = False) -> None:
    if as_json:
        typer.echo(to_json(addresses).decode())
        return
    missing = "by one process only" if together else "not installed (pip install 'evenflow[console]')"
    console = addresses["console"] or missing
    stderr.print(f"Evenflow is listening on {addresses['url']}", highlight=False)
    stderr.print(f"  planner console  {console}", highlight=False, soft_wrap=True)
    stderr.print(f"  API to try       {addresses['docs']}", highlight=False)
    if addresses["key"]:
        stderr.print(f"  your API key     {addresses['key']}", highlight=False, soft_wrap=True)
        stderr.print("                   shown this once; `evenflow keys create` makes others")
    stderr.print("Ctrl-C ends it.")


def _getting_ready(net: Net) -> threading.Thread:
    """Return a thread that gets ready what the first match would wait for, as soon as something is loaded.

    Compiling takes a minute on a new machine: until it is over no order is answered where all requests are read.
    """
    net.getting_ready = True

    def get_ready() -> None:
        while not _warm_up(lambda: net.current().snapshot):
            time.sleep(_SECONDS_TO_LOOK_AGAIN)
        net.getting_ready = False

    return threading.Thread(target=get_ready, name="warm-up", daemon=True)


def _warm_up(current: Callable[[], Snapshot]) -> bool:
    """Return whether all is ready; nothing loaded, or nothing offered, leaves loops to compile."""
    from services.warm_up import warm_up

    try:
        return warm_up(current())
    except NotReadyError:
        return False


def _ignore(number: int, frame: object) -> None:
    del number, frame
