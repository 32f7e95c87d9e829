"""Key figures are printed as one JSON object for programs and as short lines for people."""

import json

import numpy as np
import pytest

from api.cli.output import emit, emit_beside


def test_json_is_one_plain_object(capsys: pytest.CaptureFixture[str]) -> None:
    """Numpy values become plain ones and NaN becomes null."""
    emit({"rows": np.int64(3), "gap": float("nan"), "x": np.array([1.5])}, as_json=True, title="t")
    assert json.loads(capsys.readouterr().out) == {"rows": 3, "gap": None, "x": [1.5]}


def test_people_get_a_reason_in_its_own_words_and_long_lists_cut(capsys: pytest.CaptureFixture[str]) -> None:
    """A list of reasons shows their details, and says how many more there are."""
    emit({"reasons": [{"code": "full", "detail": f"line {n} full"} for n in range(30)]}, as_json=False, title="Plan")
    shown = capsys.readouterr().out
    assert "line 0 full" in shown
    assert "line 20 full" not in shown
    assert "... and 19 more" in shown


def test_alternatives_stand_side_by_side(capsys):
    """A column per alternative, a row per figure, five beside each other; what one lacks is a dash."""
    emit_beside({f"s{k}": {"cost": k * 1000} | ({"fill": 0.5} if k else {}) for k in range(6)}, title="What if")
    lines = capsys.readouterr().out.splitlines()
    heads = [line.split() for line in lines if "s0" in line or "s5" in line]
    assert [[word for word in head if word.startswith("s")] for head in heads] == [
        ["s0", "s1", "s2", "s3", "s4"],
        ["s5"],
    ]
    fill = next(line for line in lines if "fill" in line)
    assert [word for word in fill.split() if word not in ("│", "fill")] == ["-", "0.5", "0.5", "0.5", "0.5"]
