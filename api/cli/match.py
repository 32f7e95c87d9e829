"""`evenflow match`: orders and candidates in, a certified allocation out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from api.cli import output
from api.cli.series_files import HOME
from api.settings import read_settings

if TYPE_CHECKING:
    import pandas as pd

    from matching.score import ScoreWeights
    from services.match_orders import MatchReport

__all__ = ["match"]

_Candidates = Annotated[
    Path | None,
    typer.Option(
        help="Candidates: order_id, supplier_id, score (or parts and --weights)[, load …]; without them orders and "
        "suppliers have a process_step."
    ),
]
_Qualified = Annotated[
    Path | None, typer.Option(help="Who may do which process step: supplier_id, process_step[, sku_id].")
]
_Out = Annotated[Path, typer.Option(help="Allocation to write (.csv or .parquet).")]
_Weights = Annotated[
    str | None, typer.Option(help="TOML of score weights, for candidates without score; or champion, those learnt.")
]
_Credit = Annotated[Path | None, typer.Option(help="Credit lines: buyer_id, supplier_id, limit.")]
_Floor = Annotated[float, typer.Option(help="Guaranteed share of each supplier's proportional part, 0 to 1.")]
_Method = Annotated[Literal["auto", "auction", "exact", "greedy"], typer.Option(help="How to solve.")]
_Seed = Annotated[int, typer.Option(min=0, help="Seed (of improving whole orders of uneven loads).")]
_Unsplit = Annotated[bool, typer.Option("--unsplit", help="One supplier serves a whole order or nobody does.")]
_Limits = Annotated[
    Path | None, typer.Option(help="Ceilings, exposure caps, mixes: limit_id, kind, per, most or share and of …")
]
_PoolBy = Annotated[
    str, typer.Option(help="Columns whose equal values let orders be made together to reach a minimum_order.")
]
_SplitCost = Annotated[float, typer.Option(help="Score that each supplier of an order beyond its first costs.")]
_Preferences = Annotated[
    Path | None, typer.Option(help="What suppliers would rather make: supplier_id, column, value …, worth.")
]
_PreferenceWeight = Annotated[float, typer.Option(help="Score per unit of supplier preference.")]
_Steady = Annotated[
    float | None, typer.Option(help="Spread pieces over days (last_day of orders): score per piece an idle day lacks.")
]
_Fairness = Annotated[
    Path | None, typer.Option(help="Per supplier: due, received, envy and how level its days are (.csv or .parquet).")
]
_Shadow = Annotated[Path | None, typer.Option(help="Every limit and pool with its price (.csv or .parquet).")]
_Why = Annotated[
    Path | None, typer.Option(help="Every candidate, supplier and unserved order in words (.csv or .parquet).")
]


def match(
    *,
    orders: Annotated[Path, typer.Option(help="Orders: order_id, pieces[, unmatched_penalty, buyer_id].")],
    suppliers: Annotated[Path, typer.Option(help="Suppliers: supplier_id, capacity.")],
    candidates: _Candidates = None,
    out: _Out,
    qualified: _Qualified = None,
    weights: _Weights = None,
    credit: _Credit = None,
    limits: _Limits = None,
    pool_by: _PoolBy = "",
    split_cost: _SplitCost = 0.0,
    preferences: _Preferences = None,
    preference_weight: _PreferenceWeight = 0.1,
    steady: _Steady = None,
    shadow_prices: _Shadow = None,
    fairness: _Fairness = None,
    unsplit: _Unsplit = False,
    floor: _Floor = 0.0,
    method: _Method = "auto",
    why: _Why = None,
    language: Annotated[Literal["en", "zh"], typer.Option(help="Language of the words.")] = "en",
    home: Path | None = HOME,
    seed: _Seed = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Match orders with suppliers: who serves how many pieces of what, at which price, and why not.

    Example: evenflow match --orders orders.csv --suppliers suppliers.csv --candidates candidates.csv --out matches.csv
    """
    given = {"orders": orders, "suppliers": suppliers, "candidates": candidates, "credit": credit, "limits": limits}
    given |= {"preferences": preferences, "qualified": qualified}
    paths = {name: path for name, path in given.items() if path is not None}
    _require_writable([out, why, shadow_prices, fairness], list(paths.values()))
    by = tuple(part.strip() for part in pool_by.split(",") if part.strip())
    rules: dict[str, Any] = {"pool_by": by, "split_cost": split_cost, "preference_weight": preference_weight}
    rules |= {"steady": steady, "fairness": fairness is not None}
    options: dict[str, Any] = {"unsplit": unsplit, "floor": floor, "method": method, "seed": seed}
    with output.progress() as progress:
        options |= {"language": None if why is None else language, "progress": progress}
        chosen, label = _weights(weights, home, out)
        report = _matched(paths, chosen, rules, options)
    _write({out: report.allocation, why: report.told, shadow_prices: report.constraints, fairness: report.fairness})
    output.emit(report.summary | label | {"out": str(out)}, as_json=as_json, title="match")


def _matched(
    paths: dict[str, Path], weights: ScoreWeights | None, rules: dict[str, Any], options: dict[str, Any]
) -> MatchReport:
    from services.files import read_raw
    from services.match_orders import MatchTerms
    from services.match_steps import match_any

    tables = {name: read_raw(path) for name, path in paths.items()}
    return match_any(
        tables,
        weights=weights,
        credit=tables.get("credit"),
        terms=MatchTerms(limits=tables.get("limits"), preferences=tables.get("preferences"), **rules),
        sources={name: path.name for name, path in paths.items()},
        **options,
    )


def _weights(text: str | None, home: Path | None, out: Path) -> tuple[ScoreWeights | None, dict[str, str]]:
    """Return the weights of a file, or those learnt and promoted (``champion``, ``champion:NAME``), and their name."""
    from matching.score import ScoreWeights

    if text is None:
        return None, {}
    head, _, name = text.partition(":")
    if head == "champion":
        from services.learn_weights import champion_weights

        weights, label = champion_weights(read_settings(home=home).home, name or "match_weights")
        return weights, {"weights": label}
    _require_writable([out], [Path(text)])
    return ScoreWeights.from_file(Path(text)), {"weights": text}


def _require_writable(outs: list[Path | None], reads: list[Path | None]) -> None:
    from services.files import check_writable

    wanted = [path for path in outs if path is not None]
    for k, path in enumerate(wanted):
        check_writable(path, *reads, *wanted[:k], *wanted[k + 1 :])


def _write(tables: dict[Path | None, pd.DataFrame | None]) -> None:
    from services.files import write_table

    for path, table in tables.items():
        if path is not None and table is not None:
            write_table(table, path)
