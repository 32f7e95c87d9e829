"""`evenflow wave`: a push before and while it runs; what counts where; wrong files are named."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import InputError, NotReadyError
from services.forecast_wave import forecast_waves
from simulate.waves import WaveSimParams, simulate_waves
from store.wave_book import WaveBook

MADE = simulate_waves(WaveSimParams(communities=40, waves=12, mean_orders=2_000), seed=2)
LAST = MADE.pushes["push_at"].max()


def run(folder, *options, pushes=MADE.pushes, orders=MADE.orders):
    """Write both files and run; errors come as they are raised."""
    pushes.to_parquet(folder / "pushes.parquet", index=False)
    orders.to_parquet(folder / "orders.parquet", index=False)
    files = ["--pushes", str(folder / "pushes.parquet"), "--orders", str(folder / "orders.parquet")]
    done = CliRunner().invoke(app, ["wave", *files, "--out", str(folder / "out.csv"), "--json", *options])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return json.loads(done.stdout)


def at(minutes: int) -> str:
    """Return a moment so long after the last push, as the option takes it."""
    return (LAST + pd.Timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M")


def test_a_wave_is_forecast_before_its_push_and_corrected_after(tmp_path):
    """The orders so far stand in the file; the range narrows; the error falls."""
    total = MADE.truth["orders"].iloc[-1]
    errors, widths = [], []
    for minutes in (-30, 60, 180):
        figures = run(tmp_path, "--as-of", at(minutes))
        wave = figures["waves"]["sim-wave-012"]
        rows = pd.read_csv(tmp_path / "out.csv")
        rows = rows[rows["wave_id"] == "sim-wave-012"]
        assert len(rows) == 96
        assert rows["observed"].sum() * 15 == wave["minutes_known"] == max(0, minutes)
        assert rows["mean"].sum() == pytest.approx(wave["mean"], abs=0.1)
        assert (rows["q0.1"] <= rows["q0.9"]).all()
        errors.append(abs(wave["mean"] - total))
        widths.append(wave["q0.9"] - wave["q0.1"])
    assert errors[2] < errors[0]
    assert widths == sorted(widths, reverse=True)
    assert wave["state"] == "running"


def test_nothing_after_the_moment_counts():
    """The same forecast whether later orders are in the file or not."""
    moment = LAST + pd.Timedelta(minutes=37)
    early = MADE.orders[MADE.orders["placed_at"] < moment]
    whole, cut = (forecast_waves(MADE.pushes, orders, as_of=moment) for orders in (MADE.orders, early))
    pd.testing.assert_frame_equal(whole.buckets, cut.buckets)
    pd.testing.assert_frame_equal(whole.communities, cut.communities)
    assert whole.summary["ignored_orders"]["after_as_of"] > cut.summary["ignored_orders"]["after_as_of"]


def test_communities_add_up(tmp_path):
    """To the wave's mean; only those reached are listed."""
    figures = run(tmp_path, "--as-of", at(45), "--communities", str(tmp_path / "c.csv"))
    listed = pd.read_csv(tmp_path / "c.csv")
    for name, wave in figures["waves"].items():
        rows = listed[listed["wave_id"] == name]
        assert rows["mean"].sum() == pytest.approx(wave["mean"], abs=0.1)
        assert len(rows) == (MADE.pushes["wave_id"] == name).sum()


def test_single_orders_and_counts_are_the_same():
    """A row per order, without the column, is what the counts say."""
    moment = LAST + pd.Timedelta(minutes=30)
    single = MADE.orders.loc[MADE.orders.index.repeat(MADE.orders["orders"])].drop(columns="orders")
    counted, one_by_one = (forecast_waves(MADE.pushes, orders, as_of=moment) for orders in (MADE.orders, single))
    pd.testing.assert_frame_equal(counted.buckets, one_by_one.buckets)


def test_orders_that_belong_nowhere_are_counted():
    """Before the push, a day after it, from a community that was not reached."""
    push = MADE.pushes.iloc[0]
    stray = pd.DataFrame(
        {
            "wave_id": push["wave_id"],
            "community_id": [push["community_id"], push["community_id"], "elsewhere"],
            "placed_at": [push["push_at"] + pd.Timedelta(hours=h) for h in (-1, 25, 1)],
            "orders": [3, 4, 5],
        }
    )
    report = forecast_waves(MADE.pushes, pd.concat([MADE.orders, stray]), as_of=LAST)
    assert report.summary["ignored_orders"]["outside_the_wave"] == 7
    assert report.summary["ignored_orders"]["community_not_reached"] == 5


def test_the_first_wave_cannot_be_forecast(tmp_path):
    """Nothing is over yet: said, with what makes a wave over."""
    with pytest.raises(NotReadyError, match="24 hours after its push"):
        run(tmp_path, "--as-of", MADE.pushes["push_at"].min().strftime("%Y-%m-%dT%H:%M"))
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("name", "frame", "told"),
    [
        ("orders", MADE.orders.assign(wave_id="w"), "orders.parquet: column 'wave_id', row 1: expected a wave of"),
        ("orders", MADE.orders.assign(orders=-1), "orders.parquet: column 'orders', row 1: expected a number >= 0"),
        (
            "pushes",
            MADE.pushes.assign(push_at=MADE.pushes["push_at"] + pd.to_timedelta(MADE.pushes.index, unit="min")),
            "pushes.parquet: column 'push_at', row 2: expected the same in all rows of wave sim-wave-001",
        ),
        ("pushes", pd.concat([MADE.pushes] * 2), "each (wave_id, community_id) once"),
    ],
)
def test_wrong_files_are_named(tmp_path, name, frame, told):
    """File, column, row."""
    with pytest.raises(InputError) as error:
        run(tmp_path, **{name: frame})
    assert told in str(error.value)


@pytest.mark.parametrize(("option", "value"), [("--bucket", "7"), ("--quantiles", "0.5,0.5"), ("--quantiles", "high")])
def test_wrong_options_are_named(tmp_path, option, value):
    """In one line."""
    with pytest.raises(InputError, match=option):
        run(tmp_path, option, value)


def test_finished_waves_are_kept_for_the_worker(tmp_path):
    """Those that are over, once, however often they are kept; not the one that runs."""
    for _ in range(2):
        figures = run(tmp_path, "--as-of", at(45), "--keep", "--home", str(tmp_path / "home"))
    pushes, orders = WaveBook(tmp_path / "home").read()
    assert set(pushes["wave_id"]) == set(figures["kept_waves"]) == set(MADE.pushes["wave_id"]) - set(figures["waves"])
    own = MADE.orders[MADE.orders["wave_id"].isin(figures["kept_waves"])]
    assert orders["orders"].sum() == own["orders"].sum()
