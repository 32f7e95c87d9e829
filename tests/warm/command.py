#!/usr/bin/env -S python3 -IS
"""Stands for `evenflow` in PATH: hands the command to commands.py and ends as it ends."""

import json
import os
import signal
import socket
import struct
import sys


def main() -> None:
    """Hand over arguments, folder, environment and standard streams; wait for the exit code."""
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(os.environ["EVENFLOW_WARM"])
        words = {"arguments": sys.argv, "folder": os.getcwd(), "environment": dict(os.environ)}  # noqa: PTH109
        body = json.dumps(words).encode()
        socket.send_fds(server, [struct.pack("!I", len(body))], [0, 1, 2])
        server.sendall(body)
        (code,) = struct.unpack("!i", server.recv(4, socket.MSG_WAITALL))
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == "__main__":
    main()
