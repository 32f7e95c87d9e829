"""`evenflow match-replay`: routing policies compared on past orders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli import output

__all__ = ["match_replay"]

_POLICIES = "batch,floors,online,best_score,fewest_splits,priority,round_robin"


def match_replay(
    *,
    orders: Annotated[Path, typer.Option(help="Past orders as they came: order_id, pieces[, due_days].")],
    suppliers: Annotated[Path, typer.Option(help="Suppliers: supplier_id, capacity.")],
    candidates: Annotated[
        Path, typer.Option(help="Candidates: order_id, supplier_id, score[, lead_time_days, distance_km, cost_fen].")
    ],
    out: Annotated[Path, typer.Option(help="One row per policy (.csv or .parquet).")],
    policies: Annotated[str, typer.Option(help="Which to compare; also nearest, cheapest.")] = _POLICIES,
    variants: Annotated[
        Path | None, typer.Option(help="TOML of what-ifs: [NAME] policy, floor, capacity, capacities, weights.")
    ] = None,
    weights: Annotated[Path | None, typer.Option(help="TOML of score weights, for candidates without score.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Route past orders by each policy: fill, cost, due-date hits, splits, fairness and what was left on the table.

    Example: evenflow match-replay --orders orders.csv --suppliers suppliers.csv --candidates candidates.csv
    --policies batch,online,nearest,round_robin --out policies.csv --json
    """
    from matching.score import ScoreWeights
    from services.compare_routing import compare_routing
    from services.files import check_writable, read_raw, write_table
    from services.routing_variants import variants_from_file

    check_writable(out, orders, suppliers, candidates, weights, variants)
    paths = {"orders": orders, "suppliers": suppliers, "candidates": candidates}
    with output.progress() as progress:
        report = compare_routing(
            *(read_raw(path) for path in paths.values()),
            policies=[name.strip() for name in policies.split(",") if name.strip()],
            variants=None if variants is None else variants_from_file(variants),
            weights=None if weights is None else ScoreWeights.from_file(weights),
            seed=seed,
            sources={name: path.name for name, path in paths.items()},
            progress=progress,
        )
    write_table(report.policies, out)
    output.emit(report.summary | {"out": str(out)}, as_json=as_json, title="match-replay")
