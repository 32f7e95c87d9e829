"""Rows of the tables of density that cannot be used."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.density.cells import NOWHERE, parsed

__all__ = ["area_faults", "catchment_faults"]

Reasons = npt.NDArray[np.object_]


def area_faults(areas: pd.DataFrame) -> Reasons:
    """Return per row of `graph.density.tables.AREAS` why it has no place, an empty text if it has one."""
    placed = np.zeros(len(areas), dtype=bool)
    if "lat" in areas and "lon" in areas:
        placed |= (areas["lat"].notna() & areas["lon"].notna()).to_numpy()
    wrong = np.zeros(len(areas), dtype=bool)
    for name in {"cell", "region"} & set(areas.columns):
        given = (areas[name].notna() & (areas[name] != "")).to_numpy()
        placed |= given
        if name == "cell":
            wrong = given & (parsed(areas[name]) == NOWHERE)
    reasons = np.full(len(areas), "", dtype=object)
    reasons[~placed] = "cell, lat, lon, region: expected a place"
    reasons[wrong] = "cell: expected an H3 cell"
    return reasons


def catchment_faults(catchments: pd.DataFrame) -> Reasons:
    """Return per row of `graph.density.tables.CATCHMENTS` why it cannot hold, an empty text if it can."""
    reasons = np.full(len(catchments), "", dtype=object)
    if "valid_from" in catchments and "valid_to" in catchments:
        reasons[(catchments["valid_to"] <= catchments["valid_from"]).to_numpy()] = (
            "valid_to: expected a day after valid_from"
        )
    reasons[parsed(catchments["cell"]) == NOWHERE] = "cell: expected an H3 cell"
    return reasons
