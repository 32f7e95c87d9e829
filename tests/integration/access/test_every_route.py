"""Every route there is, attacked with the key of another tenant: none answers with what is not that tenant's.

The routes are listed from the OpenAPI, so a new one without an attack here fails.
"""

import tempfile
from functools import cache
from pathlib import Path

import pytest

from api.http.access import ACCESS, Reach
from api.http.app import create_app
from api.settings import Settings
from services.access import SCOPES

# What beta's key asks for, by operation: method, path and body. Ids of alpha's are sent as an attacker who guessed them
# would; `alpha-brand` is never sent, so it may stand in no answer at all.
ATTACKS: dict[str, tuple[str, str, dict | None]] = {
    "list_neighbours": ("GET", "/v1/parties/alpha-store/neighbours", None),
    "find_path": ("GET", "/v1/parties/beta-store/path?to=alpha-store", None),
    "read_party": ("GET", "/v1/parties/alpha-store", None),
    "read_holder": ("GET", "/v1/relations/holder?party_id=alpha-store&kind=distributes&on=2026-03-01", None),
    "read_scorecard": ("GET", "/v1/parties/alpha-store/scorecard", None),
    "list_scorecards": ("GET", "/v1/scorecards", None),
    "read_party_credit": ("GET", "/v1/parties/alpha-store/credit", None),
    "read_pair_credit": ("GET", "/v1/credit?buyer_id=alpha-store&supplier_id=alpha-distributor", None),
    "read_claim": ("GET", "/v1/claims/alpha-claim", None),
    "read_party_faults": ("GET", "/v1/parties/alpha-distributor/faults", None),
    "read_trust": ("GET", "/v1/trust?from=beta-store&to=alpha-store", None),
    "read_party_trust": ("GET", "/v1/parties/alpha-store/trust", None),
    "read_density": ("GET", "/v1/density", None),
    "read_party_density": ("GET", "/v1/parties/alpha-store/density", None),
    "read_sell_in": ("GET", "/v1/parties/alpha-distributor/sell-in", None),
    "record_changes": (
        "POST",
        "/v1/relations",
        {"events": [{"event": "relation", "event_id": "x1", "src": "alpha-distributor", "dst": "alpha-store",
                     "kind": "supplies", "at": "2026-03-01"}]},
    ),
    "find_candidates": (
        "POST",
        "/v1/candidates",
        {"orders": [{"order_id": "o", "sku_id": "soap", "pieces": 1, "buyer_id": "alpha-store"}]},
    ),
    "match": (
        "POST",
        "/v1/matches",
        {"orders": [{"order_id": "o", "sku_id": "soap", "pieces": 1, "buyer_id": "alpha-store"}]},
    ),
    "route_order": (
        "POST",
        "/v1/matches/route",
        {"order": {"order_id": "o", "sku_id": "soap", "pieces": 1, "buyer_id": "alpha-store"}},
    ),
    "hold_pieces": (
        "POST",
        "/v1/reservations",
        {"order": {"order_id": "o", "sku_id": "soap", "pieces": 1, "buyer_id": "alpha-store"}},
    ),
    "list_reservations": ("GET", "/v1/reservations", None),
    "read_reservation": ("GET", "/v1/reservations/alpha-hold", None),
    "replay_decision": ("GET", "/v1/reservations/alpha-hold/decision", None),
    "confirm_reservation": ("POST", "/v1/reservations/alpha-hold/confirm", {}),
    "release_reservation": ("POST", "/v1/reservations/alpha-hold/release", {}),
    "cancel_reservation": ("POST", "/v1/reservations/alpha-hold/cancel", {}),
    "reject_reservation": ("POST", "/v1/reservations/alpha-hold/reject", {}),
    "list_capacities": ("GET", "/v1/capacities", None),
    "put_capacities": (
        "PUT",
        "/v1/capacities",
        {"capacities": [{"supplier_id": "alpha-distributor", "good": "soap", "pieces": 5}]},
    ),
    "list_backorders": ("GET", "/v1/backorders", None),
    "route_backorders": ("POST", "/v1/backorders/route", {}),
    "add_backorder": (
        "POST",
        "/v1/backorders",
        {"order": {"order_id": "o", "sku_id": "soap", "pieces": 1, "buyer_id": "alpha-store"}},
    ),
    "take_off_backorder": ("POST", "/v1/backorders/alpha-order/done", {"pieces": 1}),
    "score": ("POST", "/v1/scores", {"kind": "buyer", "subject": "alpha-store"}),
    "read_score": ("GET", "/v1/scores/alpha-score", None),
    "read_scores_about": ("GET", "/v1/parties/alpha-store/scores", None),
    "read_reliability": ("GET", "/v1/scores/kinds/on_time/reliability", None),
    "list_score_kinds": ("GET", "/v1/scores/kinds", None),
    "list_opt_outs": ("GET", "/v1/scores/opt-outs", None),
    "list_reviews": ("GET", "/v1/scores/reviews", None),
    "record_outcomes": (
        "POST",
        "/v1/outcomes",
        {"outcomes": [{"outcome_id": "x", "kind": "buyer", "subject": "alpha-store", "value": 1, "at": "2026-03-01"}]},
    ),
    "opt_out": ("POST", "/v1/scores/opt-outs", {"party_id": "alpha-store", "by": "x"}),
    "opt_in": ("DELETE", "/v1/scores/opt-outs/alpha-store?by=x", None),
    "ask_review": ("POST", "/v1/scores/reviews", {"score_id": "alpha-score", "by": "x", "words": "w"}),
    "decide_review": (
        "POST",
        "/v1/scores/reviews/alpha-review/decision",
        {"decision": "upheld", "by": "x", "words": "w"},
    ),
    "list_forecasts": ("GET", "/v1/forecasts", None),
    "read_forecast": ("GET", "/v1/forecasts/soap@alpha-store", None),
    "read_drivers": ("GET", "/v1/forecasts/soap@alpha-store/drivers", None),
    "read_plan": ("GET", "/v1/plan?resource=alpha-line", None),
    "list_open_exceptions": ("GET", "/v1/exceptions", None),
    "download_plan_csv": ("GET", "/v1/plan.csv", None),
    "download_plan_excel": ("GET", "/v1/plan.xlsx", None),
    "list_offers": ("GET", "/v1/offers", None),
    "search_offers": ("GET", "/v1/offers/search?seller_id=alpha-store", None),
    "find_sellers": ("GET", "/v1/offers/sellers?style_id=alpha-dress", None),
    "answer_offer": (
        "POST",
        "/v1/offers/answers",
        {"seller_id": "alpha-store", "style_id": "alpha-dress", "state": "refused"},
    ),
    "plan_group_orders": (
        "POST",
        "/v1/group-orders/plan",
        {"communities": [{"community_id": "c", "members": 5}],
         "waves": [{"wave_id": "w", "push_at": "2026-03-06T14:00:00+08:00", "sku_id": "soap", "margin_fen": 9,
                    "supplier_id": "alpha-distributor"}],
         "pushes": [{"wave_id": "p", "community_id": "c", "push_at": "2026-03-01T14:00:00+08:00", "members": 5}],
         "orders": [{"wave_id": "p", "community_id": "c", "placed_at": "2026-03-01T14:00:00+08:00"}],
         "as_of": "2026-03-05T14:00:00+08:00"},
    ),
    "hold_waves": (
        "POST",
        "/v1/group-orders/holds",
        {"waves": [{"wave_id": "w", "sku_id": "soap", "buyer_id": "beta-store", "supplier_id": "alpha-distributor",
                    "pieces": 1}]},
    ),
    "list_events": ("GET", "/v1/events", None),
    "tell_why": ("GET", "/v1/why/alpha-hold", None),
    "add_webhook": ("POST", "/v1/webhooks", {"url": "https://10.0.0.1/alpha-store"}),
    "list_all_webhooks": ("GET", "/v1/webhooks", None),
    "end_webhook": ("DELETE", "/v1/webhooks/alpha-webhook", None),
    "list_webhook_deliveries": ("GET", "/v1/webhooks/alpha-webhook/deliveries", None),
    "resend_delivery": ("POST", "/v1/webhooks/alpha-webhook/deliveries/1/resend", {}),
    "record_facts": (
        "POST",
        "/v1/facts",
        {"key": "x", "kind": "order", "occurred_at": "2026-03-01T00:00:00Z", "order_id": "o", "sku_id": "soap",
         "pieces": 1, "buyer_id": "alpha-store"},
    ),
    "read_fact": ("GET", "/v1/facts/alpha-fact", None),
    "read_statement": ("GET", "/v1/settlements/statements/alpha-store", None),
    "read_sale_split": ("GET", "/v1/settlements/sales/alpha-sale", None),
    "list_share_rules": ("GET", "/v1/settlements/rules", None),
    "settle_batch": (
        "POST",
        "/v1/settlements",
        {"rules": {"rest": "brand"},
         "sales": [{"sale_id": "x", "sold_at": "2026-03-01", "price_fen": 1, "cost_fen": 0, "brand": "alpha-store"}]},
    ),
    "read_prices": ("GET", "/v1/prices", None),
    "read_price_version": ("GET", "/v1/prices/versions/1", None),
}  # fmt: skip
PURE = {
    "match_two_sided",
    "preview_settlement",
    "price_terms",
    "decide_launches",
    "select_styles",
    "forecast_waves",
    "explode_requirements",
    "make_box",
}
"""Answers drawn from the request alone: there is nothing of another's to tell."""
MADE_UP = {
    "read_reservation", "replay_decision", "confirm_reservation", "release_reservation", "cancel_reservation",
    "reject_reservation", "hold_pieces", "put_capacities", "read_score", "ask_review", "decide_review",
    "take_off_backorder", "score", "read_party_trust", "search_offers", "find_sellers", "answer_offer",
    "tell_why", "add_webhook", "end_webhook", "list_webhook_deliveries", "resend_delivery",
    "read_fact",
    "read_sale_split", "hold_waves",
}  # fmt: skip
"""Asked with ids that nobody has."""
TELLS_NOTHING = {"record_outcomes"}
"""Keeps what came true under the sender's own name, whether or not it foretold it."""
LISTS = {
    "list_jobs": "/v1/jobs",
    "list_plans": "/v1/plans",
    "list_production_orders": "/v1/production-orders",
    "list_order_decisions": "/v1/production-orders/decisions",
    "list_models": "/v1/models",
    "read_champion": "/v1/models/champion",
    "read_own_key": "/v1/keys/me",
    "list_all_overrides": "/v1/overrides",
    "list_overrides_of": "/v1/forecasts/soap@beta-store/overrides",
    "read_override_report": "/v1/overrides/report",
    "read_launch": "/v1/launches/hat",
    "read_checkpoints": "/v1/launches/hat/checkpoints",
    "replay_estimate": "/v1/launches/hat/checkpoints/e1/replay",
    "read_box": "/v1/box",
    "download_box_csv": "/v1/box.csv",
    "download_box_excel": "/v1/box.xlsx",
    "print_box": "/v1/box.html",
}
"""What a tenant made itself, or was computed on a network of its own."""
MADE = {
    "read_job": ("GET", "/v1/jobs/{job}"),
    "read_job_table": ("GET", "/v1/jobs/{job}/tables/forecast"),
    "cancel_job": ("DELETE", "/v1/jobs/{job}"),
    "read_kept_plan": ("GET", "/v1/plans/{plan}"),
    "read_plan_diff": ("GET", "/v1/plans/{plan}/diff"),
    "download_plan_diff": ("GET", "/v1/plans/{plan}/diff.xlsx"),
    "read_plan_table": ("GET", "/v1/plans/{plan}/tables/orders"),
}
"""What alpha or the operator made, asked for by its id: unknown to beta."""
OWN_WRITES = {
    "create_forecast", "create_launches", "record_signals", "rollback", "promote", "create_plan", "quote_dates",
    "compare_scenarios", "trace_frontier", "replay_matches", "replay_policies", "decide_production_order",
    "create_override", "withdraw_override",
}  # fmt: skip
"""Writes into the tenant's own folder (`test_tenants_keep_apart`)."""


@cache
def operations() -> dict[str, tuple[str, str]]:
    """Return method and path of every operation of the OpenAPI."""
    with tempfile.TemporaryDirectory() as home:
        app = create_app(Settings(home=Path(home), workers=1))
        app.state.house.board.close()
        document = app.openapi()
    return {
        operation["operationId"]: (method.upper(), path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


@pytest.fixture(scope="module")
def beta(asking):
    """A client with every scope, bound to beta."""
    return asking("admin", tenant="beta")


def test_every_route_has_its_access_and_its_attack():
    """A new route must say who may use it, and be attacked here."""
    names = set(operations())
    assert names <= set(ACCESS)
    guarded = {name for name in names if ACCESS[name].reach in (Reach.SEEN, Reach.OWN)}
    assert guarded == set(ATTACKS) | PURE | set(LISTS) | set(MADE) | OWN_WRITES | {"read_audit"}


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_what_may_not_be_seen_is_not_told(beta, asking, name):
    """Not by name, not by a count: the answer is that of ids that are not there, and the same as alpha gets differs."""
    method, path, body = ATTACKS[name]
    answer = beta.request(method, path, json=body, headers={"Idempotency-Key": name})
    assert answer.status_code < 500
    assert "alpha-brand" not in answer.text
    if "alpha" in f"{path}{body}" and name not in TELLS_NOTHING:
        assert answer.status_code in (404, 422), answer.text
    if "alpha" in f"{path}{body}" and name not in MADE_UP:
        own = asking("admin", tenant="alpha").request(method, path.replace("beta", "alpha"), json=body)
        assert own.status_code < 300 or "unknown" not in own.text, own.text


def plain(name: str) -> tuple[str, str, dict | None]:
    """Return a request of an operation with whatever stands in its path."""
    method, path = operations()[name]
    return method, path.replace("{", "").replace("}", ""), {} if method in ("POST", "PUT") else None


def test_the_whole_house_is_closed_to_tenants(beta):
    """Whatever is drawn from the whole house answers 403 to a bound key, whether or not anything is there."""
    answers = {}
    for name in (name for name in operations() if ACCESS[name].reach is Reach.HOUSE):
        method, path, body = plain(name)
        answers[name] = beta.request(method, path, json=body).status_code
    assert answers == dict.fromkeys(answers, 403)


def test_no_route_answers_without_a_key(application):
    """401, before the body is looked at."""
    closed = [name for name in operations() if ACCESS[name].reach is not Reach.ANYONE]
    answers = {name: application.request(*plain(name)[:2]).status_code for name in closed}
    assert answers == dict.fromkeys(closed, 401)


def test_no_route_answers_without_its_scope(asking):
    """A key with every scope but this one is refused by the scope's name."""
    for name in (name for name in operations() if ACCESS[name].scope):
        needed = ACCESS[name].scope
        method, path, body = plain(name)
        client = asking("admin", scopes=tuple(sorted(set(SCOPES) - {needed})))
        answer = client.request(method, path, json=body)
        assert (name, answer.status_code, needed in answer.json()["detail"]) == (name, 403, True)


@pytest.mark.parametrize("name", sorted(LISTS))
def test_lists_hold_ones_own_only(beta, asking, name):
    """After alpha and the operator made things of their own."""
    for other in (asking("admin"), asking("admin", tenant="alpha")):
        other.delete("/v1/jobs/alpha-job")
    answer = beta.get(LISTS[name])
    assert answer.status_code in (200, 503), answer.text  # 503: nothing was made yet
    assert "alpha" not in answer.text
