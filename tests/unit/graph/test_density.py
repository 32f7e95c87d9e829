"""Density against brute force: cells point by point, distances by haversine."""

import h3.api.basic_str as h3
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import InputError
from graph.density.cells import area_cells, cell_texts, cells_of, centres, parents, parsed, resolutions
from graph.density.nearest import Nearest, distance_km
from graph.density.params import DensityParams
from graph.density.white_space import expected_sales
from services.density import measure_density

PARAMS = DensityParams(smallest=0)


def _world(seed: int, *, stores: int = 12, others: int = 8, orders: int = 60, points: int = 40) -> dict:
    """A city of some 10 km with stores, guides, orders to places and to parties, and homes."""
    rng = np.random.default_rng(seed)

    def place(n):
        return 31.2 + rng.normal(0, 0.05, n), 121.4 + rng.normal(0, 0.05, n)

    n = stores + others
    lat, lon = place(n)
    parties = pd.DataFrame(
        {
            "id": [f"p{i:02d}" for i in range(n)],
            "kind": ["store"] * stores + ["guide"] * others,
            "region": rng.choice(["East", "West"], n),
            "lat": np.where(rng.random(n) < 0.1, np.nan, lat),
            "lon": lon,
        }
    )
    lat, lon = place(orders)
    given_ = rng.random(orders) < 0.7
    placed = pd.DataFrame(
        {
            "store_id": rng.choice(parties["id"][:stores], orders),
            "ship_to": np.where(given_, None, rng.choice(parties["id"], orders)),
            "lat": np.where(given_, lat, np.nan),
            "lon": np.where(given_, lon, np.nan),
            "pieces": rng.integers(1, 9, orders).astype(float),
        }
    )
    lat, lon = place(points)
    homes = pd.DataFrame({"lat": lat, "lon": lon, "households": rng.integers(50, 900, points).astype(float)})
    return {"parties": parties, "orders": placed, "areas": homes}


def _haversine(lat, lon, other_lat, other_lon):
    a, b, c, d = (np.radians(v) for v in (lat, lon, other_lat, other_lon))
    half = np.sin((a - c) / 2) ** 2 + np.cos(a) * np.cos(c) * np.sin((b - d) / 2) ** 2
    return 2 * 6371.0 * np.arcsin(np.sqrt(half))


def _destination(world, order):
    if pd.notna(order["lat"]):
        return order["lat"], order["lon"]
    party = world["parties"].set_index("id").loc[order["ship_to"]]
    return party["lat"], party["lon"]


@pytest.mark.parametrize("seed", range(4))
def test_figures_are_those_counted_one_by_one(seed: int):
    """Counts, coverage, orders, orders from outside, nearest store and penetration of every cell."""
    world = _world(seed)
    report = measure_density(**world, params=PARAMS)
    parties, homes = world["parties"], world["areas"]
    stores = parties[(parties["kind"] == "store") & parties["lat"].notna()]
    rows = report.areas.set_index("area")
    cells = {}
    for _, party in parties[parties["lat"].notna()].iterrows():
        cells.setdefault(h3.latlng_to_cell(party["lat"], party["lon"], 8), []).append(party["kind"])
    for area, kinds in cells.items():
        assert (rows["parties"][area], rows["store"][area]) == (len(kinds), kinds.count("store"))
    assert rows["parties"].sum() == parties["lat"].notna().sum()
    orders = {"n": {}, "out": {}}
    for _, order in world["orders"].iterrows():
        lat, lon = _destination(world, order)
        winner = parties.set_index("id").loc[order["store_id"]]
        if np.isnan(lat):
            continue
        cell = h3.latlng_to_cell(lat, lon, 8)
        orders["n"][cell] = orders["n"].get(cell, 0) + 1
        km = _haversine(winner["lat"], winner["lon"], lat, lon)
        other = _region(parties, order) not in (None, winner["region"])
        if other if np.isnan(km) else km > 3:
            orders["out"][cell] = orders["out"].get(cell, 0) + 1
    assert rows["orders"][rows["orders"] > 0].to_dict() == orders["n"]
    assert rows["from_outside"][rows["from_outside"] > 0].to_dict() == orders["out"]
    for area, row in rows.iterrows():
        lat, lon = h3.cell_to_latlng(area)
        km = _haversine(stores["lat"], stores["lon"], lat, lon)
        assert row["nearest_km"] == pytest.approx(km.min())
        assert row["nearest_store"] == stores["id"][km.idxmin()]
        inside = [h3.latlng_to_cell(a, b, 8) == area for a, b in homes[["lat", "lon"]].to_numpy()]
        if sum(inside):
            near = [
                _haversine(stores["lat"], stores["lon"], a, b).min() <= 1 for a, b in homes[["lat", "lon"]].to_numpy()
            ]
            weight = homes["households"].to_numpy() * inside
            assert row["coverage"] == pytest.approx((weight * near).sum() / weight.sum())
            assert row["penetration"] == pytest.approx(row["orders"] / weight.sum())


def _region(parties, order):
    return parties.set_index("id")["region"].get(order["ship_to"]) if order["ship_to"] else None


@pytest.mark.parametrize("smallest", [0, 2, 10])
def test_no_order_is_lost(smallest: int):
    """Those of areas + suppressed + unlocated = all; likewise pieces, and per store."""
    world = _world(7)
    report = measure_density(**world, params=DensityParams(smallest=smallest))
    told = report.summary
    assert told["orders"] == len(world["orders"])
    seen = report.areas["orders"].sum()
    assert seen + told["orders_suppressed"] + told["orders_unlocated"] == told["orders"]
    assert (told["areas_suppressed"] > 0) == (smallest > 1)
    assert report.areas["orders"][report.areas["suppressed"]].isna().all()
    assert report.stores["orders"].sum() == told["orders"]
    assert report.stores["pieces"].sum() == world["orders"]["pieces"].sum()


@given(st.integers(0, 2**31))
@settings(max_examples=10, deadline=None)
def test_the_order_of_rows_changes_nothing(seed: int):
    """Of any of the tables."""
    world = _world(seed % 97)
    again = {name: frame.sample(frac=1, random_state=seed % 1000) for name, frame in world.items()}
    one, other = measure_density(**world), measure_density(**again)
    pd.testing.assert_frame_equal(one.areas, other.areas)
    pd.testing.assert_frame_equal(one.flows, other.flows)
    pd.testing.assert_frame_equal(
        one.stores.sort_values("store_id", ignore_index=True), other.stores.sort_values("store_id", ignore_index=True)
    )


@pytest.mark.parametrize("resolution", [4, 6, 7])
def test_an_area_counts_what_the_areas_inside_it_count(resolution: int):
    """Parties, orders, people and what is covered."""
    world = _world(3)
    fine = measure_density(**world, params=PARAMS).areas
    coarse = measure_density(**world, params=DensityParams(smallest=0, resolution=resolution)).areas
    above = cell_texts(parents(parsed(fine["area"]), resolution))
    names = ["parties", "store", "guide", "orders", "pieces", "won", "households"]
    summed = fine[names].groupby(np.array(above)).sum()
    pd.testing.assert_frame_equal(
        summed, coarse.set_index("area")[names].sort_index(), check_names=False, check_dtype=False
    )


def test_a_store_has_the_catchment_it_was_given_for_its_days():
    """s has the cell of the home until March; t, with none of its own, a circle."""
    home = (31.3, 121.5)
    parties = pd.DataFrame({"id": ["s", "t"], "kind": "store", "lat": [31.2, 31.3], "lon": [121.4, 121.5]})
    at = ["2026-02-01", "2026-03-01", "2026-02-01"]
    orders = pd.DataFrame({"store_id": ["s", "s", "t"], "lat": home[0], "lon": home[1], "at": at})
    cells = pd.DataFrame({"store_id": ["s"], "cell": [h3.latlng_to_cell(*home, 7)], "valid_to": ["2026-03-01"]})
    told = measure_density(parties, orders=orders, catchments=cells)
    assert told.stores.set_index("store_id")["outside"].to_dict() == {"s": 1, "t": 0}
    assert measure_density(parties, orders=orders).stores.set_index("store_id")["outside"].to_dict() == {"s": 2, "t": 0}
    undated = orders.drop(columns="at")
    days = {day: pd.Timestamp(f"2026-{day}") for day in ("02-28", "03-01")}
    gone = {
        day: measure_density(parties, orders=undated, catchments=cells, as_of=as_of).summary["orders_outside"]
        for day, as_of in days.items()
    }
    assert gone == {"02-28": 0, "03-01": 2}


def test_orders_that_leave_are_told_by_their_ways():
    """43 of 100 go 20 km away; fewer than ten consumers on a way are not told."""
    parties = pd.DataFrame({"id": ["s"], "kind": "store", "lat": [31.2], "lon": [121.4]})
    lat = [31.2] * 57 + [31.4] * 40 + [31.6] * 3
    orders = pd.DataFrame({"store_id": "s", "lat": lat, "lon": 121.4})
    told = measure_density(parties, orders=orders)
    assert told.summary["outside_share"] == pytest.approx(0.43)
    assert told.flows["orders"].tolist() == [40]
    assert told.summary["orders_suppressed"] == 3


def test_white_space_is_ranked_by_what_areas_like_it_sell():
    """Two estates nobody reaches: the one like the estates that buy most comes first."""
    base = np.arange(6) * 0.2
    areas = pd.DataFrame(
        {
            "lat": 30 + base,
            "lon": 120.0,
            "households": [1000, 1000, 100, 100, 900, 110],
            "customers": [100, 300, 50, 60, 0, 0],
        }
    )
    parties = pd.DataFrame({"id": list("abcd"), "kind": "store", "lat": 30 + base[:4], "lon": 120.0})
    report = measure_density(parties, areas=areas, params=DensityParams(look_alikes=2))
    white = report.areas[report.areas["white_space"]]
    assert white["expected_sales"].tolist() == pytest.approx([900 * 0.2, 110 * 0.55])
    assert white["expected_low"].tolist() == pytest.approx([900 * 0.12, 110 * 0.51])
    assert white["white_rank"].tolist() == [1, 2]
    assert report.areas["area"].tolist()[:2] == white["area"].tolist()
    assert report.summary["coverage"] == pytest.approx(2200 / 3210)
    assert report.summary["expected_in"] == "customers"


def test_regions_are_areas_too():
    """Without coordinates: covered is a region with a store, outside another region."""
    parties = pd.DataFrame({"id": ["s", "g"], "kind": ["store", "guide"], "region": ["East", "West"]})
    orders = pd.DataFrame({"store_id": ["s", "s", "s"], "ship_to": ["East", "g", "North"]})
    areas = pd.DataFrame({"region": ["East", "West", "North"], "population": [10, 20, 30]})
    report = measure_density(parties, orders=orders, areas=areas, by="region")
    rows = report.areas.set_index("area")
    assert rows["coverage"].to_dict() == {"East": 1, "West": 0, "North": 0}
    assert rows["orders"].to_dict() == {"East": 1, "West": 1, "North": 1}
    assert report.summary["outside_share"] == pytest.approx(2 / 3)
    assert "lat" not in rows


@given(st.lists(st.tuples(st.floats(-89, 89), st.floats(-179, 179)), min_size=2, max_size=30))
@settings(max_examples=50, deadline=None)
def test_cells_and_distances_agree_with_the_library(places):
    """One by one; parents by bits; nearest by all distances."""
    lat, lon = np.array(places).T
    cells = cells_of(lat, lon, 9)
    assert cell_texts(cells) == [h3.latlng_to_cell(a, b, 9) for a, b in places]
    assert cell_texts(parents(cells, 4)) == [h3.cell_to_parent(text, 4) for text in cell_texts(cells)]
    assert (parsed(pd.Series(cell_texts(cells))) == cells).all()
    assert (resolutions(cells) == 9).all()
    assert (parents(area_cells(lat, lon, 8), 6) == area_cells(lat, lon, 6)).all()
    middle = centres(cells)
    assert np.allclose(np.array(middle).T, [h3.cell_to_latlng(text) for text in cell_texts(cells)])
    _, km = Nearest(lat[1:], lon[1:]).of(lat[:1], lon[:1])
    every = _haversine(lat[0], lon[0], lat[1:], lon[1:])
    assert km[0] == pytest.approx(every.min(), abs=1e-3)
    assert distance_km(lat[0], lon[0], lat[1:], lon[1:]) == pytest.approx(every, abs=1e-3)


def test_nobody_near_is_no_error():
    """No store has coordinates; nothing is covered by anything."""
    parties = pd.DataFrame({"id": ["s", "g"], "kind": ["store", "guide"], "lat": [None, 31.0], "lon": [None, 121.0]})
    row = measure_density(parties).areas.iloc[0]
    assert (row["coverage"], row["nearest_store"], np.isnan(row["nearest_km"])) == (0, "", True)
    expected = expected_sales(np.array([5.0]), np.empty(0), np.empty(0), look_alikes=3)
    assert np.isnan(expected).all()


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"orders": {"ship_to": ["s"]}}, "orders: column 'store_id': expected this column, or buyer_id"),
        ({"orders": {"store_id": ["x"]}}, "column 'store_id', row 1: expected the id of a known party, got x"),
        ({"orders": {"store_id": ["s"], "ship_to": ["Mars"]}}, "column 'ship_to', row 1: expected a party, a region"),
        ({"areas": {"households": [5]}}, "areas: column 'lat', row 1: expected lat and lon, or a cell"),
        ({"areas": {"cell": ["zz"]}}, "column 'cell', row 1: expected an H3 cell, got zz"),
        ({"areas": {"cell": ["8430997ffffffff"]}}, "row 1: expected a cell of resolution 8 or finer"),
        ({"areas": {"lat": [99], "lon": [0]}}, "column 'lat', row 1: expected a number >= -90 and <= 90"),
        ({"areas": {"lat": [9]}, "by": "region"}, "by region: expected columns of areas"),
        ({"catchments": {"store_id": ["s"], "cell": ["q"]}}, "column 'cell', row 1: expected an H3 cell, got q"),
        ({"catchments": {"store_id": ["q"], "cell": ["8430997ffffffff"]}}, "row 1: expected the id of a known party"),
        ({"by": "street"}, "by: expected cell or region, got street"),
    ],
)
def test_wrong_tables_are_named(tables, message: str):
    """The table, the column, the row."""
    parties = pd.DataFrame({"id": ["s"], "kind": "store", "lat": [31.0], "lon": [121.0]})
    frames = {name: pd.DataFrame(value) if isinstance(value, dict) else value for name, value in tables.items()}
    with pytest.raises(InputError) as caught:
        measure_density(parties, **frames)
    assert message in str(caught.value)


@pytest.mark.parametrize("wrong", [{"resolution": 16}, {"enough": 0}, {"reach_km": -1}, {"look_alikes": 0}])
def test_parameters_out_of_range_are_refused(wrong):
    """By name."""
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}: expected"):
        DensityParams(**wrong)
