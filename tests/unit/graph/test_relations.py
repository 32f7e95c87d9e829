"""Relations that cannot be used are marked with a reason."""

import pandas as pd
import pytest

from graph import relations
from graph.ids import IdColumn
from graph.network import SupplyNetwork
from graph.relations import FAULTS, Relations

IDS = IdColumn.of(pd.Series(["A", "B", "C"]))
PARTIES = pd.DataFrame({"id": ["A", "B", "C"], "kind": ["factory", "store", "store"]})
D = pd.Timestamp


def _row(**changes: object) -> dict[str, object]:
    row = {"src": "A", "dst": "B", "kind": "supplies", "weight": 1.0}
    dates = {"first_at": D("2026-01-01"), "last_at": D("2026-02-01"), "valid_from": pd.NaT, "valid_to": pd.NaT}
    return row | dates | changes


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({}, ""),
        ({"weight": None}, ""),  # an empty weight is 1
        ({"first_at": pd.NaT}, ""),
        ({"last_at": pd.NaT}, ""),
        ({"valid_from": D("2026-01-01"), "valid_to": D("2026-01-02")}, ""),
        ({"kind": "likes"}, "unknown_kind"),
        ({"src": "X"}, "unknown_src"),
        ({"dst": "X"}, "unknown_dst"),
        ({"dst": "A"}, "self_loop"),
        ({"last_at": D("2025-12-31")}, "reversed_dates"),
        ({"valid_from": D("2026-01-02"), "valid_to": D("2026-01-02")}, "reversed_dates"),
        ({"weight": -0.5}, "bad_weight"),
        ({"weight": float("inf")}, "bad_weight"),
    ],
)
def test_each_fault_has_its_reason(changes: dict[str, object], fault: str) -> None:
    """One faulty row between good ones is the only one marked, and the only one left out of a net."""
    frame = pd.DataFrame([_row(dst="C"), _row(**changes), _row(src="B", dst="C")])
    coded = Relations.of(frame, IDS)
    assert [FAULTS[code].partition(":")[0] for code in coded.fault] == ["", fault, ""]
    net = SupplyNetwork.build(PARTIES, frame)
    assert net.rejected == ({fault: 1} if fault else {})
    assert net.n_relations == 3 - bool(fault)


def test_of_repeated_relations_the_most_recent_stays() -> None:
    """Whatever the order of the rows; then the heaviest."""
    rows = [
        _row(weight=9.0, last_at=D("2026-01-05")),
        _row(weight=2.0, last_at=D("2026-02-01")),
        _row(weight=3.0, last_at=D("2026-02-01")),
    ]
    for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
        net = SupplyNetwork.build(PARTIES, pd.DataFrame([rows[i] for i in order]))
        assert net.rejected == {"repeated": 2}
        assert net.block("supplies").merged().weight.tolist() == [3.0]


def test_the_same_pair_with_another_validity_is_no_repetition() -> None:
    """A tie that ended and began again is two relations."""
    rows = [_row(valid_to=D("2026-02-01")), _row(valid_from=D("2026-03-01"))]
    assert SupplyNetwork.build(PARTIES, pd.DataFrame(rows)).n_relations == 2


@pytest.mark.parametrize("whole_part", [1, 2, 100])
def test_a_stream_of_frames_gives_what_one_frame_gives(monkeypatch: pytest.MonkeyPatch, whole_part: int) -> None:
    """Columns that only some frames give are filled; rows that repeat one of another frame are marked.

    However many rows are joined on the way.
    """
    monkeypatch.setattr(relations, "_WHOLE", whole_part)
    rows = [_row(weight=w, dst=dst) for w, dst in ((1.0, "B"), (5.0, "C"), (3.0, "B"), (2.0, "A"))]
    whole = pd.DataFrame(rows)
    parts = [whole.iloc[:1].drop(columns="last_at"), whole.iloc[1:2], whole.iloc[:0], whole.iloc[2:]]
    coded = Relations.of(iter(parts), IDS)
    assert [FAULTS[code].partition(":")[0] for code in coded.fault] == ["repeated", "", "", "self_loop"]
    one = Relations.of(pd.concat(parts), IDS)
    assert one.fault.tolist() == coded.fault.tolist()
    for name, column in one.by_kind["supplies"].columns.items():
        assert column.tolist() == coded.by_kind["supplies"].columns[name].tolist()
    assert coded.by_kind["supplies"].columns["weight"].tolist() == [3.0, 5.0]
    assert Relations.of([], IDS).by_kind == {}
