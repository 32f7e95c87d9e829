"""The example files are what the commands read, and say what they are."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import InputError
from contracts.params import read_toml
from forecast.tables import CALENDAR, KNOWN, SALES, SIGNALS, STATIC
from graph.aftersales.tables import CLAIMS, LOTS
from graph.credit.tables import LEDGER, TERMS
from graph.scorecards.tables import DELIVERIES, EVIDENCE
from graph.tables import DEMANDS, EXCLUSIVES, LANES, PARTIES, PRODUCTS, RELATIONS, STOCK, SUPPLY
from matching.score import ScoreWeights, total_score
from matching.tables import CANDIDATES, CREDIT, ORDERS, SUPPLIERS
from planning.params import PlanParams
from planning.tables import BOM, FIRM, ITEMS, RESOURCES, ROUTES, demand_schema
from services.example_files import write_examples
from services.files import read_raw, read_table
from simulate.examples import example_matching, example_planning, example_sales

SCHEMAS = {
    "sales": SALES,
    "static": STATIC,
    "known": KNOWN,
    "calendar": CALENDAR,
    "orders": ORDERS,
    "suppliers": SUPPLIERS,
    "candidates": CANDIDATES,
    "candidates_unscored": CANDIDATES,
    "credit": CREDIT,
    "resources": RESOURCES,
    "routes": ROUTES,
    "items": ITEMS,
    "bom": BOM,
    "firm": FIRM,
    "net/parties": PARTIES,
    "net/relations": RELATIONS,
    "net/products": PRODUCTS,
    "net/routes": ROUTES,
    "net/sales": SALES,
    "net/signals": SIGNALS,
    "net/supply": SUPPLY,
    "net/stock": STOCK,
    "net/lanes": LANES,
    "net/exclusives": EXCLUSIVES,
    "net/orders": DEMANDS,
    "net/ledger": LEDGER,
    "net/terms": TERMS,
    "net/lots": LOTS,
    "net/claims": CLAIMS,
    "net/deliveries": DELIVERIES,
    "net/evidence": EVIDENCE,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of example files."""
    directory = tmp_path_factory.mktemp("examples") / "new" / "folder"
    write_examples(directory)
    return directory


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_table_is_what_its_command_reads(folder: Path, name: str):
    """The file as written passes the schema."""
    assert len(read_table(folder / f"{name}.csv", SCHEMAS[name])) > 0


def test_the_demand_file_passes_with_its_quantiles(folder: Path):
    """Quantile columns are part of the demand's schema."""
    raw = read_raw(folder / "demand.csv")
    assert len(demand_schema(raw).check(raw)) == 46


def test_parameter_files_are_read(folder: Path):
    """plan.toml is a plan's parameters; weights.toml scores the unscored candidates."""
    assert PlanParams.from_tables(read_toml(folder / "plan.toml")).horizon.slushy == 2
    weights = ScoreWeights.from_file(folder / "weights.toml")
    scores = total_score(read_table(folder / "candidates_unscored.csv", CANDIDATES), weights)
    assert (scores > 0).all()


def test_everything_is_labelled_as_simulated(folder: Path):
    """A column says so, or, where a column would be learned from, the note does."""
    note = (folder / "README.txt").read_text(encoding="utf-8")
    for path in folder.rglob("*.csv"):
        named = "simulated" in pd.read_csv(path, nrows=1).columns
        assert named or path.name in note.partition("except")[2].partition(", where")[0]
    assert note.startswith("SIMULATED")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    """A file stands where the folder should be."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(InputError, match="taken"):
        write_examples(tmp_path / "taken")


@given(st.integers(0, 2**31))
@settings(max_examples=10, deadline=None)
def test_examples_are_the_same_for_the_same_seed(seed: int):
    """Each generator, twice."""
    for make in (example_sales, example_matching, example_planning):
        for name, frame in make(seed=seed).items():
            pd.testing.assert_frame_equal(frame, make(seed=seed)[name])


@given(st.integers(0, 2**31))
@settings(max_examples=10, deadline=None)
def test_examples_have_the_promised_sizes_for_any_seed(seed: int):
    """12 series of 200 days and one without history; every order has a candidate's supplier among the suppliers."""
    sales, match = example_sales(seed=seed), example_matching(seed=seed)
    assert sales["sales"].groupby("unique_id").size().eq(200).sum() == 12
    assert len(set(sales["static"]["unique_id"]) - set(sales["sales"]["unique_id"])) == 1
    assert set(match["candidates"]["supplier_id"]) <= set(match["suppliers"]["supplier_id"])
    assert set(match["candidates"]["order_id"]) <= set(match["orders"]["order_id"])
