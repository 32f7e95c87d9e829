"""The tables a loaded network consists of, each with the schema of the package that owns it."""

from __future__ import annotations

from contracts.tables import TableSchema
from forecast.launch.tables import STYLES
from forecast.offers.tables import PROMOTIONS, SELLERS
from forecast.tables import SALES, SELL_IN, SELL_THROUGH, SIGNALS
from graph.aftersales.tables import CLAIMS, LOTS
from graph.credit.tables import LEDGER, TERMS
from graph.density.tables import AREAS, CATCHMENTS
from graph.scorecards.tables import DELIVERIES, EVIDENCE
from graph.tables import DEMANDS, EXCLUSIVES, LANES, PARTIES, PRODUCTS, RELATIONS, STOCK, SUPPLY
from graph.trust.tables import JUDGEMENTS
from planning.tables import ROUTES

__all__ = ["TABLES"]

TABLES: dict[str, TableSchema] = {
    "parties": PARTIES,
    "relations": RELATIONS,
    "products": PRODUCTS,
    "routes": ROUTES,
    "sales": SALES,
    "signals": SIGNALS,
    "styles": STYLES,
    "supply": SUPPLY,
    "stock": STOCK,
    "lanes": LANES,
    "exclusives": EXCLUSIVES,
    "orders": DEMANDS,
    "ledger": LEDGER,
    "terms": TERMS,
    "lots": LOTS,
    "claims": CLAIMS,
    "judgements": JUDGEMENTS,
    "areas": AREAS,
    "catchments": CATCHMENTS,
    "deliveries": DELIVERIES,
    "evidence": EVIDENCE,
    "sellers": SELLERS,
    "promotions": PROMOTIONS,
    "sell_in": SELL_IN,
    "sell_through": SELL_THROUGH,
}
