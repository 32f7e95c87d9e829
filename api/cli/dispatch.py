"""`evenflow dispatch` and `evenflow dispatch-link`: steps given to workshops, and links to answer by."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.output import emit, progress
from api.settings import read_settings

__all__ = ["dispatch", "dispatch_link"]


def dispatch(
    *,
    demand: Annotated[Path, typer.Option(help="Forecast or demand.")],
    resources: Annotated[Path, typer.Option(help="Capacity calendar; `factory` names the workshop.")],
    routes: Annotated[Path, typer.Option(help="Process steps.")],
    workshops: Annotated[Path, typer.Option(help="Workshops: workshop[, otif_low, defect_ppm].")],
    out: Annotated[Path, typer.Option(help="Dispatches to write (.csv or .parquet).")],
    qualified: Annotated[Path | None, typer.Option(help="Who may do what: workshop[, item, step].")] = None,
    transfers: Annotated[Path | None, typer.Option(help="Buckets on the way: src, dst, buckets.")] = None,
    outside: Annotated[Path | None, typer.Option(help="Hours others take: resource, bucket, hours.")] = None,
    items: Annotated[Path | None, typer.Option(help="Costs, stock and life of the items.")] = None,
    bom: Annotated[Path | None, typer.Option(help="Bill of materials.")] = None,
    firm: Annotated[Path | None, typer.Option(help="Orders that are firm already.")] = None,
    params: Annotated[Path | None, typer.Option(help=r"TOML file, also with \[dispatch].")] = None,
    home: Annotated[Path | None, typer.Option(help="Also send them: folder that keeps them and their answers.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Accepted by every command; planning is deterministic.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Plan a split factory: each qualified workshop gets its steps, level with the work it has from others.

    Example: evenflow dispatch --demand demand.csv --resources resources.csv --routes routes.csv
    --workshops workshops.csv --outside outside.csv --out dispatches.csv
    """
    del seed
    files = {"demand": demand, "resources": resources, "routes": routes, "items": items, "bom": bom, "firm": firm}
    files |= {"workshops": workshops, "qualified": qualified, "transfers": transfers, "outside": outside}
    summary = _dispatched({name: path for name, path in files.items() if path is not None}, out, params, home)
    emit(summary, as_json=as_json, title="Dispatches")


def dispatch_link(
    dispatch_id: Annotated[str, typer.Argument(help="Id of the dispatch.")],
    *,
    base: Annotated[str, typer.Option(help="Address of the server, as the workshop reaches it.")] = "",
    days: Annotated[int, typer.Option(min=1, max=366, help="How long it holds.")] = 14,
    revoke: Annotated[bool, typer.Option("--revoke", help="Take the links made so far back; makes none.")] = False,
    by: Annotated[str, typer.Option(help="With --revoke: who takes them back.")] = "",
    reason: Annotated[str, typer.Option(help="With --revoke: why.")] = "",
    home: Annotated[Path | None, typer.Option(help="Folder that keeps them; EVENFLOW_HOME by default.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make a signed link by which a workshop without software reads one dispatch and answers; it expires.

    Example: evenflow dispatch-link PO-1-20 --base https://plan.example.cn

    Example: evenflow dispatch-link PO-1-20 --revoke --by li --reason "sent to the wrong workshop"
    """
    from services.dispatches import end_links, read_dispatch
    from services.signed_links import sign_link
    from store.link_key import link_key

    root = read_settings(home=home).home
    if revoke:
        one = end_links(root, dispatch_id, by=by, reason=reason)
        told = {name: one[name] for name in ("dispatch_id", "workshop", "state", "links_ended")}
        emit(told, as_json=as_json, title="Links taken back")
        return
    one = read_dispatch(root, dispatch_id)
    link = sign_link(link_key(root), dispatch_id, now=time.time(), days=days, ended=one["links_ended"])
    told = {"dispatch_id": dispatch_id, "workshop": one["workshop"], "url": base.rstrip("/") + link.path}
    emit(told | {"expires": link.expires}, as_json=as_json, title="Link")


def _dispatched(files: dict[str, Path], out: Path, params: Path | None, home: Path | None) -> dict[str, Any]:
    from contracts.params import params_from, read_toml
    from planning.params import PlanParams
    from planning.workshops import DispatchParams
    from services.dispatch_steps import dispatch_steps
    from services.dispatches import keep_dispatches
    from services.files import check_writable, read_raw, write_table

    check_writable(out, *files.values(), params)
    tables = {} if params is None else read_toml(params)
    where = "plan.toml" if params is None else params.name
    terms = params_from(tables.pop("dispatch", {}), DispatchParams, where=f"{where} [dispatch]")
    with progress() as report:
        found = dispatch_steps(
            **{name: read_raw(path) for name, path in files.items()},
            params=PlanParams.from_tables(tables, where=where),
            terms=terms,
            sources={name: path.name for name, path in files.items()},
            progress=report,
        )
    write_table(found.dispatches, out)
    return found.summary | ({} if home is None else {"plan_id": keep_dispatches(home, found)})
