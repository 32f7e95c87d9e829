"""`evenflow serve`: the API and the planner console over what is loaded."""

from __future__ import annotations

import math
import signal
import socket
import sys
import threading
import time
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

__all__ = ["serve", "serve_command"]

_SECONDS_TO_END = 3


def serve_command(
    home: Annotated[Path | None, typer.Option(help="Folder of loaded networks; EVENFLOW_HOME by default.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on; this machine only by default.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port; 0 takes any free one.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the addresses as one JSON object.")] = False,  # noqa: FBT002
) -> None:
    """Serve the API and the planner console until Ctrl-C.

    Example: evenflow serve --home .evenflow --port 8000
    """
    settings = read_settings(home=home, host=host, port=port)
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
    with listener:
        server = _server(settings, listener, first_key=first_key, as_json=as_json)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _ignore)  # uvicorn ends by itself, then sends the signal again
        with traced("evenflow-server"):
            server.run(sockets=[listener])


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


def _server(settings: Settings, listener: socket.socket, *, first_key: str | None, as_json: bool) -> uvicorn.Server:
    import uvicorn

    from api.http.app import create_app

    log_to(sys.stderr, settings.log)
    app = create_app(settings)
    addresses = _addresses(listener, console=_add_console(app)) | {"key": first_key}
    if settings.access == "keys" and addresses["console"]:
        addresses["console"] = f"{addresses['url']}/sign-in?ticket={app.state.door.ticket}"

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                app.state.connections = lambda: len(self.server_state.connections)
                _announce(addresses, as_json=as_json)
                threading.Thread(target=_warm_up, args=(app,), name="warm-up", daemon=True).start()

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
    )
    return Server(config)


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


def _announce(addresses: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(to_json(addresses).decode())
        return
    console = addresses["console"] or "not installed (pip install 'evenflow[console]')"
    stderr.print(f"Evenflow is listening on {addresses['url']}", highlight=False)
    stderr.print(f"  planner console  {console}", highlight=False)
    stderr.print(f"  API to try       {addresses['docs']}", highlight=False)
    if addresses["key"]:
        stderr.print(f"  your API key     {addresses['key']}", highlight=False, soft_wrap=True)
        stderr.print("                   shown this once; `evenflow keys create` makes others")
    stderr.print("Ctrl-C ends it.")


def _warm_up(app: Any) -> None:
    """Get ready what the first match would wait for; whoever asks before just waits for that, as without it."""
    from services.warm_up import warm_up

    try:
        warm_up(app.state.house.net.current().snapshot)
    except NotReadyError:
        return  # nothing loaded yet


def _ignore(number: int, frame: object) -> None:
    del number, frame
