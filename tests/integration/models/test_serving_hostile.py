"""What a hostile client asks of kept forecasts: a problem with its place, never a 500, a NaN or another's answer."""

import pytest
from fastapi.testclient import TestClient

from api.http.app import create_app
from api.settings import Settings
from services.network_forecast import forecast_network
from store.home import Home

DAY = {"start": "2026-05-16", "end": "2026-05-18", "by": "li", "reason": "fair"}


@pytest.fixture(scope="module")
def client(tmp_path_factory, publish):
    """A client over a network forecast by a simple model."""
    home = tmp_path_factory.mktemp("hostile")
    publish(home)
    forecast_network(Home(home).current(), options={"horizon": 14, "model": "seasonal_window"})
    with TestClient(create_app(Settings(home=home, workers=1)), raise_server_exceptions=False) as made:
        yield made


def override(client, **change):
    return client.post("/v1/forecasts/sku00@s0/overrides", json={**DAY, **change})


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_beyond_the_calendar_is_named(client, moment):
    """In UTC it would be in the year 0 or 10000."""
    answer = client.get("/v1/forecasts/sku00@s0", params={"as_of": moment})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["detail"].startswith("as_of: expected a moment in the years 1 to 9999")


def test_nothing_counted_in_the_middle_ages(client):
    """The year 999 is before 2026, although "999" is after "2026"."""
    assert client.get("/v1/forecasts/sku00@s0", params={"as_of": "0999-01-01T00:00:00Z"}).status_code == 503


@pytest.mark.parametrize("query", ["quantiles=0.33", "horizon=99"])
def test_a_stream_that_cannot_be_read_is_refused_before_it_begins(client, query):
    """Not 200 and then a torn connection."""
    answer = client.get(f"/v1/forecasts?{query}", headers={"Accept": "application/x-ndjson"})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


@pytest.mark.parametrize("start", ["２０２６-05-16", "2026-W20-6"])
def test_a_day_is_written_in_one_way(client, start):
    """Digits of another script look like a day, too."""
    answer = override(client, start=start, factor=2)
    assert answer.status_code == 422
    assert "start" in answer.json()["detail"]


def test_adjustments_do_not_add_up_to_infinity(client):
    """A billion times a billion is refused, and what counts stays a number."""
    codes = {override(client, factor=1e9).status_code for _ in range(40)}
    assert codes == {201, 422}
    answer = client.get("/v1/forecasts/sku00@s0").json()
    assert all(value is not None for row in answer["rows"] for value in row.values())
    assert answer["final"] < 4e12
