"""Run `evenflow` in forks of one interpreter that has already imported what the commands import.

Most of the time of a short command goes into importing pandas, scipy and numba. Here they are imported once. Each
command still is a process of its own with its own arguments, folder, environment, standard streams and exit code, and
runs `api.cli.entry.run` from its first line to the end of the interpreter; only what is imported was imported before.

    commands.py SOCKET    listens until its standard input ends
"""

import contextlib
import gc
import json
import os
import pkgutil
import select
import signal
import socket
import struct
import sys
import threading
import warnings
from importlib import import_module
from pathlib import Path

OURS = ("contracts", "graph", "matching", "forecast", "settlement", "planning", "simulate", "store", "services")
LIBRARIES = ("lightgbm", "numba", "pyarrow.parquet", "scipy.optimize", "scipy.sparse.csgraph", "scipy.stats")
REGISTRY = ("mlflow.models", "mlflow.store.tracking.sqlalchemy_store", "mlflow.store.model_registry.sqlalchemy_store")
LENGTH = struct.Struct("!I")


def main(path: str) -> None:
    """Return in the process of each command, to the end of which it runs, and at the end of standard input."""
    warm_up()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{path}.new")
        listener.listen()
        Path(f"{path}.new").rename(path)  # whoever sees the socket can connect to it
        while select.select([listener, sys.stdin], [], [])[0] == [listener]:
            client, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                return answer(client)
            client.close()
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG) != (0, 0):
                    pass
    os._exit(0)


def warm_up() -> None:
    """Import our modules and the libraries that they import where they use them; no thread may run when we fork."""
    import_module("api.cli.main")
    for name in OURS:
        package = import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            import_module(module.name)
    os.environ.update(import_module("store.registry")._DEFAULTS)  # read by mlflow's first import
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in (*LIBRARIES, *REGISTRY):
            import_module(name)
    assert threading.active_count() == 1, threading.enumerate()
    gc.freeze()  # a command's end looks at what it made itself


def answer(client: socket.socket) -> None:
    """Become the process of a command; the parent of that process stays to tell the exit code, or to stop it."""
    head, streams, _, _ = socket.recv_fds(client, LENGTH.size, 3)
    body = b""
    while len(body) < LENGTH.unpack(head)[0]:
        body += client.recv(1 << 16)
    command = json.loads(body)
    pid = os.fork()
    if pid:
        os._exit(watch(pid, client))
    client.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(command["folder"])
    os.environ.clear()
    os.environ.update(command["environment"])
    sys.argv = command["arguments"]


def watch(pid: int, client: socket.socket) -> int:
    """Tell the client how its command ended; end the command if the client is gone first."""
    ended = os.pidfd_open(pid)
    ready, _, _ = select.select([ended, client], [], [])
    if ended not in ready:
        os.kill(pid, signal.SIGTERM)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with contextlib.suppress(OSError):
        client.sendall(struct.pack("!i", code))
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    main(sys.argv[1])
    from api.cli.entry import run

    run()
