"""The planner console: a page beside the API, present if the extra `console` is installed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.util import find_spec
from typing import Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["mount"]


def mount(app: FastAPI) -> bool:
    """Add the console at `/console`, once per process; return whether its extra is installed."""
    if find_spec("nicegui") is None:
        return False
    console = _Console(app.state.house)
    inside = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[Any]:
        async with inside(app) as state, console.ending:
            yield state

    @app.get("/console", include_in_schema=False)
    def to_console() -> RedirectResponse:
        return RedirectResponse("/console/")

    app.router.lifespan_context = lifespan
    app.mount("/console", console)
    return True


class _Console:
    """The console, which is imported when somebody first opens it: a server that only answers programs never waits."""

    def __init__(self, house: Any) -> None:
        self._house, self._opening = house, asyncio.Lock()
        self._app: ASGIApp | None = None
        self.ending = AsyncExitStack()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self._app or await self._open())(scope, receive, send)

    async def _open(self) -> ASGIApp:
        async with self._opening:
            if self._app is None:
                made = await run_in_threadpool(_made, self._house)
                await self.ending.enter_async_context(made.router.lifespan_context(made))
                self._app = made
        return self._app


def _made(house: Any) -> FastAPI:
    from api.console.page import add_page

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.house = house
    add_page(app)
    return app
