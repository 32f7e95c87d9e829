"""`evenflow density`: parties, orders and where people live in, figures per area out."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli import output
from api.settings import read_settings
from contracts.errors import InputError

if TYPE_CHECKING:
    from graph.density.params import DensityParams
    from services.density import DensityReport

__all__ = ["density"]

_Parties = Annotated[
    Path | None, typer.Option(help="Parties: id, kind, lat, lon[, region]; the loaded network's without it.")
]
_Orders = Annotated[
    Path | None, typer.Option(help="Orders: store_id or buyer_id, ship_to or lat and lon[, pieces, at].")
]
_Areas = Annotated[
    Path | None, typer.Option(help="Who lives where: cell or lat and lon[, households, potential, customers …].")
]
_Catchments = Annotated[
    Path | None, typer.Option(help="Stores' own catchments: store_id, cell[, valid_from, valid_to].")
]
_Resolution = Annotated[int, typer.Option(min=0, max=15, help="H3 resolution of the areas; 8 is a neighbourhood.")]
_Reach = Annotated[float, typer.Option(min=0, help="How far shoppers go: homes no farther from a store are covered.")]
_Day = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day of undated orders; the latest order's by default.")
]


def density(
    *,
    out: Annotated[Path, typer.Option(help="Areas to write (.csv or .parquet).")],
    parties: _Parties = None,
    orders: _Orders = None,
    areas: _Areas = None,
    catchments: _Catchments = None,
    by: Annotated[str, typer.Option(help="Areas are each a `cell` of the grid or a `region` of the parties.")] = "cell",
    resolution: _Resolution = 8,
    reach_km: _Reach = 1.0,
    catchment_km: Annotated[float, typer.Option(min=0, help="How far a store's catchment goes without its own.")] = 3.0,
    as_of: _Day = None,
    stores: Annotated[Path | None, typer.Option(help="Figures per store to write.")] = None,
    flows: Annotated[Path | None, typer.Option(help="Ways of orders from outside to write.")] = None,
    home: Annotated[Path | None, typer.Option(help="Folder of loaded networks; EVENFLOW_HOME by default.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Taken like everywhere; nothing here is drawn at random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure coverage, penetration, white space and orders from outside, area by area.

    Example: evenflow density --parties parties.csv --orders orders.csv --areas areas.csv --out density.csv
    """
    import pandas as pd

    from services.files import check_writable, write_table

    del seed
    named = {"parties": parties, "orders": orders, "areas": areas, "catchments": catchments}
    outputs = {"out": out, "stores": stores, "flows": flows}
    for name, path in outputs.items():
        if path is not None:
            check_writable(path, *named.values(), *(p for other, p in outputs.items() if other != name))
    params = _params(resolution, reach_km, catchment_km)
    options: dict[str, Any] = {"by": by, "params": params, "as_of": None if as_of is None else pd.Timestamp(as_of)}
    report = _measured(home, {name: path for name, path in named.items() if path is not None}, options)
    for path, frame in ((out, report.areas), (stores, report.stores), (flows, report.flows)):
        if path is not None:
            write_table(frame, path)
    output.emit(report.summary | {"out": str(out)}, as_json=as_json, title="density")


def _params(resolution: int, reach_km: float, catchment_km: float) -> DensityParams:
    from graph.density.params import DensityParams

    for name, km in (("--reach-km", reach_km), ("--catchment-km", catchment_km)):
        if not math.isfinite(km):
            raise InputError(name, "a number of kilometres >= 0", km)
    return DensityParams(resolution=resolution, reach_km=reach_km, catchment_km=catchment_km)


def _measured(home: Path | None, files: dict[str, Path], options: dict[str, Any]) -> DensityReport:
    """Measure by the files given, or the loaded network."""
    from services.density import measure_density
    from services.files import read_raw
    from services.network_density import loaded_density
    from store.home import Home

    if "parties" in files:
        sources = {name: path.name for name, path in files.items()}
        return measure_density(**{name: read_raw(path) for name, path in files.items()}, sources=sources, **options)
    if files:
        raise InputError(f"--{next(iter(files))}", "--parties beside it", "the loaded network, which has its own")
    return loaded_density(Home(read_settings(home=home).home).current(), **options)
