"""Whatever is sent as lines is answered, every line of it, or refused with a problem; never a 500."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

LINES = {"Content-Type": "application/x-ndjson"}
ROWS = {
    "/v1/facts": {
        "key": "k1",
        "kind": "sale",
        "occurred_at": "2026-03-02T21:30:00+08:00",
        "unique_id": "soap@s1",
        "ds": "2026-03-02",
        "pieces": 5,
    },
    "/v1/settlements": {
        "sale_id": "s-1",
        "sold_at": "2026-03-02T20:15:00+08:00",
        "price_fen": 900,
        "cost_fen": 300,
        "pieces": 2,
        "brand": "f1",
        "platform": "s1",
    },
    "/v1/matches": {"order_id": "o1", "sku_id": "soap", "pieces": 3, "buyer_id": "s1"},
    "/v1/scores": {"kind": "supplier", "subject": "f1", "as_of": "2026-01-20"},
    "/v1/outcomes": {"outcome_id": "u1", "score_id": "none", "value": 1.0, "at": "2026-02-01T00:00:00+08:00"},
    "/v1/relations": {
        "event": "relation",
        "event_id": "e1",
        "src": "f1",
        "dst": "s1",
        "kind": "supplies",
        "at": "2026-03-01",
    },
    "/v1/signals": {
        "style_id": "a",
        "kind": "repost",
        "count": 1,
        "source": "x",
        "signal_time": "2026-03-01T12:00:00+08:00",
        "observed_at": "2026-03-01T13:00:00+08:00",
    },
}
NAMED = {
    "/v1/facts": "key",
    "/v1/settlements": "sale_id",
    "/v1/matches": "order_id",
    "/v1/scores": "subject",
    "/v1/outcomes": "outcome_id",
    "/v1/relations": "event_id",
    "/v1/signals": "style_id",
}
"""What tells a row from the next one."""
FIRST = {"/v1/settlements": {"rules": {"rest": "brand", "rules": [{"role": "platform", "of": "price", "percent": 5}]}}}
"""What comes before the rows."""
VALUES = st.one_of(
    st.none() | st.booleans() | st.text(max_size=8),
    st.sampled_from([0, -1, 2**31, 2**53 + 1, 2**64, 10**400, -(10**30), 1e308, 5e-324, float("inf"), float("nan")]),
    st.sampled_from(["", "\x00", "=1", "a" * 600, "甲", "2026-13-40", "0001-01-01", "9999-12-31T23:59:59+00:00"]),
    st.lists(st.integers(), max_size=2) | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
DEPTHS = st.sampled_from([10, 200, 252, 253, 254, 255, 300, 1000, 1023, 1025, 5000, 100_000])


def nested(depth):
    return b'{"order_id": ' + b"[" * depth + b"]" * depth + b"}"


def lines(row, name):
    """Bodies of up to three lines near a row that is right, each under another name."""
    several = [line(row | {name: f"{row[name]}{'+' * n}"}) for n in range(3)]
    return st.one_of([st.tuples(*several[:n]) for n in range(4)]).map(b"\n".join)


def line(row):
    """Lines near a row: cells replaced, cut, bytes put in, levels upon levels."""
    changed = st.dictionaries(st.sampled_from([*row, "extra"]), VALUES, max_size=3).map(
        lambda cells: json.dumps(row | cells).encode()
    )
    cut = st.tuples(changed, st.integers(0, 60)).map(lambda pair: pair[0][: -pair[1] or None])
    spoilt = st.tuples(changed, st.integers(0, 60), st.binary(min_size=1, max_size=4)).map(
        lambda three: three[0][: three[1]] + three[2] + three[0][three[1] :]
    )
    deep = st.tuples(st.sampled_from([*row, "extra"]), DEPTHS).map(
        lambda pair: (
            json.dumps(row)[:-1].encode() + f', "{pair[0]}": '.encode() + b"[" * pair[1] + b"]" * pair[1] + b"}"
        )
    )
    return st.one_of(changed, changed, cut, spoilt, deep, DEPTHS.map(nested), st.binary(max_size=40))


def first(path):
    return json.dumps(FIRST[path]).encode() + b"\n" if path in FIRST else b""


def accounted(path, answer):
    """Return how many rows an answer tells of."""
    if path == "/v1/scores":
        return len(answer.text.splitlines())
    if path == "/v1/matches":
        return len(answer.text.splitlines()) - 1  # the last tells of all
    told = answer.json()
    figures = told["summary"] if path == "/v1/settlements" else told
    names = ("sales", "returns", "accepted", "applied", "known", "quarantined", "refused")
    n = sum(figures.get(name, 0) for name in names)
    assert len(told.get("results", told.get("rows", range(n)))) == n
    return n


def check(loaded, path, body):
    answer = loaded.post(path, content=first(path) + body, headers=LINES)
    assert answer.status_code in {200, 400, 409, 413, 422}, answer.text
    n = sum(bool(one.strip()) for one in body.splitlines())
    if answer.status_code == 200:
        assert accounted(path, answer) == n, answer.text
    else:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"]
        assert all(error["row"] is None or 1 <= error["row"] <= n for error in answer.json()["errors"]), answer.text


def test_every_operation_that_takes_lines_is_fuzzed():
    """Listed from the record of the OpenAPI document."""
    paths = json.loads((Path(__file__).parents[1] / "data" / "openapi_contract.json").read_text())["paths"]
    taking = {path for path in paths if LINES["Content-Type"] in str(paths[path].get("post", {}).get("requestBody"))}
    assert taking == set(ROWS)


def fuzz(loaded, path, examples):
    @seed(0)
    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(body=lines(ROWS[path], NAMED[path]))
    def send(body):
        check(loaded, path, body)

    send()


@pytest.mark.parametrize("path", sorted(ROWS))
def test_any_lines_are_answered_or_refused(loaded, path):
    """Rows nearly right, cut lines, bytes that are no text, huge numbers, levels upon levels."""
    fuzz(loaded, path, 25)


@pytest.mark.proof
@pytest.mark.parametrize("path", sorted(ROWS))
def test_many_lines_are_answered_or_refused(loaded, path):
    """Many more."""
    fuzz(loaded, path, 3000)


@pytest.mark.parametrize("path", sorted(ROWS))
def test_a_right_line_is_taken(loaded, path):
    """What the fuzz starts from reaches the rows: it is not refused for its form."""
    answer = loaded.post(path, content=first(path) + json.dumps(ROWS[path]).encode(), headers=LINES)
    assert answer.status_code in {200, 409, 422}
    assert b"malformed-json" not in answer.content


@pytest.mark.parametrize("path", sorted(ROWS))
@pytest.mark.parametrize("depth", [253, 1000, 100_000])
def test_levels_upon_levels_are_refused(loaded, path, depth):
    """A line deeper than a body may be is the sender's fault, not a bug of ours."""
    answer = loaded.post(path, content=first(path) + nested(depth), headers=LINES)
    assert answer.status_code == 400
    assert answer.json()["type"] == "/problems/malformed-json"
