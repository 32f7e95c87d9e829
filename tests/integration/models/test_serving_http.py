"""The promoted model over HTTP: bit for bit what was trained, as of a moment, explained, adjusted, streamed, cached."""

import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.cli.main import app
from api.http.app import create_app
from api.settings import Settings
from contracts.errors import InputError
from forecast.ranges import ForecastProblem
from services.champion import open_champion, shelf_of, trained_options
from services.forecast_demand import framed_from
from services.network_forecast import network_series
from services.train_models import Recipe, fit_model
from store.home import Home
from tests.integration.models.conftest import SMALL


def client_of(home: Path) -> TestClient:
    """A client of a server over a home."""
    return TestClient(create_app(Settings(home=home, workers=1)), raise_server_exceptions=False)


def done(client, path, body=None):
    """Run a job to its end and return it."""
    job = client.post(path, json=body or {})
    assert job.status_code == 202, job.text
    place = job.headers["Location"]
    for _ in range(6000):
        state = client.get(place).json()
        if state["state"] in ("succeeded", "failed"):
            return state
        time.sleep(0.05)
    pytest.fail("the job did not end")


@pytest.fixture(scope="module")
def forecast_home(tmp_path_factory, promoted):
    """A home whose network was forecast by the champion with two levels, once for all tests."""
    home = tmp_path_factory.mktemp("forecast")
    promoted(home)
    with client_of(home) as client:
        job = done(client, "/v1/forecasts", {"model": "champion", "hierarchy": ["region"]})
        assert job["state"] == "succeeded", job
        assert (job["summary"]["model_version"], job["summary"]["kept"]) == ("demand-2", True)
    return home


@pytest.fixture
def home(tmp_path, forecast_home):
    """A copy of it that a test may change."""
    shutil.copytree(forecast_home, tmp_path, symlinks=True, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def served(home):
    """A client over it."""
    with client_of(home) as client:
        yield client


def in_process(home):
    """What the trained model answers in this process, by series."""
    recipe = open_champion(shelf_of(home)).card["recipe"]
    tables = network_series(Home(home).current())
    framed = framed_from(tables, {}, horizon=14, freq=recipe["freq"], hierarchy=["store_id", "region"], country=None)
    result = open_champion(shelf_of(home)).trained.predict(ForecastProblem(panel=framed.panel))
    return framed.panel.ids, result.series


def test_what_http_serves_is_what_was_trained(served, home):
    """No skew between training and serving: every mean and quantile of every series, bit for bit."""
    ids, ranges = in_process(home)
    lines = served.get("/v1/forecasts", headers={"Accept": "application/x-ndjson"}).text.splitlines()
    assert len(lines) == len(ids)
    for line in map(orjson.loads, lines):
        row = int(np.flatnonzero(ids == line["unique_id"])[0])
        assert [cell["mean"] for cell in line["rows"]] == ranges.mean[row].tolist()
        assert [cell["q0.975"] for cell in line["rows"]] == ranges.quantiles[row, :, 7].tolist()


def test_series_nodes_horizons_and_quantiles(served):
    """A node is the sum of its members; only what was kept is answered."""
    whole = served.get("/v1/forecasts/total").json()
    assert whole["model_version"] == "demand-2"
    assert whole["seen_to"] == "2026-05-14"
    regions = served.get("/v1/forecasts?level=region").json()
    assert [row["unique_id"] for row in regions["rows"]] == ["region=North", "region=South"]
    assert sum(row["mean"] for row in regions["rows"]) == pytest.approx(whole["statistical"])
    part = served.get("/v1/forecasts/sku00@s0?horizon=3&quantiles=0.5,0.975").json()
    assert [sorted(row) for row in part["rows"]] == [["ds", "final", "mean", "q0.5", "q0.975"]] * 3
    wrong = {"quantiles=0.4": "those that were kept", "horizon=15": "1 to 14", "level=x": "one of series"}
    for query, told in wrong.items():
        path = "/v1/forecasts" if "level" in query else "/v1/forecasts/total"
        answer = served.get(f"{path}?{query}")
        assert answer.status_code == 422
        assert told in answer.json()["detail"]


@pytest.mark.parametrize(("query", "told"), [("quantiles=0.4", "those that were kept"), ("horizon=15", "1 to 14")])
def test_a_stream_of_what_was_not_kept_is_refused_before_it_begins(served, query, told):
    """A problem, not a 200 that breaks off."""
    answer = served.get(f"/v1/forecasts?{query}", headers={"Accept": "application/x-ndjson"})
    assert answer.status_code == 422
    assert told in answer.json()["detail"]


def test_answers_are_tagged_until_something_changes(served):
    """304 while nothing moved; a new override makes another answer."""
    first = served.get("/v1/forecasts/total")
    held = {"If-None-Match": first.headers["ETag"]}
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = served.get("/v1/forecasts/total", headers=held)
    assert (again.status_code, again.content) == (304, b"")
    assert served.get("/v1/forecasts/total?horizon=2", headers=held).status_code == 200
    adjust(served, "total", factor=1.1)
    assert served.get("/v1/forecasts/total", headers=held).status_code == 200


def adjust(client, name, **what):
    """Make an override of three days and return it."""
    told = {"start": "2026-05-16", "end": "2026-05-18", "by": "li", "reason": "fair", **what}
    answer = client.post(f"/v1/forecasts/{name}/overrides", json=told)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_drivers_multiply_to_the_forecast(served):
    """Each day's factors have the forecast as their product; the weekday is among them and moves the weekend up."""
    told = served.get("/v1/forecasts/sku00@s0/drivers").json()
    assert told["model"] == "lightgbm"
    for row in told["rows"]:
        factors = [value for name, value in row.items() if name not in ("ds", "mean")]
        assert np.prod(factors) == pytest.approx(row["mean"], rel=1e-9)
    by_day = {row["ds"]: row["weekday and season"] for row in told["rows"]}
    assert by_day["2026-05-16"] > by_day["2026-05-19"]  # Saturday, Tuesday
    assert served.get("/v1/forecasts/nobody/drivers").status_code == 404


def test_drivers_know_the_tables_that_were_sent_with_the_forecast(home):
    """A champion of promotions and events is asked why without either being sent again."""
    tables = network_series(Home(home).current())
    days = pd.date_range("2026-01-05", periods=144)
    ids = tables["static"]["unique_id"]
    known = pd.DataFrame({"unique_id": np.repeat(ids, 144), "ds": np.tile(days.strftime("%Y-%m-%d"), len(ids))})
    known["promo"] = (np.arange(len(known)) % 5 == 0).astype(int)
    known["mixed"] = np.where(np.arange(len(known)) % 2, "1", "none")
    fairs = np.where(np.arange(144) % 30 == 0, "fair", None)
    calendar = pd.DataFrame({"ds": days.strftime("%Y-%m-%d"), "event": fairs})
    recipe = Recipe(horizon=14, params=SMALL)
    fitted = fit_model({**tables, "known": known, "calendar": calendar}, recipe=recipe, origins=1)
    shelf_of(home, "promo").put("1", fitted.files, fitted.card)
    shelf_of(home, "promo").promote("1")
    rows = known.to_dict("records")
    sent = [{**row, "mixed": 1 if row["mixed"] == "1" else "none"} for row in rows]  # numbers and texts in one column
    body = {"model": "champion:promo", "known": sent, "calendar": calendar.dropna().to_dict("records")}
    with client_of(home) as client:
        job = done(client, "/v1/forecasts", body)
        assert job["state"] == "succeeded", job
        told = client.get("/v1/forecasts/sku00@s0/drivers").json()
        assert {"promo", "event"} <= set(told["factors"])
        for row in told["rows"]:
            factors = [value for name, value in row.items() if name not in ("ds", "mean")]
            assert np.prod(factors) == pytest.approx(row["mean"], rel=1e-9)
        kept = client.get("/v1/forecasts/sku00@s0").json()["rows"]
        assert [row["mean"] for row in told["rows"]] == [row["mean"] for row in kept]


def test_drivers_of_a_model_that_was_not_kept(home):
    """A forecast learnt on the spot says how to get one that can be asked."""
    with client_of(home) as client:
        assert done(client, "/v1/forecasts", {"model": "seasonal_window"})["state"] == "succeeded"
        answer = client.get("/v1/forecasts/sku00@s0/drivers")
        assert answer.status_code == 503
        assert '"model": "champion"' in answer.json()["detail"]


def test_overrides_stand_beside_the_forecast(served, home):
    """Statistical and final, on series, members and nodes; withdrawn by a record of its own."""
    before = served.get("/v1/forecasts/sku00@s0").json()
    made = adjust(served, "region=North", factor=2.0)
    adjust(served, "sku01@s1", pieces=90.0)
    after = served.get("/v1/forecasts/sku00@s0").json()
    assert after["statistical"] == before["statistical"]
    assert after["overrides"] == [made["id"]]
    moved = {row["ds"]: row["final"] / row["mean"] for row in after["rows"]}
    assert [day for day, ratio in moved.items() if ratio == pytest.approx(2)] == made["days"]
    assert after["rows"][1]["final_q0.975"] == pytest.approx(2 * after["rows"][1]["q0.975"])
    north = served.get("/v1/forecasts/region=North").json()
    assert north["final"] - north["statistical"] == pytest.approx(sum(made["statistical"]))
    other = served.get("/v1/forecasts/sku01@s1").json()
    assert sum(row["final"] for row in other["rows"][1:4]) == pytest.approx(90)
    gone = served.post(f"/v1/overrides/{made['id']}/withdraw", json={"by": "wu", "reason": "rain"})
    assert gone.status_code == 201
    assert served.get("/v1/forecasts/sku00@s0").json()["final"] == before["final"]
    listed = served.get("/v1/forecasts/region=North/overrides").json()["overrides"]
    assert (listed[0]["withdrawn"]["by"], len(served.get("/v1/overrides").json()["overrides"])) == ("wu", 2)
    twice = served.post(f"/v1/overrides/{made['id']}/withdraw", json={"by": "wu", "reason": "rain"})
    assert twice.status_code in (404, 422)


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("nobody", {"factor": 2.0}, "unknown series or node"),
        ("region=West", {"factor": 2.0}, "unknown series or node"),
        ("total", {}, "exactly one of factor and pieces"),
        ("total", {"factor": 1.0, "pieces": 5.0}, "exactly one of factor and pieces"),
        ("total", {"factor": 2.0, "start": "2027-01-01", "end": "2027-01-02"}, "a day of the forecast, 2026-05-15"),
        ("total", {"factor": 2.0, "end": "2026-05-01"}, "a day not before"),
        ("total", {"factor": 2.0, "start": "2026-02-30"}, "a day as YYYY-MM-DD"),
        ("total", {"factor": 2.0, "by": "  "}, "by: expected a text"),
        ("total", {"factor": -1.0}, "greater than or equal to 0"),
    ],
)
def test_wrong_overrides_are_told(served, name, change, told):
    """What was expected and what came; nothing is kept."""
    body = {"start": "2026-05-16", "end": "2026-05-18", "by": "li", "reason": "fair", **change}
    answer = served.post(f"/v1/forecasts/{name}/overrides", json=body)
    assert answer.status_code == (404 if told.startswith("unknown") else 422)
    assert told in answer.json()["detail"]
    assert served.get("/v1/overrides").json() == {"overrides": [], "next_cursor": None}


def test_overrides_are_judged_when_the_days_have_passed(served, home, publish):
    """Ten days later their sales are loaded: WAPE with and without, by planner and reason."""
    adjust(served, "region=North", factor=3.0)
    assert served.get("/v1/overrides/report").json() == {"rows": []}
    publish(home, 140)
    rows = served.get("/v1/overrides/report").json()["rows"]
    assert [(row["by"], row["days"]) for row in rows] == [("li", 3), ("all", 3)]
    assert rows[0]["value_added"] < -1


def test_a_forecast_is_read_as_of_a_moment(served, home):
    """What counted before the second forecast and before the override is still told."""
    before = served.get("/v1/forecasts/total").json()
    moment = datetime.now(UTC).isoformat()
    time.sleep(1.1)
    adjust(served, "total", factor=2.0)
    assert done(served, "/v1/forecasts", {"model": "seasonal_window"})["state"] == "succeeded"
    now, then = served.get("/v1/forecasts/sku00@s0"), served.get("/v1/forecasts/total", params={"as_of": moment})
    assert now.json()["model_version"] is None
    assert {**then.json()} == before
    assert "max-age" in then.headers["Cache-Control"]
    ahead = served.get("/v1/forecasts/sku00@s0", params={"as_of": "2100-01-01T00:00:00Z"})
    assert ahead.headers["Cache-Control"] == "private, no-cache"  # what will count then is not settled
    assert served.get("/v1/forecasts/total", params={"as_of": "2020-01-01T00:00:00Z"}).status_code == 503
    assert served.get("/v1/forecasts/total", params={"as_of": "2020-01-01T00:00:00"}).status_code == 422


def test_models_are_listed_promoted_and_rolled_back(home):
    """Roles move by jobs; what serves is told, also when the champion was damaged."""
    with client_of(home) as client:
        roles = {row["version"]: row["roles"] for row in client.get("/v1/models").json()["models"]}
        assert roles == {"2": ["champion"], "1": ["previous"]}
        assert done(client, "/v1/models/rollback")["summary"]["champion"] == "1"
        assert client.get("/v1/models/champion").json()["version"] == "1"
        assert done(client, "/v1/models/2/promote")["summary"]["previous"] == ["1"]
        assert done(client, "/v1/models/7/promote")["problem"]["detail"] == "model demand: unknown version 7"
        path = home / "models" / "demand" / "versions" / "2" / "arrays.npz"
        path.write_bytes(path.read_bytes()[:1000])
        told = client.get("/v1/models/champion").json()
        assert (told["version"], told["roles"]) == ("1", ["previous"])
        assert "arrays.npz: expected" in told["refused"]
        assert "arrays.npz" in client.get("/v1/models").json()["models"][0]["damaged"]
        job = done(client, "/v1/forecasts", {"model": "champion"})
        assert (job["state"], job["summary"]["model_version"]) == ("succeeded", "demand-1")
        assert "arrays.npz" in job["summary"]["champion_refused"]


def test_nothing_promoted_is_told(tmp_path, publish):
    """The commands that make a champion are named."""
    publish(tmp_path)
    with client_of(tmp_path) as client:
        assert client.get("/v1/models").json() == {"models": [], "next_cursor": None}
        assert "evenflow train" in client.get("/v1/models/champion").json()["detail"]
        assert "evenflow train" in done(client, "/v1/forecasts", {"model": "champion"})["problem"]["detail"]


def test_own_sales_are_forecast_by_the_champion(home):
    """Tables in the request; a column the training had is asked for by name."""
    with client_of(home) as client:
        days = pd.date_range("2026-03-02", periods=60).strftime("%Y-%m-%d")
        sales = [{"unique_id": "new", "ds": day, "y": 3} for day in days]
        static = [{"unique_id": "new", "store_id": "s0", "region": "North"}]
        job = done(client, "/v1/forecasts", {"model": "champion", "sales": sales, "static": static, "horizon": 5})
        assert (job["state"], job["tables"]["forecast"]["rows"]) == ("succeeded", 5)
        told = done(client, "/v1/forecasts", {"model": "champion", "sales": sales})["problem"]["detail"]
        assert "static: expected the column" in told
        told = done(client, "/v1/forecasts", {"model": "champion", "sales": sales, "static": static, "horizon": 30})
        assert "1 to 14 periods, which demand-2 was trained for" in told["problem"]["detail"]


@pytest.mark.parametrize(
    ("option", "asked", "expected"),
    [("country", "CN", "none"), ("freq", "W", "D"), ("reconcile", "bottom_up", "scaled")],
)
def test_what_the_champion_was_trained_with_is_not_ignored(home, tmp_path, option, asked, expected):
    """Another country, period or way to agree is refused, over HTTP and on the command line; the same one is fine."""
    with client_of(home) as client:
        told = done(client, "/v1/forecasts", {"model": "champion", option: asked})["problem"]["detail"]
        assert f"--{option}: expected {expected}, as demand-2 was trained" in told
        assert f"got {asked}" in told
    options = dict(trained_options(open_champion(shelf_of(home)), {option: None if expected == "none" else expected}))
    assert options == {}
    series = network_series(Home(home).current())
    for name, table in series.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    files = [part for name in series for part in (f"--{name}", str(tmp_path / f"{name}.csv"))]
    command = ["forecast", *files, "--home", str(home), "--model", "champion", "--out", str(tmp_path / "out.csv")]
    with pytest.raises(InputError, match=f"--{option}: expected {expected}"):
        CliRunner().invoke(app, [*command, f"--{option}", asked], catch_exceptions=False)
    assert not (tmp_path / "out.csv").exists()


def test_a_forecast_learnt_anew_takes_a_country_and_a_way_to_agree(tmp_path):
    """Over HTTP as on the command line; a way that nobody knows is a 422."""
    days = pd.date_range("2026-01-01", periods=60).strftime("%Y-%m-%d")
    sales = [{"unique_id": "a", "ds": day, "y": 3} for day in days]
    body = {"sales": sales, "horizon": 40, "country": "CN", "reconcile": "bottom_up"}
    with client_of(tmp_path) as client:
        job = done(client, "/v1/forecasts", body)
        assert (job["state"], job["summary"]["notes"]["series_blind_to_feasts"]) == ("succeeded", 1)
        told = done(client, "/v1/forecasts", {**body, "country": "XQ"})["problem"]["detail"]
        assert "--country: expected the ISO 3166-1 code" in told
        assert client.post("/v1/forecasts", json={**body, "reconcile": "magic"}).status_code == 422


_SERVE = """
import sys
from pathlib import Path
from fastapi.testclient import TestClient
from api.http.app import create_app
from api.settings import Settings
heavy = {"mlflow", "lightgbm", "sklearn"}
with TestClient(create_app(Settings(home=Path(sys.argv[1]), workers=1))) as client:
    assert client.get("/v1/models/champion").json()["version"] == "2"
    print(sorted(heavy & set(sys.modules)))
    from services.champion import forecast_by
    from services.network_forecast import network_series
    from store.home import Home
    series = network_series(Home(Path(sys.argv[1])).current())
    report = forecast_by(series["sales"], static=series["static"], home=Path(sys.argv[1]), model="champion", options={})
    print(len(report.forecast), sorted(heavy & set(sys.modules)))
"""


def test_the_champion_serves_without_the_registry(home):
    """At the start neither mlflow nor a learner is there; to forecast only the trees' library comes."""
    run = subprocess.run([sys.executable, "-c", _SERVE, str(home)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    first, second = run.stdout.splitlines()
    assert first == "[]"
    assert second.startswith("476 [")
    assert "mlflow" not in second
