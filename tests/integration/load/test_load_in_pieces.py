"""A large file is read piece by piece: the same network, and the same rows in quarantine with the same row numbers."""

from pathlib import Path

import pandas as pd
import pytest

from services import files
from services.files import read_pieces, read_raw
from services.load_network import load_network
from store.home import Home

ROWS = 400


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Parties and relations of which four cannot be used, each for another reason."""
    ids = [f"S{i:03d}" for i in range(ROWS + 1)]
    pd.DataFrame({"id": ids, "kind": "store"}).to_csv(tmp_path / "parties.csv", index=False)
    relations = pd.DataFrame({"src": ids[:-1], "dst": ids[1:], "kind": "refers", "weight": "1.50"})
    relations["customer_phone"] = "13800000000"
    relations.loc[3, "weight"] = "heavy"
    relations.loc[7, "dst"] = "NOBODY"
    relations.loc[200, "kind"] = "likes"
    relations.loc[399] = relations.loc[5]
    relations.to_csv(tmp_path / "relations.csv", index=False)
    return tmp_path


def test_pieces_do_not_show(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of a few rows and the whole file give one version; bad rows keep their cells, but for persons' ones."""
    whole = load_network(folder, home=Home(tmp_path / "whole"))
    monkeypatch.setattr(files, "_BLOCK_BYTES", 1000)
    assert len(list(read_pieces(folder / "relations.csv"))) > 5
    pieces = load_network(folder, home=Home(tmp_path / "pieces"))
    assert pieces.summary == whole.summary
    assert pieces.counts["relations"] == ROWS - 4
    bad = pd.read_csv(folder / "quarantine" / "relations.csv", dtype=str)
    assert bad["row"].tolist() == ["4", "6", "8", "201"]
    assert [reason.partition(":")[0] for reason in bad["reason"]] == ["weight", "repeated", "unknown_dst", "kind"]
    assert bad["weight"].tolist() == ["heavy", "1.50", "1.50", "1.50"]
    assert "customer_phone" not in bad


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_pieces_are_the_file(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Joined they are what reading at once gives, also of a file without rows."""
    monkeypatch.setattr(files, "_BLOCK_BYTES", 50)
    frame = pd.DataFrame({"a": [f"x{i}" for i in range(40)], "b": [str(i) if i % 3 else None for i in range(40)]})
    for rows in (40, 0):
        path = tmp_path / f"t{rows}{suffix}"
        part = frame.iloc[:rows]
        part.to_csv(path, index=False) if suffix == ".csv" else part.to_parquet(path, row_group_size=7)
        pieces = list(read_pieces(path))
        assert (len(pieces) > 1) == (rows > 0)
        pd.testing.assert_frame_equal(pd.concat(pieces, ignore_index=True), read_raw(path))
