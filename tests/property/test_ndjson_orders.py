"""Orders read column by column are those that their model reads one by one, and what is wrong is told the same."""

import json

import numpy as np
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from api.http.brief_lines import lines_told, orders_in
from api.http.match_rows import DemandedRow
from tests.property.test_ndjson_fuzz import VALUES

GOOD = {"order_id": "o1", "sku_id": "soap", "pieces": 3, "buyer_id": "s1", "due_date": "2026-03-01", "max_price_fen": 9}
CELLS = st.dictionaries(st.sampled_from([*GOOD, "ship_to", "placed_at", "extra"]), VALUES, max_size=3)
LINES = st.one_of(
    CELLS.map(lambda cells: json.dumps(GOOD | cells).encode()),
    st.just(orjson.dumps(GOOD)),
    st.sampled_from([b"", b" ", b"[1]", b"{", b"3", b"null", b'{"a":[{}', b"{}]}", b"{},{}", b'"\\ud800"', b"\xff"]),
    st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"")),
)


def one_by_one(lines):
    """Return number and row of each line that the model takes, and what it says of the others."""
    rows, refused = [], {}
    for number, line in enumerate(lines, start=2):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
            DemandedRow.model_validate(row)
        except orjson.JSONDecodeError:
            refused[number] = "expected one JSON object"
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            refused[number] = f"{'.'.join(map(str, first['loc'])) or 'the line'}: {first['msg']}"
        else:
            rows.append((number, row))
    return rows, refused


@settings(max_examples=150, deadline=None)
@given(lines=st.lists(LINES, max_size=6))
def test_columns_read_what_the_model_reads(lines):
    """The same rows under the same numbers, the same refusals."""
    rows, refused = one_by_one(lines)
    found = orders_in(lines, 2)
    assert list(zip(found.numbers, found.rows, strict=True)) == rows
    assert list(found.refused.items()) == list(refused.items())


def test_lines_are_put_together_as_json():
    """Of orders with one supplier, with two and with none; texts are quoted, unknown numbers are null."""
    matches = {
        'who"': np.array(['a"', "乙", None], dtype=object),
        "50%": np.array([1.5, np.nan, 1e-9]),
        "pieces": np.array([1, 2, 3]),
    }
    left, why = np.array([0, 4, 0]), np.array(["", "full", ""], dtype=object)
    told = [orjson.loads(line) for line in lines_told(['x\\"', "y", "z"], matches, np.array([0, 2, 2]), left, why)]
    rest = {"alternatives": None, "unserved": 0, "reason": None}
    first, second, third = (dict(zip(matches, row, strict=True)) for row in (
        ('a"', 1.5, 1), ("乙", None, 2), (None, 1e-9, 3)
    ))  # fmt: skip
    assert told == [
        {"order_id": 'x\\"', "matches": [first]} | rest,
        {"order_id": "y", "matches": []} | rest | {"unserved": 4, "reason": "full"},
        {"order_id": "z", "matches": [second, third]} | rest,
    ]
