"""The console and the documentation page in a real browser that has no network but this server."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import expect

from store.home import TABLES, Home

Serving = Callable[[Path], AbstractContextManager[str]]
WEEKS = pd.date_range("2026-03-02", periods=4, freq="7D")
DAYS = pd.date_range("2026-03-01", periods=7)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, serving: Serving) -> Iterator[str]:
    """A server over a small net with results on it."""
    root = tmp_path_factory.mktemp("home")
    home = Home(root)
    sales = [{"unique_id": "soap@s1", "ds": f"2026-02-{day:02d}", "y": day} for day in range(1, 29)]
    raw = {
        "parties": [{"id": "f1", "kind": "factory", "simulated": True}, {"id": "s1", "kind": "store"}],
        "products": [{"sku_id": "soap", "price_fen": 900}],
        "sales": sales,
        "orders": [{"order_id": "o1", "sku_id": "soap", "pieces": 100, "buyer_id": "s1"}],
    }
    home.publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in raw.items()})
    ahead = {"ds": DAYS, "mean": 20.0, "q0.1": 12.0, "q0.5": 19.0, "q0.9": 30.0}
    load = {"bucket": WEEKS, "capacity": 40.0, "hours": [40.0, 30.0, 44.0, 40.0], "idle": [0.0, 10.0, 0.0, 0.0],
            "overtime": [0.0, 0.0, 4.0, 0.0]}  # fmt: skip
    results = {
        "forecast": pd.concat([pd.DataFrame({"unique_id": name, **ahead}) for name in ("soap@s1", "cream@s1")]),
        "load": pd.concat([pd.DataFrame({"resource": name, **load}) for name in ("line-1", "line-2")]),
        "plan": pd.DataFrame({"order_id": ["p1"], "item": ["soap"], "resource": ["line-1"], "pieces": [7]}),
        "matches": pd.DataFrame(
            {"order_id": ["o1"], "sku_id": ["soap"], "supplier_id": [None], "pieces": [100], "reason": ["full"]}
        ),
    }
    for name, frame in results.items():
        home.current().write_result(name, frame)
    with serving(root) as address:
        yield address


def test_the_first_screen_ranks_by_money(server, page):
    """The planner sees first what costs most, then the figures of the day."""
    page.goto(f"{server}/console")
    expect(page.locator(".ag-row").first).to_contain_text("unfilled order")
    expect(page.locator(".ag-row").first).to_contain_text("¥900")
    expect(page.locator(".tile").first).to_contain_text("5 exceptions")
    expect(page.get_by_text("simulated data")).to_be_visible()
    assert page.title() == "Evenflow"
    assert page.wrong == []


def test_another_resource_is_chosen_by_a_click(server, page):
    """Clicking a resource shows its chart."""
    page.goto(f"{server}/console")
    card = page.locator(".card", has_text="Level-loaded plan")
    expect(card.locator("canvas")).to_be_visible()
    expect(card.locator("input")).to_have_value("line-1")
    card.locator(".ag-row", has_text="line-2").click()
    expect(card.locator("input")).to_have_value("line-2")
    assert page.wrong == []


def test_the_plan_is_downloaded(server, page):
    """The button hands out an Excel file named after the version."""
    page.goto(f"{server}/console")
    with page.expect_download() as download:
        page.get_by_text("Plan as Excel").click()
    assert download.value.suggested_filename.startswith("plan-")
    assert Path(download.value.path()).read_bytes().startswith(b"PK")


def test_what_cannot_be_shown_says_so(serving, page, tmp_path):
    """An empty home is an invitation; a result that is cut off is told, and the next look is asked for."""
    with serving(tmp_path) as address:
        page.goto(f"{address}/console")
        expect(page.get_by_text("Nothing is loaded yet")).to_be_visible()
        expect(page.get_by_text("evenflow demo", exact=True)).to_be_visible()
        home = Home(tmp_path)
        home.publish({"parties": TABLES["parties"].check(pd.DataFrame([{"id": "f1", "kind": "factory"}]))})
        home.current().write_result("figures", {})
        (home.current().root / "results" / "matches.parquet").write_bytes(b"PAR1 cut off")
        page.goto(f"{address}/console")
        expect(page.get_by_role("alert")).to_contain_text("This could not be computed")
        (home.current().root / "results" / "matches.parquet").unlink()
        page.get_by_text("Try again").click()
        expect(page.get_by_text("Nothing has been computed on this network yet")).to_be_visible()
        assert page.wrong == []


def test_a_network_without_results_is_not_praised(serving, page, tmp_path):
    """No tiles and no verdict: only how to compute, at the address this page came from."""
    parties = TABLES["parties"].check(pd.DataFrame([{"id": "f1", "kind": "factory"}]))
    Home(tmp_path).publish({"parties": parties})
    with serving(tmp_path) as address:
        page.goto(f"{address}/console")
        expect(page.get_by_text(f"{address}/v1/forecasts")).to_be_visible()
        expect(page.locator(".tile")).to_have_count(0)
        expect(page.get_by_text("Nothing stands out")).to_have_count(0)
        assert page.wrong == []


def test_reasons_are_shown_whole(server, page):
    """Why and what helps are wrapped, not cut."""
    page.goto(f"{server}/console")
    cell = page.locator(".ag-row").first.locator("[col-id=remedy]")
    expect(cell).to_contain_text("find another supplier, or wait a day")
    assert cell.evaluate("e => getComputedStyle(e).whiteSpace") == "normal"
    assert cell.evaluate("e => e.scrollWidth <= e.clientWidth")


def test_a_narrow_screen_does_not_scroll_sideways(server, page):
    """At 420 pixels the page fits; only the tables scroll inside their frames."""
    page.set_viewport_size({"width": 420, "height": 900})
    page.goto(f"{server}/console")
    expect(page.locator(".ag-row").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 420


def test_the_api_page_works_without_a_network(server, page):
    """The documentation page shows the operations and tries one, with nothing from elsewhere."""
    page.goto(f"{server}/docs")
    operation = page.locator("#operations-system-health")
    operation.locator("button.opblock-summary-control").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table tbody .response-col_status").first).to_contain_text("200")
    assert page.wrong == []


def test_an_exception_is_closed_with_what_was_done(server, page):
    """The last of these tests, for it takes one off: a click asks what was done, and the next screen has one fewer."""
    page.goto(f"{server}/console")
    expect(page.locator(".tile").first).to_contain_text("5 exceptions")
    page.locator(".ag-row").first.locator("[col-id=subject]").click()
    page.get_by_label("What was done").fill("found another supplier")
    page.get_by_role("button", name="Close it").click()
    expect(page.locator(".tile").first).to_contain_text("4 exceptions")
    expect(page.locator(".ag-row").first).not_to_contain_text("unfilled order")
    assert page.wrong == []
    (line,) = page.request.get(f"{server}/v1/audit?method=CONSOLE").json()["lines"]
    assert (line["principal"], line["status"]) == ("operator", 200)
    assert line["path"].startswith("/v1/exceptions/")
