"""`evenflow wave`: pushes in communities and orders so far in, the wave's size and shape out."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.output import emit
from api.settings import read_settings
from contracts.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from forecast.waves import WaveParams

__all__ = ["wave"]

_TIMES = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]


def wave(
    *,
    pushes: Annotated[Path, typer.Option(help="Pushes: wave_id, community_id, push_at, members, coupon.")],
    orders: Annotated[Path, typer.Option(help="Orders of all waves: wave_id, community_id, placed_at, orders.")],
    out: Annotated[Path, typer.Option(help="Buckets to write, of waves that are not over (.csv or .parquet).")],
    communities: Annotated[Path | None, typer.Option(help="Expected orders by community to write.")] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=_TIMES,
            help="Moment until which orders are known (Asia/Shanghai); the last order's by default.",
        ),
    ] = None,
    bucket: Annotated[int, typer.Option(min=1, max=120, help="Minutes of a bucket.")] = 15,
    hours: Annotated[int, typer.Option(min=1, max=72, help="Hours that a wave lasts.")] = 24,
    quantiles: Annotated[str, typer.Option(help="Levels in (0, 1), joined by commas.")] = "0.1,0.5,0.9",
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the finished waves, so that `evenflow worker` learns from them.")
    ] = False,
    home: Annotated[Path | None, typer.Option(help="With --keep: where; EVENFLOW_HOME by default.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Accepted by every command; nothing here is random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Forecast waves of group orders: before a push, and corrected by the orders since.

    Example: evenflow wave --pushes pushes.csv --orders orders.csv --as-of 2025-05-24T14:30 --out wave.csv
    """
    from services.files import check_writable, read_raw, write_table
    from services.forecast_wave import forecast_waves

    del seed
    check_writable(out, pushes, orders)
    if communities is not None:
        check_writable(communities, out, pushes, orders)
    levels, params = _settings(quantiles, bucket, hours)
    raw, names = (read_raw(pushes), read_raw(orders)), {"pushes": pushes.name, "orders": orders.name}
    report = forecast_waves(*raw, as_of=as_of, quantiles=levels, params=params, sources=names)
    if keep:
        report.summary["kept_waves"] = _keep(home, *raw, as_of)
    write_table(report.buckets, out)
    if communities is not None:
        write_table(report.communities, communities)
    emit(report.summary | {"out": str(out)}, as_json=as_json, title="Waves")


def _keep(home: Path | None, pushes: pd.DataFrame, orders: pd.DataFrame, as_of: datetime | None) -> list[str]:
    import pandas as pd

    from services.keep_waves import keep_waves

    moment = None if as_of is None else pd.Timestamp(as_of).tz_localize("Asia/Shanghai")
    return keep_waves(read_settings(home=home).home, pushes, orders, as_of=moment)


def _settings(quantiles: str, bucket: int, hours: int) -> tuple[list[float], WaveParams]:
    from forecast.waves import WaveParams

    try:
        levels = [float(part) for part in quantiles.split(",") if part.strip()]
        return levels, WaveParams(bucket_minutes=bucket, horizon_hours=hours)
    except ValueError as error:
        raise InputError("--quantiles, --bucket", "numbers in range", str(error)) from None
