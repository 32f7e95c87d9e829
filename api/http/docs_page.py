"""The API's documentation page, served from here: it works without a network."""

from __future__ import annotations

from importlib.resources import as_file, files

from fastapi import FastAPI
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

__all__ = ["install"]

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Evenflow API</title>
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
<link rel="icon" href="data:,">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""

_START = """SwaggerUIBundle({
  url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true, displayRequestDuration: true,
  tryItOutEnabled: true, defaultModelsExpandDepth: 0, docExpansion: "list",
  presets: [SwaggerUIBundle.presets.apis], validatorUrl: null,
});
"""


def install(app: FastAPI) -> None:
    """Add `/docs` and what it needs; the assets of Swagger UI come with the package `fastapi-offline`."""
    with as_file(files("fastapi_offline") / "static") as assets:
        app.mount("/docs/assets", StaticFiles(directory=assets), name="docs_assets")

    @app.get("/docs", include_in_schema=False)
    def docs() -> Response:
        return HTMLResponse(_PAGE)

    @app.get("/docs/start.js", include_in_schema=False)
    def start() -> Response:
        return Response(_START, media_type="text/javascript")

    @app.get("/", include_in_schema=False)
    def home() -> Response:
        return RedirectResponse("/docs")
