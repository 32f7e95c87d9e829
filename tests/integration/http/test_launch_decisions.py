"""Decisions, choices and waves over HTTP: what is wrong is named; nothing needs a loaded network."""

import copy

import pytest

from api.http.launch_examples import DECISION_EXAMPLES, SELECTION_EXAMPLES, WAVE_EXAMPLES

DECIDE = DECISION_EXAMPLES["two styles at launch"]["value"]
SELECT = SELECTION_EXAMPLES["one of two"]["value"]
WAVE = WAVE_EXAMPLES["half an hour into a wave"]["value"]


def changed(body: dict, **given) -> dict:
    """Return a copy of a request with other values."""
    return copy.deepcopy(body) | given


def test_a_decision_names_its_money_and_its_date(client):
    """The example: both styles are worth an order at launch, and the next look is worth something."""
    answer = client.post("/v1/launches/decisions", json=DECIDE).json()
    rows = {row["style_id"]: row for row in answer["decisions"]}
    assert [row["action"] for row in rows.values()] == ["commit", "commit"]
    assert rows["dress-1"]["option_value_fen"] > 0
    assert rows["dress-1"]["latest_useful_date"] > "2026-03-02"
    assert answer["summary"]["checkpoints"]["0h"]["commit"] == 2


def test_whole_numbers_of_the_parameters_may_be_written_as_such(client):
    """JSON has one kind of number; counts of branches are whole."""
    body = changed(DECIDE, params={"decide": {"branches": 3, "extra_capacity_fen": 10.5}, "spread": {"0h": 2, "3d": 2}})
    answer = client.post("/v1/launches/decisions", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["summary"]["spread"] == {"0h": 2.0, "3d": 2.0}


def test_the_likelier_hit_is_chosen(client):
    """One of two."""
    answer = client.post("/v1/launches/selection", json=SELECT).json()
    assert answer["summary"]["chosen"] == ["dress-1"]
    assert answer["summary"]["p_hit_caught"] == pytest.approx(0.2, abs=0.03)


def test_a_strong_start_raises_the_wave(client):
    """Half as many orders again as usual in the first half hour; communities are listed when asked for."""
    answer = client.post("/v1/waves/forecast", json=changed(WAVE, communities=True)).json()
    wave = answer["summary"]["waves"]["wave-4"]
    usual = sum(row["orders"] for row in WAVE["orders"] if row["wave_id"] == "wave-1")
    assert wave["so_far"] == 216
    assert 1.1 * usual < wave["mean"] < 1.6 * usual
    assert sum(row["mean"] for row in answer["communities"]) == pytest.approx(wave["mean"], abs=0.1)


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("/v1/launches/decisions", changed(DECIDE, at="9d"), "0h, 3d"),
        ("/v1/launches/decisions", changed(DECIDE, styles=DECIDE["styles"][:1]), "dress-2"),
        ("/v1/launches/decisions", changed(DECIDE, params={"decide": {"branches": 0}}), "branches"),
        ("/v1/launches/selection", changed(SELECT, count=3), "1 to 2"),
        ("/v1/waves/forecast", changed(WAVE, as_of="soon"), "2025-05-24T14:30:00+08:00"),
        ("/v1/waves/forecast", changed(WAVE, bucket_minutes=7), "bucket_minutes"),
        ("/v1/waves/forecast", changed(WAVE, quantiles=[1.5]), "between 0 and 1"),
    ],
)
def test_wrong_requests_are_problems(client, path, body, told):
    """422, with what was expected."""
    answer = client.post(path, json=body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert told in answer.text


def test_without_a_finished_wave_there_is_nothing_to_learn_from(client):
    """Said as such."""
    answer = client.post("/v1/waves/forecast", json=changed(WAVE, as_of="2026-03-02T15:00:00+08:00"))
    assert answer.headers["content-type"] == "application/problem+json"
    assert "24 hours after its push" in answer.text
