"""The small net of tests/data/ok_small, whose figures are worked by hand in its README."""

from pathlib import Path

import pandas as pd
import pytest

from graph.network import SupplyNetwork
from graph.tables import DEMANDS, PARTIES, PRODUCTS, RELATIONS, SUPPLY

FOLDER = Path(__file__).resolve().parents[2] / "data" / "ok_small"
SCHEMAS = {"parties": PARTIES, "relations": RELATIONS, "products": PRODUCTS, "supply": SUPPLY, "orders": DEMANDS}


@pytest.fixture(scope="session")
def small() -> dict[str, pd.DataFrame]:
    """The checked tables of the small net."""
    return {name: schema.check(pd.read_csv(FOLDER / f"{name}.csv", dtype=str)) for name, schema in SCHEMAS.items()}


@pytest.fixture(scope="session")
def small_net(small: dict[str, pd.DataFrame]) -> SupplyNetwork:
    """The small net."""
    return SupplyNetwork.build(small["parties"], small["relations"])
