"""Coverage, penetration, white space and orders from outside."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query

from api.http.house import NetDep, ViewerDep
from api.http.paging import CursorQuery, LimitQuery, Page, page_bounds
from api.http.responses import JsonResponse

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["density"])
ResolutionQuery = Annotated[
    int, Query(ge=0, le=10, description="H3 resolution of the cells; 8 is a neighbourhood, 6 a district.")
]
AreaQuery = Annotated[
    str | None, Query(min_length=1, max_length=120, description="A cell (of this resolution or coarser) or a region.")
]


@router.get("/density", response_model=Page)
def read_density(
    *,
    loaded: NetDep,
    viewer: ViewerDep,
    by: Annotated[Literal["cell", "region"], Query(description="What an area is.")] = "cell",
    resolution: ResolutionQuery = 8,
    area: AreaQuery = None,
    white_space: Annotated[
        bool, Query(description="Only areas with potential and too little coverage, the best first.")
    ] = False,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> JsonResponse:
    """Return figures per area: parties, coverage, penetration, orders, who is nearest, what white space promises."""
    from graph.density.params import DensityParams
    from services.network_density import area_rows, loaded_density

    report = loaded_density(loaded.snapshot, viewer, by=by, params=DensityParams(resolution=resolution))
    rows = area_rows(report, area=area, white_space=white_space)
    query = ("density", by, resolution, area, white_space, viewer)
    part, following = page_bounds(cursor, limit, version=loaded.version, total=len(rows), query=query)
    return JsonResponse(
        {
            "version": loaded.version,
            "total": len(rows),
            "rows": rows.iloc[part].to_dict("records"),
            "next_cursor": following,
            "summary": report.summary,
        }
    )


@router.get("/parties/{party_id:path}/density", response_model=dict[str, Any])
def read_party_density(
    loaded: NetDep,
    viewer: ViewerDep,
    party_id: Annotated[str, Path(min_length=1, max_length=120, description="Your id of the party.")],
    resolution: ResolutionQuery = 8,
) -> JsonResponse:
    """Return a party's catchment, the share of its orders from outside of it, and the stores nearest to it."""
    from graph.density.params import DensityParams
    from services.network_density import store_density

    card = store_density(loaded.snapshot, viewer, party_id, params=DensityParams(resolution=resolution))
    return JsonResponse({"version": loaded.version, **card})
