"""The planner's views in a real browser: orders, box, plan changes, what-if, quotes, workshops."""

import pandas as pd
import pytest
from playwright.sync_api import expect

from api.http.planning_examples import DISPATCH_EXAMPLES
from services.dispatch_steps import dispatch_steps
from services.dispatches import keep_dispatches
from services.network_plan import plan_network
from store.home import TABLES, Home

WEEKS = pd.date_range("2026-03-02", periods=6, freq="7D")
RAW = {
    "parties": [{"id": "f1", "kind": "factory"}, {"id": "s1", "kind": "store"}],
    "products": [{"sku_id": name, "price_fen": 900} for name in ("tee", "cap")],
    "routes": [
        {"item": item, "route": "own", "step": 1, "resource": line, "hours_per_unit": 0.5}
        for item, line in (("tee", "line-1"), ("cap", "line-1"), ("cap", "line-2"))
    ],
    "supply": [
        {"supplier_id": "f1", "sku_id": "tee", "resource": line, "capacity": 60, "overtime": 10, "unit_cost_fen": 1}
        for line in ("line-1", "line-2")
    ],
    "sales": [{"unique_id": f"{name}@s1", "ds": "2026-02-27", "y": 5} for name in ("tee", "cap")],
}


def weekly(tees: int) -> pd.DataFrame:
    """Return a weekly forecast with a busy fourth week."""
    wanted = {"tee": [80, 90, 100, tees, 90, 80], "cap": [60, 40, 60, 40, 60, 40]}
    rows = [(name, week, float(y)) for name, ys in wanted.items() for week, y in zip(WEEKS, ys, strict=True)]
    frame = pd.DataFrame(rows, columns=["unique_id", "ds", "mean"])
    return frame.assign(**{"q0.1": frame["mean"] * 0.8, "q0.5": frame["mean"], "q0.9": frame["mean"] * 1.2})


@pytest.fixture(scope="module")
def planned(tmp_path_factory, serving):
    """A server over a network with two plans and dispatches."""
    home = Home(tmp_path_factory.mktemp("home"))
    home.publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in RAW.items()})
    for tees, replan in ((90, False), (150, True)):
        home.current().write_result("weekly_forecast", weekly(tees))
        plan_network(home.current(), boxes=False, replan=replan)
    body = DISPATCH_EXAMPLES["two workshops"]["value"]
    tables = {name: pd.DataFrame(rows) for name, rows in body.items() if name != "terms"}
    keep_dispatches(home.root, dispatch_steps(**tables))
    with serving(home.root) as address:
        yield address


def test_an_order_tells_its_state_and_what_it_is_for(planned, page):
    """The header leads to the orders; a click shows the demand an order covers."""
    page.goto(f"{planned}/console")
    page.locator("nav a", has_text="Orders").click()
    orders, pegs = page.locator(".card").nth(0), page.locator(".card").nth(1)
    expect(orders).to_contain_text("proposed")
    orders.locator(".ag-row", has_text="tee").first.locator("[col-id=item]").click()
    expect(pegs.locator(".ag-row").first).to_contain_text("demand")
    expect(pegs).to_contain_text("of tee")
    assert page.wrong == []


def test_the_box_shows_days_and_slots(planned, page):
    """A row per day, a column per slot, the mix of items in it, the takt beside; it can be printed."""
    page.goto(f"{planned}/console/?view=box")
    expect(page.locator(".ag-row").first).to_contain_text("tee \u00d7")
    expect(page.locator(".ag-header")).to_contain_text("Slot 8")
    assert page.locator("a", has_text="Print").get_attribute("href") == "/v1/box.html"
    assert page.wrong == []


def test_two_plans_are_compared(planned, page):
    """What the re-plan of the network changed stands in words, whatever other plans came since."""
    page.goto(f"{planned}/console/?view=changes")
    card = page.locator(".card")
    expect(card.locator(".ag-row").first).to_contain_text("tee")
    expect(card).to_contain_text("hours moved")
    assert page.wrong == []


def test_scenarios_and_the_frontier_are_computed(planned, page):
    """A busier market is compared with the base, and the frontier is drawn."""
    page.goto(f"{planned}/console/?view=scenarios")
    page.get_by_label("Demand, %").fill("130")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".form")).to_contain_text("Compare: done", timeout=300_000)
    told = page.locator(".card", has_text="Scenarios side by side")
    expect(told.locator(".ag-row")).to_have_count(2)
    expect(told.locator("canvas")).to_be_visible()
    page.get_by_role("button", name="Trace the frontier").click()
    expect(page.locator(".form")).to_contain_text("Trace the frontier: done", timeout=300_000)
    drawn = page.locator(".card", has_text="a point's label")
    expect(drawn.locator(".ag-row")).to_have_count(5)
    expect(drawn.locator("canvas")).to_be_visible()
    assert page.wrong == []


def test_a_quote_is_asked_for(planned, page):
    """Item and pieces give dates by factory; nonsense is told where it was typed."""
    page.goto(f"{planned}/console/?view=quotes")
    page.get_by_label("Pieces").fill("")
    page.get_by_role("button", name="Quote").click()
    expect(page.locator(".card").first).to_contain_text("Pieces: expected a number")
    page.get_by_label("Pieces").fill("40")
    page.get_by_role("button", name="Quote").click()
    expect(page.locator(".form")).to_contain_text("Quote: done", timeout=300_000)
    rows = page.locator(".card", has_text="premium against").locator(".ag-row")
    expect(rows.first).to_contain_text("f1")
    assert page.wrong == []


def test_workshops_and_a_view_without_a_plan(planned, serving, page, tmp_path):
    """Dispatches stand with their state; a network without a plan says how to make one."""
    page.goto(f"{planned}/console/?view=workshops")
    expect(page.locator(".card")).to_contain_text("sent")
    expect(page.locator(".ag-row").first).to_contain_text("ws-")
    Home(tmp_path).publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in RAW.items()})
    with serving(tmp_path) as address:
        page.goto(f"{address}/console/?view=orders")
        expect(page.locator(".card")).to_contain_text("no plan of the loaded network")
    assert page.wrong == []
