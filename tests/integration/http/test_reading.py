"""Reading what is loaded and computed; the headers that come with every answer."""

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from api.http.app import create_app
from api.settings import Settings
from store.home import TABLES, Home


def test_health(client, bare):
    """The process answers whether or not anything is loaded."""
    assert client.get("/healthz").json()["status"] == bare.get("/healthz").json()["status"] == "ok"


def test_readiness_counts_what_is_loaded(client):
    """Readiness names the version and the rows of each table."""
    body = client.get("/readyz").json()
    assert (body["status"], body["counts"]["parties"], body["counts"]["sales"]) == ("ready", 4, 56)


def test_a_series_forecast_is_read(client):
    """The forecast of a series has its dates and quantiles."""
    body = client.get("/v1/forecasts/soap@s1").json()
    assert body["unique_id"] == "soap@s1"
    assert body["rows"][0] == {"ds": "2026-03-01", "mean": 5.0, "q0.1": 3.0, "q0.9": 8.0, "final": 5.0}


def test_ids_may_hold_slashes(client):
    """Ids are the caller's: a slash in one is no other path."""
    assert client.get("/v1/forecasts/soap@s/2").json()["rows"][0]["mean"] == 1.0


def test_the_series_are_listed(client):
    """Each series is listed with its total over the horizon."""
    body = client.get("/v1/forecasts").json()
    assert body["rows"] == [
        {"unique_id": "soap@s1", "periods": 3, "mean": 18.0, "final": 18.0},
        {"unique_id": "soap@s/2", "periods": 3, "mean": 6.0, "final": 6.0},
    ]


def walk(client, path, **params):
    """Return the rows of all pages."""
    rows, cursor = [], None
    while True:
        page = client.get(path, params=params | ({"cursor": cursor} if cursor else {})).json()
        rows += page["rows"]
        cursor = page["next_cursor"]
        if cursor is None:
            return rows, page["total"]


@pytest.mark.parametrize("limit", [1, 2, 5, 1000])
def test_the_plan_is_paged(client, limit):
    """Walking the pages gives each order once, in order, whatever their size."""
    rows, total = walk(client, "/v1/plan", limit=limit)
    assert [row["order_id"] for row in rows] == ["p0", "p1", "p2", "p3", "p4"]
    assert total == 5


def test_the_plan_is_filtered(client):
    """Orders of one item on one resource."""
    rows, total = walk(client, "/v1/plan", item="cream", resource="line-1", limit=1)
    assert [row["order_id"] for row in rows] == ["p2", "p3"]
    assert total == 2


def test_a_new_version_is_seen_without_a_restart(tmp_path):
    """Publishing another network while the server runs switches what it answers."""
    place = Home(tmp_path)
    party = {"id": "f1", "kind": "factory"}
    place.publish({"parties": TABLES["parties"].check(pd.DataFrame([party]))})
    with TestClient(create_app(Settings(home=tmp_path, workers=1))) as client:
        before = client.get("/readyz").json()
        place.publish({"parties": TABLES["parties"].check(pd.DataFrame([party, party | {"id": "f2"}]))})
        after = client.get("/readyz").json()
    assert (before["counts"]["parties"], after["counts"]["parties"]) == (1, 2)
    assert before["version"] != after["version"]


def test_new_results_are_seen_without_a_restart(tmp_path):
    """Results written later on the same version are served, too."""
    place = Home(tmp_path)
    place.publish({"parties": TABLES["parties"].check(pd.DataFrame([{"id": "f1", "kind": "factory"}]))})
    orders = pd.DataFrame({"order_id": ["p1"], "item": ["a"], "resource": ["r"]})
    with TestClient(create_app(Settings(home=tmp_path, workers=1))) as client:
        assert client.get("/v1/plan").status_code == 503
        place.current().write_result("plan", orders)
        assert client.get("/v1/plan").json()["total"] == 1
        place.current().write_result("plan", pd.concat([orders, orders]))
        assert client.get("/v1/plan").json()["total"] == 2


@pytest.mark.parametrize("path", ["/healthz", "/v1/plan", "/nothing", "/docs", "/openapi.json"])
def test_every_answer_has_safe_headers(client, path):
    """No sniffing, no framing, no referrer, a policy for content, an id."""
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-request-id"]


@pytest.mark.parametrize("asked", ["a b", "x" * 65, "<script>", ""])
def test_an_odd_request_id_is_replaced(client, asked):
    """Only a plain id is echoed."""
    assert client.get("/healthz", headers={"X-Request-ID": asked}).headers["x-request-id"] != asked


def test_metrics_count_by_route_not_by_path(client):
    """Requests are counted by route template, so that ids do not multiply the series."""
    for n in range(3):
        client.get(f"/v1/forecasts/unknown-{n}")
    text = client.get("/metrics").text
    assert 'evenflow_requests_total{method="GET",route="/v1/forecasts/{unique_id:path}",status="404"} 3.0' in text
    assert "unknown-1" not in text
    assert 'evenflow_jobs{kind="forecast",state="queued"} 0.0' in text


def test_the_docs_need_no_other_host(client):
    """The documentation page and its assets come from here."""
    page = client.get("/docs").text
    assert "//" not in page
    for asset in ("assets/swagger-ui.css", "assets/swagger-ui-bundle.js", "start.js"):
        assert client.get(f"/docs/{asset}").status_code == 200
