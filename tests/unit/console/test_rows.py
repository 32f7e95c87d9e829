"""Frames as plain rows: what a browser or a client can read."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from api.http.responses import JsonResponse, to_rows


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (pd.to_datetime(["2024-01-05", None]), ["2024-01-05", None]),
        (pd.to_datetime(["2024-01-05 10:30"]), ["2024-01-05T10:30:00"]),
        (pd.to_datetime(["2024-01-05"]).tz_localize("Asia/Shanghai"), ["2024-01-05T00:00:00+08:00"]),
        ([pd.Timestamp("2024-01-05"), None, "text"], ["2024-01-05T00:00:00", None, "text"]),
        ([date(2024, 1, 5), pd.NaT], ["2024-01-05", None]),
        ([1.5, float("nan")], [1.5, None]),
        (pd.array([1, None], dtype="Int64"), [1, None]),
        (pd.array(["a", None], dtype="str"), ["a", None]),
        ([True, False], [True, False]),
        ([], []),
    ],
)
def test_cells_are_plain(cells, expected):
    """Dates are ISO texts, empty cells None, numbers numbers."""
    assert [row["x"] for row in to_rows(pd.DataFrame({"x": cells}))] == expected


def test_numpy_and_nan_are_json():
    """An answer may hold numpy values; NaN is null."""
    body = JsonResponse({"a": np.float64(1.5), "b": float("nan"), "c": np.int32(3), "d": np.arange(2)}).body
    assert body == b'{"a":1.5,"b":null,"c":3,"d":[0,1]}'
