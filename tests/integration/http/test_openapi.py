"""The OpenAPI document: complete, stable, and its examples run."""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from api.http.examples import (
    CANDIDATE_EXAMPLES,
    CREDIT_PRICE_EXAMPLES,
    EVENT_EXAMPLES,
    FORECAST_EXAMPLES,
    LAUNCH_EXAMPLES,
    MATCH_EXAMPLES,
    PLAN_EXAMPLES,
    SIGNAL_EXAMPLES,
)
from api.http.fact_examples import FACT_EXAMPLES
from api.http.group_order_examples import GROUP_EXAMPLES, HOLD_WAVES_EXAMPLES
from api.http.launch_examples import DECISION_EXAMPLES, SELECTION_EXAMPLES, WAVE_EXAMPLES
from api.http.match_examples import MATCHING_EXAMPLES
from api.http.offer_examples import OFFER_EXAMPLES, OFFER_POSTS
from api.http.planning_examples import PLANNING_EXAMPLES
from api.http.reservation_examples import CAPACITY_EXAMPLES, HOLD_EXAMPLES
from api.http.score_examples import SCORE_POSTS
from api.http.settlement_examples import PREVIEW_EXAMPLES, SETTLEMENT_EXAMPLES

POSTS = [
    (path, name, example["value"])
    for path, examples in {
        "/v1/forecasts": FORECAST_EXAMPLES,
        "/v1/plans": PLAN_EXAMPLES,
        **PLANNING_EXAMPLES,
        **MATCHING_EXAMPLES,
        "/v1/matches": MATCH_EXAMPLES,
        "/v1/reservations": HOLD_EXAMPLES,
        "/v1/capacities": CAPACITY_EXAMPLES,
        "/v1/candidates": CANDIDATE_EXAMPLES,
        "/v1/relations": EVENT_EXAMPLES,
        "/v1/signals": SIGNAL_EXAMPLES,
        "/v1/facts": FACT_EXAMPLES,
        "/v1/launches": LAUNCH_EXAMPLES,
        "/v1/credit/price": CREDIT_PRICE_EXAMPLES,
        "/v1/launches/decisions": DECISION_EXAMPLES,
        "/v1/launches/selection": SELECTION_EXAMPLES,
        "/v1/waves/forecast": WAVE_EXAMPLES,
        "/v1/group-orders/plan": GROUP_EXAMPLES,
        "/v1/group-orders/holds": HOLD_WAVES_EXAMPLES,
        "/v1/settlements/preview": PREVIEW_EXAMPLES,
        "/v1/settlements": SETTLEMENT_EXAMPLES,
        **SCORE_POSTS,
        **OFFER_POSTS,
    }.items()
    for name, example in examples.items()
]


def document(client):
    return client.get("/openapi.json").json()


def operations(client):
    return [
        (method, path, operation)
        for path, item in document(client)["paths"].items()
        for method, operation in item.items()
    ]


def test_it_is_openapi_3_1(client):
    """Clients are generated from 3.1."""
    assert document(client)["openapi"].startswith("3.1")


def test_every_operation_is_described(client):
    """Each operation has a description and each of its parameters one, too."""
    for method, path, operation in operations(client):
        assert operation["description"], (method, path)
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), (method, path, parameter["name"])


def test_every_field_is_described(client):
    """Each field of each model says what it is."""
    for name, schema in document(client)["components"]["schemas"].items():
        for field, told in schema.get("properties", {}).items():
            assert told.get("description"), (name, field)


OPERATIONS = """
cancel_job create_forecast create_override create_plan download_plan_csv download_plan_excel find_candidates
find_path health list_all_overrides list_forecasts list_jobs list_models list_neighbours list_overrides_of
list_scorecards match metrics price_terms promote read_champion read_claim read_density read_drivers
read_forecast read_holder read_job read_job_table read_override_report read_pair_credit read_party
read_party_credit read_party_density read_party_faults read_party_trust read_plan read_problem read_scorecard
read_sell_in read_trust
decide_launches forecast_waves select_styles
record_signals create_launches replay_estimate read_checkpoints read_launch
ready record_changes rollback withdraw_override
score list_score_kinds read_score read_reliability record_outcomes read_scores_about
list_opt_outs opt_out opt_in list_reviews ask_review decide_review
hold_pieces list_reservations read_reservation replay_decision confirm_reservation release_reservation
cancel_reservation reject_reservation put_capacities sync_capacities list_capacities
"""
PLANNING_OPERATIONS = """
list_plans read_kept_plan read_plan_diff download_plan_diff read_plan_table list_production_orders
list_order_decisions decide_production_order explode_requirements make_box read_box download_box_csv
download_box_excel print_box quote_dates compare_scenarios trace_frontier replay_policies
dispatch_steps list_sent_dispatches read_one_dispatch make_dispatch_link revoke_dispatch_links
"""
ACCESS_OPERATIONS = """
read_own_key list_all_keys create_api_key rotate_api_key revoke_api_key read_audit
"""
EVENT_OPERATIONS = """
list_events add_webhook list_all_webhooks end_webhook list_webhook_deliveries resend_delivery tell_why
list_open_exceptions list_closings end_exception
"""
MATCHING_OPERATIONS = """
create_offers list_offers search_offers find_sellers answer_offer read_level_days
replay_matches route_order match_two_sided
add_backorder list_backorders route_backorders take_off_backorder
read_prices list_price_versions read_price_version activate_prices refresh_prices
"""
FLOW_OPERATIONS = """
record_facts read_fact list_stages list_parked_work retry_parked_work discard_parked_work
list_running_waves plan_group_orders hold_waves
"""
SETTLEMENT_OPERATIONS = """
settle_batch preview_settlement list_share_rules read_statement read_sale_split
"""


def test_operation_ids_are_stable(client):
    """Generated clients name their functions after these: adding one is fine, renaming one breaks them."""
    named = OPERATIONS + PLANNING_OPERATIONS + ACCESS_OPERATIONS + EVENT_OPERATIONS + MATCHING_OPERATIONS
    expected = set((named + FLOW_OPERATIONS + SETTLEMENT_OPERATIONS).split())
    assert {operation["operationId"] for _, _, operation in operations(client)} == expected


def test_every_failure_is_documented_as_a_problem(client):
    """Each operation says that it fails with problem details, and promises no other shape."""
    for method, path, operation in operations(client):
        for status in ("4XX", "5XX"):
            assert list(operation["responses"][status]["content"]) == ["application/problem+json"], (method, path)
        assert "422" not in operation["responses"]


def test_each_documented_example_is_one_we_run(client):
    """No example stands in the document that the test below does not post."""
    documented = {
        (path, name)
        for _, path, operation in operations(client)
        for name in operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("examples", {})
    }
    assert documented == {(path, name) for path, name, _ in POSTS}


def test_every_body_has_an_example(client):
    """With the operation and run below, or with its schema: then it is one that the operation takes."""
    schemas, without, taken = document(client)["components"]["schemas"], [], 0
    for method, path, operation in operations(client):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None or "examples" in content:
            continue
        examples = schemas[content["schema"]["$ref"].rpartition("/")[2]].get("examples", [])
        without += [] if examples else [path]
        for example in examples:
            told = client.request(
                method, re.sub(r"\{[^}]+\}", "1", path), json=example, headers={"Idempotency-Key": path}
            )
            assert told.status_code < 300 or told.json()["errors"] == [], (path, told.text)
            assert told.status_code != 500, (path, told.text)
            taken += 1
    for webhook in client.get("/v1/webhooks").json()["webhooks"]:
        client.delete(f"/v1/webhooks/{webhook['id']}")
    assert without == []
    assert taken > 15


@pytest.mark.parametrize(("path", "name", "body"), POSTS, ids=lambda value: value if isinstance(value, str) else "")
def test_each_example_runs(client, path, name, body):
    """Posting an example gives its documented answer; a job runs to its end and its tables can be read."""
    method = "put" if path == "/v1/capacities" else "post"
    key = {"Idempotency-Key": f"example-{name}".replace(" ", "-")}
    if path == "/v1/offers/answers":  # an answer needs the offer it is to
        assert client.post("/v1/offers", json=OFFER_EXAMPLES["two sellers"]["value"]).status_code == 200
    response = client.request(method, path, json=body, headers=key)
    operation = document(client)["paths"][path][method]
    promised = next(status for status in operation["responses"] if status.startswith("2"))
    assert response.status_code == int(promised), response.text
    validate(client, operation["responses"][promised], response.json())
    if response.status_code == 202:
        job = finished(client, response.headers["location"])
        assert job["state"] == "succeeded", job
        validate(client, operation["responses"][promised], job)
        for table_name, table in job["tables"].items():
            assert client.get(table["href"]).json()["total"] == table["rows"]
            assert table["rows"] > 0 or table_name == "late", table_name  # no example has late pieces to tell of


def finished(client, href):
    deadline = time.monotonic() + 120
    while (job := client.get(href).json())["state"] in ("queued", "running"):
        assert time.monotonic() < deadline, job
        time.sleep(0.05)
    return job


def validate(client, response, body):
    schema = response["content"]["application/json"]["schema"] | {"components": document(client)["components"]}
    Draft202012Validator(schema).validate(body)


@pytest.mark.parametrize(
    ("path", "reference"),
    [
        ("/healthz", "Health"),
        ("/readyz", "Readiness"),
        ("/v1/plan", "Page"),
        ("/v1/forecasts", "Page"),
        ("/v1/forecasts/soap@s1", "SeriesForecast"),
        ("/v1/jobs", "JobList"),
        ("/problems/busy", "ProblemPage"),
    ],
)
def test_answers_are_as_documented(client, path, reference):
    """What is answered validates against the document."""
    schema = {"$ref": f"#/components/schemas/{reference}", "components": document(client)["components"]}
    Draft202012Validator(schema).validate(client.get(path).json())


def test_problems_are_as_documented(client):
    """A problem validates against the document."""
    schema = {"$ref": "#/components/schemas/Problem", "components": document(client)["components"]}
    Draft202012Validator(schema).validate(client.get("/v1/jobs/nope").json())


SERVES_A_MATCH = """
import sys
from pathlib import Path
from fastapi.testclient import TestClient
from api.http.app import create_app
from api.http.examples import MATCH_EXAMPLES
from api.settings import Settings

with TestClient(create_app(Settings(home=Path(sys.argv[1])))) as client:
    for example in MATCH_EXAMPLES.values():
        assert client.post("/v1/matches", json=example["value"]).status_code == 200
print(*sorted({name.partition(".")[0] for name in sys.modules} & {"lightgbm", "sklearn", "mlflow", "nicegui"}))
"""


def test_a_match_is_served_without_a_learner(home):
    """Serving a match imports no learner, and no console."""
    done = subprocess.run(
        [sys.executable, "-c", SERVES_A_MATCH, str(home)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).resolve().parents[3],
    )
    assert done.stdout.strip() == ""
