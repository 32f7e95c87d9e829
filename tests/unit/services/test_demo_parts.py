"""The demo's own small computations, by hand."""

from pathlib import Path

import pandas as pd
import pytest

from contracts.errors import InputError
from services.demo_market import SCALES, scale_of, write_blocks
from services.run_demo import code_version


@pytest.mark.parametrize(("text", "stores"), [("tiny", 20), ("10", 2), ("3000", 100), ("5760000", 100)])
def test_a_scale_never_takes_more_stores_than_the_market_has(text: str, stores: int):
    """Ten parties hold two stores."""
    assert scale_of(text).stores == stores


def test_named_scales_grow():
    """Each is larger than the one before in everything."""
    sizes = [(s.parties, s.stores, s.styles, s.launches) for s in SCALES.values()]
    assert sizes == sorted(sizes)


def test_the_code_version_is_that_of_the_sources():
    """The same sources, the same name; 16 hexadecimal digits."""
    assert code_version() == code_version()
    assert int(code_version(), 16) >= 0
    assert len(code_version()) == 16


def test_blocks_become_one_file(tmp_path: Path):
    """Columns that are empty in one block keep the type they have in the first."""
    blocks = [pd.DataFrame({"id": ["a"], "days": [1.5]}), pd.DataFrame({"id": ["b"], "days": [None]})]
    write_blocks(iter(blocks), tmp_path / "parties.parquet")
    read = pd.read_parquet(tmp_path / "parties.parquet")
    assert read["id"].tolist() == ["a", "b"]
    assert read["days"].dtype == float


def test_a_table_without_blocks_is_refused(tmp_path: Path):
    """Nothing to write is a fault of the caller, and leaves no file behind."""
    with pytest.raises(InputError, match="relations"):
        write_blocks(iter(()), tmp_path / "relations.parquet")
    assert not list(tmp_path.iterdir())
