"""Which key opens which route: the one table that says it, and the check that reads it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, NamedTuple

from fastapi import Depends, FastAPI, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.access import ANYONE, ForbiddenError, Principal

__all__ = ["ACCESS", "Access", "Reach", "UnauthorizedError", "allow", "authorise", "describe", "principal_of"]


class UnauthorizedError(ForbiddenError):
    """No key came with the request, or one that does not count."""


class Reach(StrEnum):
    """What an answer is drawn from, and so who may ask."""

    ANYONE = "anyone, without a key"
    SEEN = "what the key's party or tenant may see; the operator sees everything"
    OWN = "what was sent or made with keys of the same tenant or party"
    HOUSE = "the whole house: keys bound to a tenant are refused"


class Access(NamedTuple):
    """What a route takes.

    Parameters
    ----------
    scope
        The scope that a key must hold; None: any key will do.
    reach
        What the answer is drawn from.
    writes
        Whether something is kept: such requests are put into the audit; refused ones, too, if a key came with them.
    """

    scope: str | None
    reach: Reach
    writes: bool = False


def _routes(scope: str | None, reach: Reach, names: str, *, writes: bool = False) -> dict[str, Access]:
    return dict.fromkeys(names.split(), Access(scope, reach, writes))


ACCESS: Mapping[str, Access] = {
    **_routes(None, Reach.ANYONE, "health ready read_problem docs start home show_sign_in sign_in"),
    **_routes(None, Reach.ANYONE, "show_dispatch"),
    **_routes(None, Reach.ANYONE, "answer_by_link", writes=True),
    **_routes("metrics:read", Reach.HOUSE, "metrics"),
    **_routes("network:read", Reach.SEEN, "list_neighbours find_path read_party read_holder read_scorecard"),
    **_routes("network:read", Reach.SEEN, "list_scorecards read_party_credit read_pair_credit price_terms"),
    **_routes("network:read", Reach.SEEN, "read_claim read_party_faults read_trust read_party_trust"),
    **_routes("network:read", Reach.SEEN, "read_density read_party_density read_sell_in"),
    **_routes("network:write", Reach.SEEN, "record_changes", writes=True),
    **_routes("signals:write", Reach.OWN, "record_facts", writes=True),
    **_routes("signals:write", Reach.OWN, "read_fact"),
    **_routes("metrics:read", Reach.HOUSE, "list_stages list_parked_work"),
    **_routes("network:write", Reach.HOUSE, "retry_parked_work discard_parked_work", writes=True),
    **_routes("matches:read", Reach.SEEN, "find_candidates match route_order read_prices read_price_version"),
    **_routes("matches:read", Reach.HOUSE, "list_price_versions"),
    **_routes("matches:read", Reach.OWN, "match_two_sided"),
    **_routes("plans:write", Reach.HOUSE, "create_offers", writes=True),
    **_routes("plans:read", Reach.HOUSE, "read_level_days"),
    **_routes("matches:read", Reach.SEEN, "list_offers search_offers find_sellers"),
    **_routes("reservations:write", Reach.SEEN, "answer_offer", writes=True),
    **_routes("matches:read", Reach.SEEN, "plan_group_orders"),
    **_routes("reservations:write", Reach.SEEN, "hold_waves", writes=True),
    **_routes("matches:read", Reach.OWN, "replay_matches", writes=True),
    **_routes("prices:write", Reach.HOUSE, "refresh_prices activate_prices", writes=True),
    **_routes("matches:read", Reach.SEEN, "list_backorders route_backorders"),
    **_routes("reservations:write", Reach.SEEN, "add_backorder take_off_backorder", writes=True),
    **_routes("reservations:read", Reach.SEEN, "list_reservations read_reservation replay_decision list_capacities"),
    **_routes("reservations:write", Reach.SEEN, "hold_pieces confirm_reservation release_reservation", writes=True),
    **_routes("reservations:write", Reach.SEEN, "cancel_reservation reject_reservation", writes=True),
    **_routes("prices:write", Reach.SEEN, "put_capacities", writes=True),
    **_routes("prices:write", Reach.HOUSE, "sync_capacities", writes=True),
    **_routes("events:read", Reach.SEEN, "list_events tell_why list_all_webhooks list_webhook_deliveries"),
    **_routes("webhooks:write", Reach.SEEN, "add_webhook end_webhook resend_delivery", writes=True),
    **_routes("plans:read", Reach.SEEN, "list_open_exceptions"),
    **_routes("plans:read", Reach.HOUSE, "list_closings"),
    **_routes("forecasts:read", Reach.HOUSE, "list_running_waves"),
    **_routes("exceptions:write", Reach.HOUSE, "end_exception", writes=True),
    **_routes("settlements:read", Reach.SEEN, "read_statement read_sale_split list_share_rules"),
    **_routes("settlements:read", Reach.OWN, "preview_settlement"),
    **_routes("settlements:write", Reach.SEEN, "settle_batch", writes=True),
    **_routes("scores:read", Reach.SEEN, "score", writes=True),
    **_routes("scores:read", Reach.SEEN, "read_score read_scores_about read_reliability"),
    **_routes("scores:read", Reach.SEEN, "list_score_kinds list_opt_outs list_reviews"),
    **_routes("scores:write", Reach.SEEN, "record_outcomes opt_out opt_in ask_review", writes=True),
    **_routes("reviews:write", Reach.SEEN, "decide_review", writes=True),
    **_routes("forecasts:read", Reach.SEEN, "list_forecasts read_forecast read_drivers"),
    **_routes("forecasts:read", Reach.OWN, "list_overrides_of list_all_overrides read_override_report"),
    **_routes("forecasts:write", Reach.OWN, "create_override withdraw_override", writes=True),
    **_routes("forecasts:write", Reach.OWN, "create_forecast create_launches", writes=True),
    **_routes("forecasts:read", Reach.OWN, "read_launch read_checkpoints replay_estimate"),
    **_routes("forecasts:read", Reach.OWN, "decide_launches select_styles forecast_waves"),
    **_routes("signals:write", Reach.OWN, "record_signals", writes=True),
    **_routes("models:read", Reach.OWN, "list_models read_champion"),
    **_routes("models:write", Reach.OWN, "rollback promote", writes=True),
    **_routes("plans:read", Reach.OWN, "list_plans read_kept_plan read_plan_diff download_plan_diff read_plan_table"),
    **_routes("plans:read", Reach.SEEN, "read_plan download_plan_csv download_plan_excel"),
    **_routes("plans:read", Reach.OWN, "read_box download_box_csv download_box_excel print_box"),
    **_routes("plans:read", Reach.OWN, "explode_requirements make_box"),
    **_routes("plans:write", Reach.OWN, "create_plan quote_dates compare_scenarios trace_frontier", writes=True),
    **_routes("plans:write", Reach.OWN, "replay_policies", writes=True),
    **_routes("orders:read", Reach.OWN, "list_production_orders list_order_decisions"),
    **_routes("orders:write", Reach.OWN, "decide_production_order", writes=True),
    **_routes("orders:read", Reach.HOUSE, "list_sent_dispatches read_one_dispatch"),
    **_routes("orders:write", Reach.HOUSE, "dispatch_steps make_dispatch_link revoke_dispatch_links", writes=True),
    **_routes(None, Reach.OWN, "read_own_key"),
    **_routes("keys:write", Reach.HOUSE, "list_all_keys"),
    **_routes("keys:write", Reach.HOUSE, "create_api_key rotate_api_key revoke_api_key", writes=True),
    **_routes("audit:read", Reach.OWN, "read_audit"),
    **_routes(None, Reach.OWN, "list_jobs read_job read_job_table"),
    **_routes(None, Reach.OWN, "cancel_job", writes=True),
}

_UNKNOWN = Access("keys:write", Reach.HOUSE, writes=True)  # a route that nobody wrote down is the admin's

_bearer = HTTPBearer(auto_error=False, description="An API key (`evf_…`) or a JWT of your identity provider.")


def principal_of(request: Request) -> Principal:
    """Return who asks, with the eyes of the tenant named in `Evenflow-Tenant`.

    Raises
    ------
    ForbiddenError
        If the key is bound to another tenant.
    """
    principal: Principal = request.scope["state"].get("principal", ANYONE)
    return principal.at(request.headers.get("evenflow-tenant"))


async def authorise(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> None:
    """Refuse a request that its key does not open; runs before every route.

    Raises
    ------
    UnauthorizedError
        If the route needs a key and none came.
    ForbiddenError
        If the key lacks the scope, or asks for the whole house and is bound to a tenant.
    """
    del credentials  # read by the middleware already; named here so that the OpenAPI tells of it
    name = request.scope["route"].name
    if ACCESS.get(name, _UNKNOWN).reach is not Reach.ANYONE:
        allow(name, principal_of(request))


def allow(name: str, principal: Principal) -> None:
    """Refuse a principal that may not ask for a route; raises as `authorise`."""
    needed = ACCESS.get(name, _UNKNOWN)
    if needed.reach is Reach.ANYONE:
        return
    if principal.role == ANYONE.role:
        raise UnauthorizedError("Authorization: expected `Bearer` with an API key or a token, got nothing")
    if not principal.may(needed.scope):
        raise ForbiddenError(f"the key {principal.name} ({principal.role}) lacks the scope {needed.scope}")
    if needed.reach is Reach.HOUSE and principal.bound:
        raise ForbiddenError("this answer is drawn from the whole house; a key bound to a tenant may not read it")


def describe(app: FastAPI) -> None:
    """Say in the OpenAPI which scope each operation takes, and which need no key."""
    made = app.openapi

    def openapi() -> dict[str, object]:
        document = made()
        for methods in document["paths"].values():
            for operation in methods.values():
                needed = ACCESS.get(operation["operationId"], _UNKNOWN)
                operation["x-scope"] = needed.scope
                if needed.reach is Reach.ANYONE:
                    operation["security"] = []
        return document

    app.openapi = openapi  # type: ignore[method-assign]
