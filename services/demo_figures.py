"""Key figures of the demo's stages, as plain values; each is counted from the stage's own result."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from services.demo_market import DemoMarket
from services.network_forecast import NetworkForecasts
from services.overview import levelness, unlevelled_load
from services.plan_production import PlanReport
from services.route_orders import RouteReport
from services.settle_sales import Told, preview_sales
from settlement.rules import ShareRule, ShareRules
from store.snapshot import Snapshot

__all__ = ["LABELS", "forecast_figures", "market_figures", "match_figures", "plan_figures", "preview_shares"]

LABELS = {
    "real": "the stores' sales: a public sample of one retailer's transactions in 2017, households left out; prices "
    "turned into fen at a fixed rate; summed over areas, though the stores' places are simulated",
    "simulated": "every party but the retail stores, the stores' places, relations, lines and routes, costs, supply, "
    "new styles with their signals and sales, and the orders of the day",
}

AGREEMENT = ShareRules(
    rules=(
        ShareRule(role="group_leader", percent=10),
        ShareRule(role="kol", percent=5),
        ShareRule(role="store", percent=15),
    ),
    rest="supplier",
)
"""An assumed agreement: who helped to sell gets a part of the margin, the supplier keeps the rest."""

_HELPERS = {"group_leader": "serves", "kol": "influences", "store": "serves"}


def market_figures(snapshot: Snapshot, made: DemoMarket) -> dict[str, Any]:
    """Count the market, and how much the teasers told about the styles that are over."""
    launches, signals = made.market.launches, made.market.signals
    teased = signals[signals["kind"] == "repost"].groupby("style_id")["count"].sum()
    over = launches[launches["launch_at"].dt.tz_localize(None) < made.market.today - pd.Timedelta(days=26)]
    rank = over["total"].corr(over["style_id"].map(teased), method="spearman")
    return {
        **{name: snapshot.counts[name] for name in ("parties", "relations", "products", "signals")},
        "sales_rows": snapshot.counts["sales"],
        "series": int(made.retail.sales["unique_id"].nunique()),
        "retail_sample": made.retail.summary,
        "launched_styles": len(over),
        "hits": int(over["hit"].sum()),
        "teaser_rank_correlation": float(rank),
    }


def forecast_figures(forecasts: NetworkForecasts) -> dict[str, Any]:
    """Return the error on the held-out days beside the best yardstick's, and how often the 95 % interval held."""
    scores = forecasts.asked.summary["backtest"]
    ours, yardsticks = scores[0], scores[1:]
    best = min(yardsticks, key=lambda score: score["wape"])
    return {
        "forecast_rows": len(forecasts.asked.forecast) + len(forecasts.weekly.forecast),
        "forecast_models": forecasts.asked.summary["models"],
        "forecast_wape": ours["wape"],
        "baseline": best["model"],
        "baseline_wape": best["wape"],
        "forecast_quantile_loss": ours["quantile_loss"],
        "baseline_quantile_loss": best["quantile_loss"],
        "interval_coverage": ours["coverage"]["0.95"],
        "backtest_origin": ours["origin"],
    }


def plan_figures(report: PlanReport, routes: pd.DataFrame, demand: pd.DataFrame) -> dict[str, Any]:
    """Return what the plan costs and how level it is, beside the load of making each week's demand in its week."""
    summary = report.summary
    return {
        "plan_status": summary["status"],
        "production_orders": summary["orders"],
        "plan_cost_fen": summary["cost"]["total"],
        "plan_bound_fen": summary["bound"],
        "plan_gap": summary["gap"],
        "plan_cost_parts_fen": {name: value for name, value in summary["cost"].items() if name != "total"},
        "load_cv": levelness(report.load),
        "unlevelled_load_cv": levelness(unlevelled_load(demand, routes)),
        "idle_hours": summary["idle_hours"],
        "overtime_hours": summary["overtime_hours"],
        "plan_fill_rate": summary["fill_rate"],
    }


def match_figures(report: RouteReport, orders: pd.DataFrame, today: pd.Timestamp) -> dict[str, Any]:
    """Return how much of the day's orders is filled, at what cost, by when."""
    summary, matches = report.summary, report.matches
    served = matches[matches["supplier_id"].notna()]
    pieces = served["pieces"].to_numpy(dtype=float)
    days = (served["promised_date"] - today).dt.days.to_numpy(dtype=float)
    in_wave = pd.to_datetime(orders["placed_at"]).dt.tz_convert("Asia/Shanghai").dt.hour == 14
    return {
        "orders": summary["orders"],
        "orders_in_coupon_hour": int(in_wave.sum()),
        "ordered_pieces": int(orders["pieces"].sum()),
        "matched_pieces": summary["matched_pieces"],
        "fill_rate": summary["matched_pieces"] / int(orders["pieces"].sum()),
        "unmatched_by_reason": summary["unmatched_by_reason"],
        "match_method": summary["method"],
        "match_gap": summary["gap"],
        "mean_promised_days": float(np.average(days, weights=pieces)) if pieces.size else None,
        "cost_parts_fen": {name: int(served[f"{name}_fen"].sum()) for name in ("channel", "operating", "goods")},
    }


def preview_shares(report: RouteReport, snapshot: Snapshot, today: pd.Timestamp) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Divide the margin of each match among supplier, store, group leader and KOL by an assumed agreement."""
    served = report.matches[report.matches["supplier_id"].notna()]
    price = snapshot.table("products").set_index("sku_id")["price_fen"]
    buyers = snapshot.table("orders").set_index("order_id")["buyer_id"]
    buyer = served["order_id"].map(buyers)
    sales = pd.DataFrame(
        {
            "sale_id": served["order_id"] + " " + served["supplier_id"],
            "sold_at": pd.Timestamp(today).tz_localize("Asia/Shanghai"),
            "price_fen": (served["sku_id"].map(price) * served["pieces"]).astype("int64"),
            "cost_fen": served["cost_fen"].astype("int64"),
            "pieces": served["pieces"],
            "supplier": served["supplier_id"],
            **{role: buyer.map(helpers) for role, helpers in _helpers(snapshot).items()},
        }
    )
    once = sales.drop_duplicates("sale_id", ignore_index=True)
    shares, _ = preview_sales(once, AGREEMENT, Told(sources={"sales": "matches"}))
    by_role = shares.groupby("role")["share_fen"].sum()
    return shares, {
        "margin_fen": int(shares["share_fen"].sum()),
        "shares_fen": {str(role): int(fen) for role, fen in by_role.items()},
    }


def _helpers(snapshot: Snapshot) -> dict[str, pd.Series]:
    """Return per role the party most strongly tied to each buyer, by buyer."""
    relations = snapshot.table("relations").sort_values("weight", ascending=False, kind="stable")
    kind = snapshot.table("parties").set_index("id")["kind"]
    source = relations["src"].map(kind)
    found = {}
    for role, relation in _HELPERS.items():
        ties = relations[(relations["kind"] == relation) & (source == role)]
        found[role] = ties.drop_duplicates("dst").set_index("dst")["src"]
    return found
