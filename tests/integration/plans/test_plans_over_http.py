"""Plans, their changes and the decisions about their orders over HTTP."""

import io
import zipfile


def test_a_replan_and_its_diff(client, finished, forecast_again):
    """The first plan replaces nothing; the second names what changed; both stay readable."""
    first = finished("/v1/plans", {})["summary"]["plan_id"]
    assert client.get(f"/v1/plans/{first}/diff").status_code == 503
    forecast_again(cap=[60, 40, 60, 40, 60, 80, 60, 40])
    job = finished("/v1/plans", {"replan": True})
    second = job["summary"]["plan_id"]
    told = client.get(f"/v1/plans/{second}/diff").json()
    assert (told["plan_id"], told["against"]) == (second, first)
    assert len(told["lines"]) == len(told["rows"]) == job["tables"]["diff"]["rows"] > 0
    assert all("(cap)" in line for line in told["lines"])
    assert told["figures"]["unchanged"] > 0
    back = client.get(f"/v1/plans/{first}/diff", params={"against": "current"}).json()
    assert back["figures"]["hours_moved"] == told["figures"]["hours_moved"]
    book = zipfile.ZipFile(io.BytesIO(client.get("/v1/plans/current/diff.xlsx").content))
    assert b'name="changes"' in book.read("xl/workbook.xml")
    cards = client.get("/v1/plans").json()["plans"]
    assert [(card["plan_id"], card["current"]) for card in cards] == [(second, True), (first, False)]
    assert client.get(f"/v1/plans/{first}").json()["summary"]["replaces"] is None
    pegs = client.get(f"/v1/plans/{second}/tables/pegs").json()
    assert {row["covers"] for row in pegs["rows"]} <= {"demand", "cover"}


def test_orders_and_decisions(client, finished):
    """An order is released step by step; each decision is told; wrong ones are problems."""
    assert client.get("/v1/production-orders").status_code == 503
    finished("/v1/plans", {})
    page = client.get("/v1/production-orders", params={"item": "tee", "limit": 2}).json()
    assert len(page["rows"]) == 2
    assert client.get("/v1/production-orders", params={"item": "tee", "cursor": page["next_cursor"]}).json()["rows"]
    assert client.get("/v1/production-orders", params={"item": "cap", "cursor": page["next_cursor"]}).status_code == 410
    order = page["rows"][-1]["order_id"]
    path = f"/v1/production-orders/{order}/decisions"
    wrong = client.post(path, json={"state": "done", "by": "li", "reason": "x"})
    assert (wrong.status_code, wrong.json()["errors"][0]["got"]) == (422, "done")
    made = client.post(path, json={"state": "firm", "by": "li", "reason": "fabric is in"})
    assert made.status_code == 201, made.text
    assert made.json()["new"] == {"state": "firm"}
    assert client.get("/v1/production-orders", params={"order_id": order}).json()["rows"][0]["state"] == "firm"
    assert client.get("/v1/production-orders/decisions").json()["decisions"][0]["by"] == "li"
    assert client.get("/v1/plan").json()["total"] > 0


def test_wrong_requests(client):
    """Unknown plans and tables, a replan beside tables, a replan of nothing."""
    assert client.get("/v1/plans/plan-0/diff").json()["type"] == "/problems/unknown-id"
    assert client.get("/v1/plans/current").json()["type"] == "/problems/not-ready"
    assert client.post("/v1/plans", json={"replan": True}).json()["type"] == "/problems/not-ready"
    rows = {"demand": [{"item": "a", "bucket": "2026-03-02", "y": 1}], "replan": True}
    assert client.post("/v1/plans", json=rows).status_code == 422


def test_tables_with_a_previous_plan(client, finished):
    """A plan of one's own tables is kept, too, and the next one tells what changed."""
    weeks = ["2026-03-02", "2026-03-09"]
    body = {
        "demand": [{"item": "a", "bucket": week, "y": 10} for week in weeks],
        "resources": [{"resource": "L", "bucket": week, "capacity": 40} for week in weeks],
        "routes": [{"item": "a", "route": "r", "step": 1, "resource": "L", "hours_per_unit": 1}],
        "pegs": True,
    }
    job = finished("/v1/plans", body)
    orders = client.get(job["tables"]["orders"]["href"]).json()["rows"]
    body["demand"][1]["y"] = 15
    again = finished("/v1/plans", body | {"previous": orders})
    assert again["summary"]["diff"]["resized"] + again["summary"]["diff"]["added"] >= 1
    told = client.get(f"/v1/plans/{again['summary']['plan_id']}/diff", params={"against": job["summary"]["plan_id"]})
    assert told.json()["figures"] == again["summary"]["diff"]


STEP = {"route": "r", "step": 1, "hours_per_unit": 1}
WRONG = {
    "demand": [
        {"item": "fine", "bucket": "2026-03-02", "y": 5},
        {"item": "fine", "bucket": "2026-02-02", "y": 2},
        {"item": "less", "bucket": "2026-03-02", "y": -3},
        {"item": "nobody", "bucket": "2026-03-02", "y": 4},
        {"item": "large", "bucket": "2026-03-02", "y": 4},
        {"item": "ring", "bucket": "2026-03-02", "y": 1},
        {"item": "closed", "bucket": "2026-03-02", "y": 1},
    ],
    "resources": [
        {"resource": "L", "bucket": "2026-03-02", "capacity": 40},
        {"resource": "L", "bucket": "2026-03-09", "capacity": 40},
        {"resource": "M", "bucket": "2026-03-02", "capacity": 4},
        {"resource": "Z", "bucket": "2026-03-02", "capacity": 0},
        {"resource": "Z", "bucket": "2026-03-09", "capacity": 0},
    ],
    "routes": [
        *({"item": item, "resource": "L"} | STEP for item in ("fine", "less", "ring", "band")),
        {"item": "nobody", "resource": "X"} | STEP,
        {"item": "large", "resource": "L", "minimum_lot": 500} | STEP,
        {"item": "closed", "resource": "Z"} | STEP,
        {"item": "busy", "resource": "M"} | STEP,
    ],
    "bom": [{"parent": a, "component": b, "quantity": 1} for a, b in (("ring", "band"), ("band", "ring"))],
    "firm": [{"item": "busy", "resource": "M", "route": "r", "step": 1, "pieces": 9, "start": "2026-03-02"}],
}


def test_what_cannot_be_planned_has_reasons_and_the_rest_is_planned(client, finished):
    """Everything that may be wrong at once: each reason by its name, and the item that can be made is."""
    job = finished("/v1/plans", WRONG)
    told = {reason["code"]: reason["detail"] for reason in job["summary"]["reasons"]}
    assert told.keys() == {
        "past", "negative_demand", "step_without_resource", "no_route", "lot_above_capacity", "cyclic_bom",
        "calendar_hole", "firm_overload", "no_capacity",
    }  # fmt: skip
    assert told["negative_demand"] == "demand: column 'y', row 3: -3 pieces: taken as 0"
    assert job["summary"]["status"] == "infeasible"
    assert job["summary"]["gap"] == 0
    orders = client.get(job["tables"]["orders"]["href"]).json()["rows"]
    assert sum(row["pieces"] for row in orders if row["item"] == "fine") == 7
    late = client.get(job["tables"]["late"]["href"]).json()["rows"]
    assert {(row["item"], row["reason"]) for row in late} >= {("nobody", "no_route"), ("closed", "no_capacity: Z")}
