"""`evenflow replay`: policies compared on demand as it unfolded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.output import emit, emit_beside, progress, shown

__all__ = ["replay"]

_POLICIES = "ours,chase,level,moving_average,order_up_to,heijunka_rule"


def replay(
    *,
    demand: Annotated[Path, typer.Option(help="Paths: path, item, bucket, y; as_of and quantiles, but for pace.")],
    resources: Annotated[Path, typer.Option(help="Capacity calendar: resource, bucket, capacity in hours.")],
    routes: Annotated[Path, typer.Option(help="Process steps: item, route, step, resource, hours_per_unit.")],
    items: Annotated[Path, typer.Option(help="Costs, opening stock and life of the items.")],
    out: Annotated[Path, typer.Option(help="What happened per policy, path and bucket (.csv or .parquet).")],
    params: Annotated[
        Path | None, typer.Option(help="TOML with tables `weights`, `horizon`, `solve` and `replay`.")
    ] = None,
    policies: Annotated[str, typer.Option(help="Which to compare; also quantiles, median, pace.")] = _POLICIES,
    seed: Annotated[int, typer.Option(min=0, help="Accepted by every command; the replay draws nothing.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Replay policies bucket by bucket against what happened, each seeing only what was known.

    Example: evenflow replay --params replay.toml --demand paths.csv --resources resources.csv
    --routes routes.csv --items items.csv --policies ours,chase --out replay.csv --json
    """
    from contracts.params import params_from, read_toml
    from planning.params import PlanParams, ReplayParams
    from services.files import check_writable, read_raw, write_table
    from services.replay_policies import replay_policies

    check_writable(out, demand, resources, routes, items, params)
    tables = {} if params is None else read_toml(params)
    where = "replay.toml" if params is None else params.name
    settings = params_from(tables.pop("replay", {}), ReplayParams, where=f"{where} [replay]")
    files = {"demand": demand, "resources": resources, "routes": routes, "items": items}
    frames = [read_raw(path) for path in files.values()]
    with progress() as report:
        result = replay_policies(
            *frames[:3],
            items=frames[3],
            params=PlanParams.from_tables(tables, where=where),
            settings=settings,
            policies=[name.strip() for name in policies.split(",") if name.strip()],
            seed=seed,
            sources={name: path.name for name, path in files.items()},
            progress=report,
        )
    write_table(result.buckets, out)
    _show(result.summary, as_json=as_json)


def _show(summary: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        emit(summary, as_json=True, title="Replay")
    else:
        emit_beside(_columns(summary), title="Replay: means over the paths")


def _columns(summary: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return each policy's mean figures, and what it costs beyond the first with the 95 % confidence interval."""
    means = {name: dict(found["mean"]) for name, found in summary["policies"].items()}
    first = next(iter(means))
    for name, compared in summary["paired"].items():
        beyond = compared["cost"]
        told = shown(-beyond["difference"])
        if beyond["low"] is not None:
            told += f" ({shown(-beyond['high'])} to {shown(-beyond['low'])})"
        means[name][f"cost beyond {first} (95 %)"] = told
        means[name][f"dearer than {first}"] = f"on {compared['better_in']} of {compared['paths']} paths"
    return means
