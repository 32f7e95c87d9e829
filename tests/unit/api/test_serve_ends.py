"""A server that ends leaves no thread that its end would wait for."""

import threading

from api.cli import serve


def test_a_thread_at_work_is_left_behind(monkeypatch):
    """The process ends without it; once it is done the process ends as any other."""
    go, ended = threading.Event(), []
    thread = threading.Thread(target=go.wait, daemon=True)
    monkeypatch.setattr(serve.os, "_exit", ended.append)
    thread.start()
    serve._leave_behind(thread)
    assert ended == [0]
    go.set()
    thread.join()
    serve._leave_behind(thread)
    assert ended == [0]
