"""The page on the HTTP interface names every operation and every problem there is."""

from pathlib import Path

import pytest

from api.http.app import create_app
from api.http.problems import PROBLEM_TYPES
from api.settings import Settings

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "http.md").read_text(encoding="utf-8")


def test_every_operation_is_named(tmp_path):
    """Method and path of each operation stand on the page."""
    app = create_app(Settings(home=tmp_path, workers=1))
    app.state.house.board.close()
    for path, item in app.openapi()["paths"].items():
        for method in item:
            assert f"`{method.upper()} {path}`" in PAGE


@pytest.mark.parametrize("slug", PROBLEM_TYPES)
def test_every_problem_is_explained(slug):
    """Type, status, title and meaning, as the server tells them."""
    kind = PROBLEM_TYPES[slug]
    assert f"| `/problems/{slug}` | {kind.status} | {kind.title} | {kind.meaning} |" in PAGE
