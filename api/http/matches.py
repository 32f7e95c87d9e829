"""Matches: who should fill these orders, at what cost, by when and why. A dry run: nothing is held or kept."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any, Literal

import orjson
import pandas as pd
from fastapi import APIRouter, Body, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Discriminator, Field, Tag

from api.http.brief_lines import Orders, lines_told
from api.http.examples import MATCH_EXAMPLES
from api.http.house import House, HouseDep, Net, ViewerDep
from api.http.lines import NDJSON, lines_body
from api.http.match_lines import (
    LINES_OUT,
    MatchLines,
    answer_lines,
    in_chunks,
    in_lines,
    last_line,
    many_orders,
    refused_lines,
)
from api.http.match_rows import (
    CandidateRow,
    CreditRow,
    DemandedRow,
    LimitRow,
    MatchOrderRow,
    PreferenceRow,
    QualifiedStepRow,
    ScoreWeightsModel,
    SupplierRow,
    weights_of,
)
from api.http.responses import JsonResponse, to_rows
from api.http.rows import StrictModel, frame_of
from api.http.straight import StraightRoute
from contracts.errors import InputError
from graph.tables import DEMANDS
from matching.problem import MatchParams
from services.viewer import Viewer
from store.prices import PriceShelf

if TYPE_CHECKING:
    from services.match_orders import MatchTerms

__all__ = ["match_straight", "router"]

router = APIRouter(prefix="/v1/matches", tags=["matches"], route_class=MatchLines)

_ORDERS = Field(min_length=1, max_length=10_000)
_MADE_OF = ("orders", "suppliers", "candidates", "qualified")
_TABLES = (*_MADE_OF, "credit", "limits", "preferences")
_CANDIDATE = ["order_id", "supplier_id", "score"]
_COUNTING = ("placed_at", "unmatched_penalty")  # attributes of orders that routing reads
_LONGEST_AT_ONCE = 16 * 1024
_MANY = Field(min_length=1, max_length=100_000)


class MatchOptions(StrictModel):
    """How to match."""

    unsplit: bool = Field(False, description="One supplier serves the whole order or nobody does.")
    method: Literal["auto", "auction", "exact", "greedy"] = Field("auto", description="Which solver.")
    seconds: float = Field(
        2.0, gt=0, le=60, description="After so many a mixed-integer program stops with its best; linear "
        "programs have four times as many together."
    )  # fmt: skip
    polish_seconds: float = Field(1.0, ge=0, le=60, description="So long whole orders of uneven loads are improved.")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Seed of everything random.")
    weights: ScoreWeightsModel | Literal["champion"] | None = Field(
        None, description="How the parts make the score; `champion` = as learnt from outcomes and promoted last."
    )
    language: Literal["en", "zh"] | None = Field(None, description="Tell every reason in words, too (`told`).")


class TablesMatch(MatchOptions):
    """Orders, suppliers and candidates, all given."""

    orders: Annotated[list[MatchOrderRow], _MANY] = Field(description="What is asked for.")  # type: ignore[valid-type]
    suppliers: Annotated[list[SupplierRow], _MANY] = Field(description="Who has how much.")  # type: ignore[valid-type]
    candidates: Annotated[list[CandidateRow], Field(max_length=1_000_000)] | None = Field(  # type: ignore[valid-type]
        None,
        description="Who could serve what, with a score or the parts of one. Without them orders and suppliers have a "
        "`process_step`, and every qualified supplier of the step is a candidate.",
    )
    qualified: Annotated[list[QualifiedStepRow], Field(max_length=200_000)] | None = Field(  # type: ignore[valid-type]
        None, description="Who may do which step, of which sku; without it all who offer it."
    )
    credit: Annotated[list[CreditRow], Field(max_length=200_000)] | None = Field(  # type: ignore[valid-type]
        None, description="Credit lines."
    )
    floor: float = Field(0.0, ge=0, le=1, description="Share of its capacity that each supplier gets at least.")
    limits: Annotated[list[LimitRow], Field(max_length=1000)] | None = Field(  # type: ignore[valid-type]
        None, description="Ceilings, exposure caps, mixes, credit over several suppliers."
    )
    pool_by: list[Annotated[str, Field(min_length=1, max_length=120)]] = Field(
        [], max_length=10, description="Columns whose equal values let orders be made together to reach a minimum."
    )
    split_cost: float = Field(0.0, ge=0, le=1e9, description="Score that each supplier beyond an order's first costs.")
    preferences: Annotated[list[PreferenceRow], Field(max_length=10_000)] | None = Field(  # type: ignore[valid-type]
        None, description="What suppliers would rather make."
    )
    preference_weight: float = Field(0.1, ge=0, le=1e6, description="Score per unit of supplier preference.")
    steady: float | None = Field(
        None, ge=0, le=1e12, description="Spread pieces over the days of orders (`first_day`, `last_day`): score per "
        "piece that an idle day lacks. Rows of `matches` have a `day` then."
    )  # fmt: skip
    fairness: bool = Field(False, description="Tell per supplier what it is due, got and could envy.")


class NetworkMatch(MatchOptions):
    """Orders only: the candidates are gathered from the loaded network."""

    orders: Annotated[list[DemandedRow], _ORDERS] = Field(description="What is asked for.")  # type: ignore[valid-type]
    top: int = Field(20, ge=1, le=100, description="Candidates per order.")
    at_prices: Literal["own", "published"] = Field(
        "own", description="`own`: all orders at once, at the prices they make (`prices`). `published`: one after "
        "another at the prices that serve, as `/v1/matches/route` decides each."
    )  # fmt: skip
    alternatives: bool = Field(
        True, description="Tell every candidate of each order. `false` tells only who serves it: as lines "
        "(`application/x-ndjson`) tens of thousands of orders a second, and lines that cannot be used are put aside."
    )  # fmt: skip


class Matches(BaseModel):
    """Who fills what, and what else was considered."""

    version: str | None = Field(description="Version of the loaded network; null for tables of your own.")
    price_version: int | None = Field(
        description="Version of the published prices that decided, 0 = none were; null where the orders made their own."
    )
    matches: list[dict[str, Any]] = Field(
        description="Order, supplier, pieces, price; from the network also the promised date, the cost and score "
        "parts, the runner-up and the reason."
    )
    alternatives: list[dict[str, Any]] | None = Field(
        description="Each candidate, the chosen ones too, with its parts and why it was or wasn't taken; by order, "
        "the best score first (network only)."
    )
    prices: list[dict[str, Any]] = Field(description="Shadow price of a unit of each supplier's capacity.")
    constraints: list[dict[str, Any]] | None = Field(
        description="Every limit and pool with its bound, what is used and its price (your tables only)."
    )
    fairness: list[dict[str, Any]] | None = Field(
        description="If asked for: per supplier `due`, `received`, `envied` pieces, what ending that envy would cost, "
        "and how uneven its days are (`load_cv`)."
    )
    told: list[dict[str, Any]] | None = Field(
        description="With a language: each candidate, each supplier's capacity and what would have served each order's "
        "pieces left, in words."
    )
    summary: dict[str, Any] = Field(description="Objective, bound, gap, pieces matched and not.")


def _form(value: Any) -> str:
    names = value if isinstance(value, dict) else getattr(value, "model_fields_set", ())
    return "form:tables" if "candidates" in names or "suppliers" in names else "form:network"


MatchRequest = Annotated[
    Annotated[TablesMatch, Tag("form:tables")] | Annotated[NetworkMatch, Tag("form:network")], Discriminator(_form)
]


@router.post(
    "",
    response_model=Matches,
    openapi_extra=lines_body("Options (optional, the first line), then one order a line, with its `candidates`."),
    responses={200: {"content": {NDJSON: {"schema": {"type": "string", "description": LINES_OUT}}}}},
)
def match(
    house: HouseDep,
    viewer: ViewerDep,
    http: Request,
    request: Annotated[MatchRequest, Body(openapi_examples=MATCH_EXAMPLES)],
) -> Response:
    """Match orders with suppliers; holds nothing and keeps nothing.

    Give orders, suppliers and candidates, or only orders (`order_id`, `sku_id`, `pieces`, `buyer_id`) and let the
    loaded network find who could fill them. There a tenant asks for buyers of its own and is matched with suppliers
    that it may know of.

    As `application/x-ndjson` the body is one order a line, which may bring its own `candidates`; a first line without
    `order_id` holds everything else (`suppliers`, options). The answer is then one line per order (`order_id, matches,
    alternatives, unserved, reason`), and a last one with everything else (`prices`, `summary` and so on). With the
    first line `{"alternatives": false}` up to 100 000 orders of the loaded network are told in brief; a line that
    cannot be used is put aside and told as `line, refused`, and `summary.quarantined` counts them.
    """
    if (lines := many_orders(http)) is not None and isinstance(request, NetworkMatch):
        return StreamingResponse(in_chunks(_in_brief(house, viewer, request, lines)), media_type=NDJSON)
    answer = _given(house, request) if isinstance(request, TablesMatch) else _routed(house, viewer, request)
    if not in_lines(http):
        return JsonResponse(answer)
    orders = [str(row.order_id) for row in request.orders]  # type: ignore[attr-defined]
    return StreamingResponse(in_chunks(answer_lines(orders, answer)), media_type=NDJSON)


def _in_brief(house: House, viewer: Viewer, request: NetworkMatch, orders: Orders) -> Iterator[bytes]:
    """Return the lines that answer many orders; matched before the first line is sent."""
    from services.match_many import match_many

    if request.language is not None:
        raise InputError("language", "none beside `alternatives: false`, which tells no candidate", request.language)
    loaded = house.net.current()
    weights, label = _weights(house, request)
    options = _options(request)
    seed, published = options.pop("seed"), request.at_prices == "published"
    frame = pd.DataFrame(orders.columns((*DEMANDS.by_name, *_COUNTING)))
    many = match_many(
        loaded.snapshot, house.net.shelf, frame, viewer=viewer, top=request.top, params=MatchParams(**options),
        at_prices=published, seed=seed, **weights,
    )  # fmt: skip
    reasons = dict(zip(many.refused["row"].tolist(), many.refused["reason"].tolist(), strict=True))
    refused = orders.refused | {orders.numbers[row - 1]: reason for row, reason in reasons.items()}
    tables = {"prices": many.prices} | dict.fromkeys(("constraints", "fairness", "told"))
    answer = _answer(loaded.version, tables, many.summary | label | {"quarantined": len(refused)})
    answer["price_version"] = _published(house.net.shelf)[1] if published else None
    told = lines_told(many.order_ids, many.matches, many.order, many.unserved, many.unserved_reason)
    return chain(refused_lines(list(refused), list(refused.values())), told, (last_line(answer),))


def match_straight(net: Net) -> StraightRoute:
    """Return the way in which one order of the operator is matched at once, while no solver is needed for it."""

    def answer(body: bytes) -> bytes | None:
        snapshot = net.at_hand()
        if snapshot is None or len(body) > _LONGEST_AT_ONCE:
            return None
        try:
            asked = NetworkMatch.model_validate(orjson.loads(body))
        except ValueError:
            return None
        if len(asked.orders) > 1 or asked.model_fields_set - {"orders", "top", "unsplit", "seed"}:
            return None
        from services.match_at_once import match_at_once

        order = asked.orders[0].model_dump(exclude_unset=True)  # type: ignore[attr-defined]
        told = match_at_once(snapshot, net.shelf, order, top=asked.top, unsplit=asked.unsplit)
        if told is None:
            return None
        nothing = {"constraints": None, "fairness": None, "told": None}
        return orjson.dumps({"version": snapshot.version, "price_version": None, **nothing, **told})

    return StraightRoute("/v1/matches", "match", answer)


def _given(house: HouseDep, request: TablesMatch) -> dict[str, Any]:
    from services.match_steps import match_any

    weights, label = _weights(house, request)
    options = _options(request) | weights
    options |= {"credit": frame_of(request.credit), "floor": request.floor, "terms": _terms(request)}
    options |= {"language": request.language}
    tables = {name: frame for name in _MADE_OF if (frame := frame_of(getattr(request, name))) is not None}
    if request.candidates == []:
        tables["candidates"] = pd.DataFrame(columns=_CANDIDATE, dtype="str")
    report = match_any(tables, sources={name: name for name in _TABLES}, **options)
    made = {"matches": report.allocation, "alternatives": None, "prices": report.prices}
    made |= {"constraints": report.constraints, "fairness": report.fairness, "told": report.told}
    return _answer(None, made, report.summary | label)


def _terms(request: TablesMatch) -> MatchTerms:
    from services.match_orders import MatchTerms

    return MatchTerms(
        limits=frame_of(request.limits),
        preferences=frame_of(request.preferences),
        pool_by=request.pool_by,
        split_cost=request.split_cost,
        preference_weight=request.preference_weight,
        steady=request.steady,
        fairness=request.fairness,
    )


def _routed(house: HouseDep, viewer: ViewerDep, request: NetworkMatch) -> dict[str, Any]:
    loaded = house.net.current()
    snapshot = loaded.snapshot
    from services.network_routes import route_on
    from services.route_words import told_routes

    shelf = PriceShelf(house.net.home.root)
    prices, price_version = _published(shelf) if request.at_prices == "published" else (None, None)
    weights, label = _weights(house, request)
    options = _options(request) | weights | {"prices": prices, "left": shelf.left()}
    report = route_on(snapshot, frame_of(request.orders), top=request.top, viewer=viewer, **options)
    told = None if request.language is None else told_routes(report, request.language)
    told_of = report.alternatives if request.alternatives else None
    tables = {"matches": report.matches, "alternatives": told_of, "prices": report.prices}
    tables |= {"constraints": None, "fairness": None, "told": told}
    return _answer(loaded.version, tables, report.summary | label) | {"price_version": price_version}


def _published(shelf: PriceShelf) -> tuple[pd.DataFrame, int]:
    """Return the prices that serve and their version; none, and 0, before any were published."""
    serving = shelf.current()
    if serving is None:
        return pd.DataFrame(columns=["supplier_id", "good", "price"]).astype({"price": "float64"}), 0
    return serving.table(), serving.number


def _options(request: MatchOptions) -> dict[str, Any]:
    return request.model_dump(include={"unsplit", "method", "seconds", "polish_seconds", "seed"})


def _weights(house: HouseDep, request: MatchOptions) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the weights that count as an option, none where the defaults do; of learnt ones their name as well."""
    if request.weights is None:
        return {}, {}
    if request.weights != "champion":
        return {"weights": weights_of(request.weights)}, {}
    from services.learn_weights import champion_weights

    weights, label = champion_weights(house.net.home.root)
    return {"weights": weights}, {"weights": label}


def _answer(version: str | None, tables: dict[str, Any], summary: dict[str, Any]) -> dict[str, Any]:
    rows = {name: None if table is None else to_rows(table) for name, table in tables.items()}
    return {"version": version, "price_version": None, **rows, "summary": summary}
