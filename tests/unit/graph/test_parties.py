"""The column table of parties."""

import numpy as np
import pandas as pd
import pytest

from contracts.errors import UnknownIdError
from graph.parties import Parties

FRAME = pd.DataFrame(
    {
        "id": ["D", "A", "C", "B"],
        "kind": ["store", "factory", "factory", "store"],
        "tenant": ["t2", "t1", None, "t1"],
        "lat": [31.0, 23.0, np.nan, 23.5],
        "lon": [121.0, 113.0, 113.2, 114.0],
        "capacity_per_day": [np.nan, 500.0, 80.0, np.nan],
        "lead_time_days": [np.nan, 3.0, 9.0, np.nan],
    }
)
TABLE = Parties.of(FRAME)


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({"tenant": "t1"}, ["A", "B"]),
        ({"between": {"capacity_per_day": (80, None)}}, ["A", "C"]),
        ({"between": {"capacity_per_day": (81, None)}}, ["A"]),
        ({"between": {"lead_time_days": (None, 3)}}, ["A"]),
        ({"between": {"lat": (22, 24), "lon": (112, 114)}}, ["A", "B"]),  # C has no latitude: in no box
        ({"kind": "store", "between": {"lat": (22, 24)}}, ["B"]),
        ({"between": {"lat": (None, None)}}, ["A", "B", "D"]),  # any, but given
    ],
)
def test_parties_are_found_by_tenant_and_by_numbers(wanted: dict[str, object], ids: list[str]) -> None:
    """Bounds are inclusive; who has no number is within no bounds of it."""
    assert TABLE.ids.texts_at(np.flatnonzero(TABLE.where(**wanted))).tolist() == ids  # type: ignore[arg-type]


@pytest.mark.parametrize("wanted", [{"tenant": "t9"}, {"between": {"height": (0, 1)}}])
def test_unknown_tenants_and_numbers_are_named(wanted: dict[str, object]) -> None:
    """A slip of the pen is no empty answer."""
    with pytest.raises(UnknownIdError):
        TABLE.where(**wanted)  # type: ignore[arg-type]


def test_columns_nobody_gave_take_no_memory() -> None:
    """They are not saved either, and come back as not given."""
    table = Parties.of(FRAME[["id", "kind"]])
    assert set(table.arrays()) == {"ids", "kind", "category", "regions", "tenants", "categories"}
    again = Parties.from_arrays(table.arrays())
    assert again.region.tolist() == again.tenant.tolist() == [-1] * 4
    assert np.isnan(again.numbers["lat"]).all()
    assert again.categories_of(0) == []
