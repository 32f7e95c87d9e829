"""Wrong tables and parameters: each message names the file, the column and the row, or the value."""

import pandas as pd
import pytest

from contracts.errors import InputError, TableError
from planning.params import HorizonParams, PlanParams, PlanWeights, SolveParams
from services.plan_production import plan_production


def tables() -> dict[str, pd.DataFrame]:
    return {
        "demand": pd.DataFrame({"item": ["a", "b"], "bucket": ["2026-01-05", "2026-01-05"], "y": [3, 4]}),
        "resources": pd.DataFrame({"resource": ["L"], "bucket": ["2026-01-05"], "capacity": [40]}),
        "routes": pd.DataFrame(
            {"item": ["a", "b"], "route": ["r", "r"], "step": [1, 1], "resource": ["L", "L"], "hours_per_unit": [1, 1]}
        ),
        "items": pd.DataFrame({"item": ["a", "b"], "holding_cost": [1.0, 1.0]}),
        "bom": pd.DataFrame({"parent": ["a"], "component": ["b"], "quantity": [1]}),
        "firm": pd.DataFrame(
            {"item": ["a"], "route": ["r"], "step": [1], "resource": ["L"], "pieces": [1], "start": ["2026-01-05"]}
        ),
    }


WRONG = [
    # what is wrong, table, column, cell in row 1 (None = drop the column), words of the message
    ("demand that is no number", "demand", "y", "many", "column 'y', row 1: expected a number >= 0 and <= 1e+09, got "),
    ("a bucket that is no date", "demand", "bucket", "soon", "column 'bucket', row 1: expected a date"),
    ("no item column", "demand", "item", None, "demand.csv: column 'item': expected this required column"),
    ("neither y nor quantiles", "demand", "y", None, "expected this column or quantile columns such as q0.5"),
    ("negative capacity", "resources", "capacity", -8, "resources.csv: column 'capacity', row 1"),
    ("a step that is no whole number", "routes", "step", 1.5, "routes.csv: column 'step', row 1: expected a whole"),
    ("negative hours", "routes", "hours_per_unit", -1, "column 'hours_per_unit', row 1"),
    ("a negative cost", "items", "holding_cost", -1, "items.csv: column 'holding_cost', row 1"),
    ("a component quantity of zero", "bom", "quantity", 0, "bom.csv: column 'quantity', row 1: expected a number > 0"),
    ("a firm order on an unknown item", "firm", "item", "zz", "firm.csv: column 'item', row 1: expected the id of"),
    ("a firm order on an unknown step", "firm", "step", 9, "expected a step of a route, on a resource that can do it"),
    ("more demand than anybody makes", "demand", "y", 1e300, "column 'y', row 1: expected a number >= 0 and <= 1e+09"),
    (
        "endless capacity",
        "resources",
        "capacity",
        1e300,
        "column 'capacity', row 1: expected a number >= 0 and <= 1e+09",
    ),
    ("endless work", "routes", "hours_per_unit", 1e300, "'hours_per_unit', row 1: expected a number >= 0 and <= 1e+06"),
    ("endless cost", "items", "holding_cost", 1e300, "'holding_cost', row 1: expected a number >= 0 and <= 1e+09"),
    ("endless components", "bom", "quantity", 1e300, "column 'quantity', row 1: expected a number > 0 and <= 1e+06"),
    ("a firm order of half a piece", "firm", "pieces", 0.5, "firm.csv: column 'pieces', row 1: expected a whole"),
]


@pytest.mark.parametrize(("table", "column", "cell", "words"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_a_wrong_table_is_refused_by_name(table: str, column: str, cell: object, words: str) -> None:
    """The message says which file, column and row, what was expected and what came."""
    given = tables()
    frame = given[table].astype({column: object})
    if cell is None:
        frame = frame.drop(columns=column)
    else:
        frame.loc[0, column] = cell
    given[table] = frame
    with pytest.raises(TableError) as error:
        plan_production(**given, sources={name: f"{name}.csv" for name in given})
    assert words in str(error.value)


def test_a_row_given_twice_is_refused() -> None:
    """Two demands of one item in one bucket could mean either: the second row is named."""
    given = tables()
    given["demand"] = pd.concat([given["demand"]] * 2)
    with pytest.raises(TableError, match=r"row 3: expected each \(item, bucket\) once"):
        plan_production(**given)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"q0.5": 3, "q0.50": 3}, "demand: column 'q0.50': expected each level once (q0.5 is the same), got q0.50"),
        (
            {"q0.9": [3, 3], "q0.5": [3, 4]},
            "demand: column 'q0.9', row 2: expected no less than q0.5 (4), got 3",
        ),
    ],
)
def test_quantiles_that_contradict_each_other_are_refused(columns: dict, words: str) -> None:
    """One level twice, or a higher level with less demand."""
    given = tables()
    given["demand"] = given["demand"].drop(columns="y").assign(**columns)
    with pytest.raises(TableError) as error:
        plan_production(**given)
    assert words in str(error.value)


def test_an_item_that_no_other_table_knows_is_named() -> None:
    """A slip of the pen in the table of items would otherwise lose a cost in silence."""
    given = tables()
    given["items"] = pd.DataFrame({"item": ["a", "B"], "holding_cost": [1.0, 1.0]})
    reasons = plan_production(**given, sources={"items": "items.csv"}).summary["reasons"]
    (found,) = [reason for reason in reasons if reason["code"] == "unknown_item"]
    assert found["detail"] == "items.csv: 1 item(s) in no other table, the first is B: not planned"
    assert found["item"] == "B"


def test_an_empty_demand_is_refused() -> None:
    """There is nothing to plan without a row."""
    given = tables() | {"demand": pd.DataFrame({"item": [], "bucket": [], "y": []})}
    with pytest.raises(TableError, match="at least one row"):
        plan_production(**given)


def test_too_many_combinations_of_resources_are_refused() -> None:
    """A route with more combinations than can be enumerated is named."""
    given = tables()
    names = [f"L{i}" for i in range(11)]
    steps = [("a", "r", step, name, 1.0) for step in range(3) for name in names]
    given["routes"] = pd.DataFrame(steps, columns=["item", "route", "step", "resource", "hours_per_unit"])
    given["resources"] = pd.DataFrame({"resource": names, "bucket": "2026-01-05", "capacity": 1.0})
    given["bom"] = given["firm"] = None
    with pytest.raises(TableError, match=r"at most 1000 combinations.*1331 for item a, route r"):
        plan_production(**given)


BAD_PARAMS = [
    # table, words of the message
    ({"weights": {"idle": -1}}, "idle to be a number in [0, 1e+09], got -1"),
    ({"weights": {"idle": "much"}}, "idle to be a number in [0, 1e+09], got "),
    ({"weights": {"idle": 1e300}}, "idle to be a number in [0, 1e+09], got 1e+300"),
    ({"weights": {"idel": 1}}, "small_change, got "),
    ({"horizon": {"firm": 1.5}}, "firm to be a whole number in [0, 1000000], got 1.5"),
    ({"solve": {"gap": 2}}, "gap to be a number in [0, 1], got 2"),
    ({"solve": {"seconds": 0}}, "seconds to be a number >= 0.001, got 0"),
    ({"speed": {}}, "only the tables weights, horizon, solve"),
    ({"weights": 3}, "plan.toml [weights]: expected a table, got 3"),
]


@pytest.mark.parametrize(("given", "words"), BAD_PARAMS)
def test_a_wrong_parameter_is_refused_by_name(given: dict, words: str) -> None:
    """The message names the parameter, its range and what came."""
    with pytest.raises(InputError) as error:
        PlanParams.from_tables(given)
    assert words in str(error.value)


def test_parameters_come_from_the_tables_of_a_file() -> None:
    """Tables that are left out keep their defaults."""
    params = PlanParams.from_tables({"weights": {"idle": 0}, "solve": {"seconds": 5}})
    assert params == PlanParams(weights=PlanWeights(idle=0), horizon=HorizonParams(), solve=SolveParams(seconds=5))


def test_a_firm_order_counts_once():
    """The same order listed twice on a step would take its hours twice; two starts of it are two runs."""
    given = tables() | {"bom": None}
    given["firm"] = pd.concat([given["firm"].assign(order_id="f1")] * 2)
    with pytest.raises(TableError, match=r"column 'order_id', row 2: expected each order once on a step.*, got f1"):
        plan_production(**given)
    given["firm"] = given["firm"].assign(start=["2026-01-05", "2026-01-12"])
    given["resources"] = pd.DataFrame({"resource": "L", "bucket": ["2026-01-05", "2026-01-12"], "capacity": 40})
    assert plan_production(**given).orders["order_id"].tolist().count("f1") == 2
