"""One order is answered straight from memory or by its route: whoever asks whatever, the answers are alike."""

from itertools import product

import pytest

from services import match_at_once, network_router
from tests.integration.http.test_match_at_once import assert_same

ORDER = {"order_id": "o", "sku_id": "soap", "pieces": 3, "buyer_id": "alpha-store"}
ORDERS = [
    {}, {"pieces": 90}, {"pieces": 1000}, {"ship_to": "North"}, {"ship_to": "mill"}, {"due_date": "2999-01-01"},
    {"due_date": "2000-01-01"}, {"max_price_fen": 1}, {"max_price_fen": None}, {"unmatched_penalty": 0.2},
    {"placed_at": "2026-03-01T09:00:00+08:00"}, {"buyer_id": "mill"}, {"colour": "red"}, {"order_id": 'Größe " \\ 大'},
    # what is wrong
    {"sku_id": "none"}, {"sku_id": ""}, {"sku_id": None}, {"pieces": 0}, {"pieces": -1}, {"pieces": 1.5},
    {"pieces": "3"}, {"pieces": True}, {"pieces": 10**30}, {"buyer_id": "nobody"}, {"buyer_id": 5},
    {"buyer_id": "alpha-store\0"}, {"buyer_id": "x" * 500}, {"ship_to": "nowhere"}, {"due_date": "tomorrow"},
    {"due_date": "2026-13-01"}, {"placed_at": "then"}, {"unmatched_penalty": -1}, {"unmatched_penalty": "1"},
    {"max_price_fen": -5}, {"order_id": ""}, {"colour": ["red"]},
]  # fmt: skip
ROUTE_OPTIONS = [
    {}, {"top": 1}, {"unsplit": True}, {"margin": 2.0}, {"language": "zh"}, {"rejected_by": ["alpha-brand"]},
    {"top": 0}, {"top": "1"}, {"margin": -1}, {"language": "fr"}, {"rejected_by": ["nobody"]}, {"rejected_by": [""]},
    {"surprise": 1},
]  # fmt: skip
MATCH_OPTIONS = [{}, {"top": 1}, {"unsplit": True}, {"seed": 3}, {"top": 101}, {"unsplit": 1}, {"surprise": 1}]
BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'{"order":1}',
    b'{"orders":[]}',
    b'{"orders":{}}',
    b'{"order":{},"order":{}}',
    b"\xff",
]
WHOLE = {"seconds", "cpu_seconds", "peak_mb", "method"}


def whole(answer):
    """Return all of an answer but what differs between two requests for the same."""
    told = answer.json()
    if isinstance(told.get("summary"), dict):
        told["summary"] = {name: value for name, value in told["summary"].items() if name not in WHOLE}
    told.pop("instance", None)
    told.pop("request_id", None)
    mine = {"x-request-id", "content-length", "snapshot-age-seconds"}
    return answer.status_code, {name: text for name, text in answer.headers.items() if name not in mine}, told


def both(client, path, **asked):
    """Ask for the same twice; a content type with parameters goes the usual way."""
    answers = []
    for kind in ("application/json", "application/json; charset=utf-8"):
        headers = {"Content-Type": kind} | asked.get("headers", {})
        answers.append(whole(client.post(path, **(asked | {"headers": headers}))))
    return answers


@pytest.fixture
def straight(monkeypatch):
    """Whether each order that came that far was answered straight."""
    seen = []

    def watch(module, name):
        at_once = getattr(module, name)

        def watched(*given, **options):
            seen.append(False)
            told = at_once(*given, **options)
            seen[-1] = told is not None
            return told

        monkeypatch.setattr(module, name, watched)

    watch(match_at_once, "match_at_once")
    watch(network_router, "route_at_once")
    return seen


def test_one_order_routed(asking, straight):
    """To the last digit, and wrong input is told in the same words."""
    client, statuses = asking(), set()
    cases = [(order, {}) for order in ORDERS] + [({"pieces": 2}, options) for options in ROUTE_OPTIONS]
    for order, options in cases:
        soon, usual = both(client, "/v1/matches/route", json={"order": ORDER | order, **options})
        assert soon == usual, (order, options)
        statuses.add(soon[0])
    assert {200, 422} <= statuses
    assert any(straight)


def test_one_order_matched(asking, straight):
    """As a solver does; wrong input is told in the same words."""
    client = asking()
    client.post("/v1/matches/route", json={"order": ORDER})  # what is offered today is indexed from here on
    cases = [(order, {}) for order in ORDERS] + [({"pieces": 2}, options) for options in MATCH_OPTIONS]
    for order, options in cases:
        soon, usual = both(client, "/v1/matches", json={"orders": [ORDER | order], **options})
        assert soon[:2] == usual[:2], (order, options)
        assert_same(usual[2], soon[2], f"{order} {options}")
    assert any(straight)


@pytest.mark.parametrize("path", ["/v1/matches", "/v1/matches/route"])
def test_whoever_asks(asking, application, path):
    """Other eyes, keys without the scope, no key, a wrong one; bodies that are none."""
    asked = {"json": {"order": ORDER}} if path.endswith("route") else {"json": {"orders": [ORDER]}}
    bound = [{"tenant": "alpha"}, {"tenant": "beta"}]
    keys = [asking(), asking(scopes=["network:read"]), application, *(asking("router", **terms) for terms in bound)]
    keys += [asking("party", tenant="alpha", party=f"alpha-{kind}") for kind in ("store", "brand")]
    eyes = [{}, {"Evenflow-Tenant": "alpha"}, {"Evenflow-Tenant": "beta"}, {"Evenflow-Tenant": ""}]
    statuses = set()
    for client, headers in product(keys, eyes):
        soon, usual = both(client, path, headers=headers, **asked)
        assert soon[:2] == usual[:2], (client, headers)
        assert_same(usual[2], soon[2], str(headers))
        statuses.add(soon[0])
    for headers in ({"Authorization": "Bearer x"}, {"Authorization": "Basic x"}):
        soon, usual = both(application, path, headers=headers, **asked)
        assert (soon, soon[0]) == (usual, 401)
    for body in BODIES:
        soon, usual = both(asking(), path, content=body)
        assert soon == usual, body
    assert {200, 401, 403} <= statuses
