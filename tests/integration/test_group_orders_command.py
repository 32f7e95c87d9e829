"""`evenflow group-orders`: who gets the push, the wave expected, the pieces held; wrong files and rows are named."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import InputError, NotReadyError
from services.group_book import GroupParams, group_book
from services.group_orders import plan_group_orders
from services.hold_waves import WaveHold, hold_waves, holds_of, sent_only
from services.reserve import Desk
from services.viewer import Viewer
from simulate.waves import WaveSimParams, simulate_waves
from store.booking.capacity import Capacity, put_capacities
from store.booking.lookup import list_reservations
from store.database import Database

MADE = simulate_waves(WaveSimParams(communities=30, waves=6, mean_orders=800, bucket_minutes=15), seed=3)
FIRST = MADE.pushes["push_at"].max().normalize() + pd.Timedelta(days=3)
COMMUNITIES = MADE.pushes.drop_duplicates("community_id")[["community_id", "members"]].reset_index(drop=True)
BASE = {"coupon": "coupon-0", "sku_id": "soap", "margin_fen": 900, "coupon_fen": 300}


def waves(*rows: dict) -> pd.DataFrame:
    """Return waves, at 14:00 of the days after."""
    return pd.DataFrame(
        [
            BASE | {"wave_id": f"w{n}", "push_at": (FIRST + pd.Timedelta(days=n, hours=14)).isoformat()} | row
            for n, row in enumerate(rows)
        ]
    )


def run(folder, *options, communities=COMMUNITIES, planned, pushes=MADE.pushes, orders=MADE.orders):
    """Write the files and run; errors come as they are raised."""
    tables = {"communities": communities, "waves": planned, "pushes": pushes, "orders": orders}
    for name, frame in tables.items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    files = [part for name in tables for part in (f"--{name}", str(folder / f"{name}.parquet"))]
    outs = [
        part
        for name in ("out", "waves-out", "refusals", "buckets")
        for part in (f"--{name}", str(folder / f"{name}.csv"))
    ]
    done = CliRunner().invoke(app, ["group-orders", *files, *outs, "--json", *options])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return json.loads(done.stdout)


def test_a_wave_centuries_ahead_costs_no_more():
    """Days and weeks between waves are not looked at one by one; each wave keeps its own day's and week's places."""
    planned = waves({}, {"push_at": "2261-06-01T14:00:00"}, {"push_at": "2261-06-02T14:00:00"})
    tables = {"communities": COMMUNITIES, "waves": planned, "pushes": MADE.pushes, "orders": MADE.orders}
    book = group_book(tables, params=GroupParams(), room=None, as_of=None, sources={})
    day, week, cap = book.caps()
    assert (day.tolist(), week.tolist(), cap.shape) == ([0, 1, 2], [0, 1, 1], (len(COMMUNITIES), 2))


def test_pushes_fit_the_pieces_and_wave_reads_them(tmp_path):
    """The 90 % quantile of the wave is promised; the pushes written are the input of `evenflow wave`."""
    told = run(tmp_path, planned=waves({"pieces": 150}, {"pieces": 10_000}))
    per_wave = pd.read_csv(tmp_path / "waves-out.csv")
    assert per_wave["pieces"].tolist() == per_wave["orders_q0.9"].tolist()
    assert 100 < per_wave["pieces"][0] <= 150 < per_wave["pieces"][1]
    assert per_wave["promise"].tolist() == ["stated", "stated"]
    pushes = pd.read_csv(tmp_path / "out.csv")
    assert len(pushes) == told["pushes"] == per_wave["communities"].sum()
    assert pushes["expected_orders"].sum() == pytest.approx(told["expected_orders"], rel=1e-3)
    refused = pd.read_csv(tmp_path / "refusals.csv")
    assert set(refused["reason"]) == {"no_pieces"}
    assert len(refused) + len(pushes) == 60
    buckets = pd.read_csv(tmp_path / "buckets.csv").groupby("wave_id")["mean"].sum()
    assert buckets.to_numpy() == pytest.approx(per_wave["orders"].to_numpy(), abs=0.1)
    both = pd.concat([MADE.pushes, pushes.assign(push_at=pd.to_datetime(pushes["push_at"]))], ignore_index=True)
    both.to_parquet(tmp_path / "both.parquet", index=False)
    wave = ["wave", "--pushes", str(tmp_path / "both.parquet"), "--orders", str(tmp_path / "orders.parquet")]
    done = CliRunner().invoke(app, [*wave, "--out", str(tmp_path / "wave.csv"), "--json"])
    assert json.loads(done.stdout)["waves"]["w0"]["mean"] == pytest.approx(per_wave["orders"][0], abs=0.1)


def test_each_refusal_has_its_reason(tmp_path):
    """Left, opted out, nobody there, quiet, a cap, a coupon dearer than the margin."""
    communities = COMMUNITIES.head(6).assign(
        opted_in=[False, True, True, True, True, True], pushed=[0, 0, 0, 0, 3, 0],
        quiet_from=pd.array([None, None, None, 13, None, None], dtype="Int64"),
        quiet_to=pd.array([None, None, None, 15, None, None], dtype="Int64"),
        left_on=[None, FIRST.strftime("%Y-%m-%d"), None, None, None, None],
    )  # fmt: skip
    communities.loc[2, "members"] = 0
    night = (FIRST + pd.Timedelta(hours=23)).isoformat()
    rows = waves({}, {"coupon_fen": 1_000}, {"push_at": night})
    told = run(tmp_path, communities=communities, planned=rows)
    refused = pd.read_csv(tmp_path / "refusals.csv").pivot_table(
        index="community_id", columns="wave_id", values="reason", aggfunc="first"
    )
    ids = communities["community_id"].tolist()
    assert refused.loc[ids[:5], "w0"].tolist() == [
        "community_opted_out", "community_left", "zero_members", "quiet_hours", "push_cap",
    ]  # fmt: skip
    assert refused.loc[ids[5], "w1"] == "not_worth"
    assert refused.loc[ids[5], "w2"] == "quiet_hours"
    assert told["pushes"] == 1


def test_pieces_are_held_once_and_a_wave_without_them_is_not_sent(tmp_path):
    """Two waves share a stock; one's capacity is not offered. The same key again holds nothing twice."""
    home = tmp_path / "home"
    home.mkdir()
    database = Database.open(f"sqlite:///{home / 'evenflow.db'}")
    put_capacities(database, [Capacity(supplier_id="f1", good="soap", bucket="", offered=300)], now_ms=0)
    place = {"supplier_id": "f1", "buyer_id": "platform"}
    rows = waves(place, place, place | {"supplier_id": "f2", "bucket": "2025-06-01"})
    told = run(tmp_path, "--hold", "--key", "k", "--home", str(home), planned=rows)
    per_wave = pd.read_csv(tmp_path / "waves-out.csv")
    assert per_wave["promise"].tolist() == ["stock", "stock", "capacity"]
    held = [row.pieces for row in list_reservations(database, tenant=None, limit=9)]
    assert sum(held) == told["pieces_to_hold"] == per_wave["pieces"].sum() <= 300
    assert per_wave.loc[2, "pieces"] == 0
    assert (told["waves_held"], told["waves_not_promised"]) == (len(held), [])
    hold = WaveHold(wave_id="x", sku_id="soap", buyer_id="platform", supplier_id="f1", pieces=300)
    asked = {"viewer": Viewer(None), "key": "k", "ttl_seconds": 60}
    full = hold_waves(Desk(database), None, [hold], **asked)
    assert (full[0]["status"], full[0]["reason"]) == ("refused", "full")
    assert hold_waves(Desk(database), None, [hold], **asked) == full
    assert len(list_reservations(database, tenant=None, limit=9)) == len(held) > 0
    database.close()


def test_what_somebody_else_took_meanwhile_is_not_pushed():
    """The plan without the wave that was refused: its pushes become refusals by name."""
    place = {"supplier_id": "f1", "buyer_id": "platform", "pieces": 500}
    tables = {"communities": COMMUNITIES, "waves": waves(place, place), "pushes": MADE.pushes, "orders": MADE.orders}
    plan = plan_group_orders(tables)
    first, second = holds_of(plan)
    told = [
        {"wave_id": first.wave_id, "status": "refused", "reservation_id": None},
        {"wave_id": second.wave_id, "status": "held", "reservation_id": "r"},
    ]
    sent = sent_only(plan, told)
    assert set(sent.pushes["wave_id"]) == {second.wave_id}
    assert (sent.refusals["reason"] == "not_promised").sum() == (plan.pushes["wave_id"] == first.wave_id).sum()
    assert sent.summary["waves_not_promised"] == [first.wave_id]
    with pytest.raises(InputError, match="buyer_id"):
        holds_of(plan_group_orders(tables | {"waves": waves({"supplier_id": "f1"})}))


def test_wrong_input_is_named(tmp_path):
    """Pools stated twice, limits out of range, no history, a key without a hold, a negative number."""
    shared = {"supplier_id": "f1", "pieces": 5}
    for error, words, options, changes in (
        (InputError, "pieces", (), {"planned": waves(shared, shared | {"pieces": 6})}),
        (InputError, "margin_fen", (), {"planned": waves({"margin_fen": -1})}),
        (InputError, "push_at", (), {"planned": waves({"push_at": "soon"})}),
        (InputError, "--key", ("--key", "k"), {"planned": waves({})}),
        (NotReadyError, "no finished wave", ("--as-of", "2020-01-01T00:00"), {"planned": waves({})}),
        (InputError, "community_id", (), {"planned": waves({}), "communities": pd.concat([COMMUNITIES] * 2)}),
    ):
        with pytest.raises(error, match=words):
            run(tmp_path, *options, **changes)
    (tmp_path / "limits.toml").write_text("service = 2")
    with pytest.raises(InputError, match="service"):
        run(tmp_path, "--limits", str(tmp_path / "limits.toml"), planned=waves({}))
