"""Forecast and plan: of the shared network what concerns a key's own parties, of a network of one's own all of it."""

import zipfile
from io import BytesIO

import pandas as pd
import pytest

from services.access import Principal
from store.home import TABLES, Home
from tests.integration.access.conftest import RAW

DAY = pd.Timestamp("2026-03-01")


def test_a_tenant_reads_the_forecast_of_its_own_stores(asking):
    """And no level, which would sum up others'; the operator reads all; the entity tags differ."""
    alpha = asking("admin", tenant="alpha")
    page = alpha.get("/v1/forecasts")
    assert [row["unique_id"] for row in page.json()["rows"]] == ["soap@alpha-store"]
    assert alpha.get("/v1/forecasts/soap@alpha-store").json()["rows"][0]["mean"] == 5
    assert alpha.get("/v1/forecasts/soap@beta-store").status_code == 404
    whole = asking().get("/v1/forecasts")
    assert whole.json()["total"] == 2
    assert whole.headers["ETag"] != page.headers["ETag"]
    lines = alpha.get("/v1/forecasts", headers={"Accept": "application/x-ndjson"}).text
    assert "beta" not in lines
    assert "soap@alpha-store" in lines


def test_a_tenant_reads_the_plan_of_its_own_lines(asking):
    """Orders and load, in every form."""
    alpha = asking("admin", tenant="alpha")
    assert [row["order_id"] for row in alpha.get("/v1/plan").json()["rows"]] == ["alpha-made"]
    assert "beta" not in alpha.get("/v1/plan.csv").text
    book = zipfile.ZipFile(BytesIO(alpha.get("/v1/plan.xlsx").content))
    text = "".join(book.read(name).decode() for name in book.namelist())
    assert "alpha-line" in text
    assert "beta" not in text


def test_a_party_reads_what_is_its_own(asking):
    """The store its series, the brand its line, neither the other's."""
    store = asking("party", tenant="alpha", party="alpha-store")
    brand = asking("party", tenant="alpha", party="alpha-brand")
    assert [client.get("/v1/forecasts").json()["total"] for client in (store, brand)] == [1, 0]
    assert [client.get("/v1/plan").json()["total"] for client in (store, brand)] == [0, 1]
    assert asking("party", tenant="beta", party="alpha-store").get("/v1/forecasts").json()["total"] == 0


def test_without_a_network_of_its_own_a_tenant_is_told_so(asking):
    """Nothing of the shared one is adjusted, estimated or computed anew in its stead."""
    alpha = asking("admin", tenant="alpha")
    override = {"start": "2026-03-01", "end": "2026-03-01", "factor": 2.0, "by": "li", "reason": "fair"}
    asked = [
        alpha.post("/v1/forecasts/soap@alpha-store/overrides", json=override),
        alpha.post("/v1/forecasts", json={}),
        alpha.post("/v1/plans", json={}),
        alpha.get("/v1/launches/hat"),
    ]
    for answer in asked:
        assert answer.status_code == 503
        assert "no network of your own is loaded" in answer.json()["detail"]


@pytest.fixture
def gammas(folder):
    """A network of tenant gamma's own, loaded into its folder."""
    home = Home(folder / "tenants" / Principal(name="k", role="admin", scopes=frozenset(), tenant="gamma").folder)
    home.publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in RAW.items()})
    rows = [{"unique_id": f"soap@{name}", "ds": DAY, "mean": 7.0} for name in ("g1", "g2")]
    home.current().write_result("forecast", pd.DataFrame(rows))
    return home


def test_a_tenant_with_a_network_of_its_own_reads_it_whole(asking, gammas):
    """And adjusts it; the operator's stays as it is."""
    gamma = asking("admin", tenant="gamma")
    assert [row["unique_id"] for row in gamma.get("/v1/forecasts").json()["rows"]] == ["soap@g1", "soap@g2"]
    override = {"start": "2026-03-01", "end": "2026-03-01", "factor": 2.0, "by": "li", "reason": "fair"}
    made = gamma.post("/v1/forecasts/soap@g1/overrides", json=override)
    assert made.status_code == 201, made.text
    assert gamma.get("/v1/forecasts/soap@g1").json()["final"] == 14
    assert asking().get("/v1/overrides").json()["overrides"] == []
    assert asking().get("/v1/forecasts/soap@g1").status_code == 404
