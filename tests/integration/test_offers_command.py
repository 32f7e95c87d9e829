"""`evenflow offers`: offers within caps, pull, push, answers, refusals by reason; wrong files are named."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import InputError, TableError, UnknownIdError
from simulate.small_sellers import SmallSellerParams, simulate_small_sellers

MADE = simulate_small_sellers(SmallSellerParams(sellers=400, styles=20, past_styles=60), seed=3)


def run(folder, *options, **tables):
    """Write the tables and run; errors come as they are raised."""
    given = {"sellers": MADE.sellers, "styles": MADE.styles, "history": MADE.history} | tables
    files = []
    for name, table in given.items():
        table.to_csv(folder / f"{name}.csv", index=False)
        files += [f"--{name}", str(folder / f"{name}.csv")]
    done = CliRunner().invoke(app, ["offers", *files, "--out", str(folder / "offers.csv"), "--json", *options])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return json.loads(done.stdout), pd.read_csv(folder / "offers.csv")


def test_offers_keep_the_caps_and_refusals_say_why(tmp_path):
    """Approaches per seller, sellers per style, quiet hours; every seller and style not offered has a reason."""
    styles = MADE.styles.assign(sellers_cap=30)
    sellers = MADE.sellers.assign(approaches_per_week=2)
    sellers.loc[0, ["quiet_from", "quiet_to"]] = [7, 23]
    figures, offers = run(tmp_path, "--refusals", str(tmp_path / "no.csv"), styles=styles, sellers=sellers)
    assert offers["seller_id"].value_counts().max() <= 2
    assert offers["style_id"].value_counts().max() <= 30
    assert figures["offers"] == len(offers) > 300
    assert 0 <= figures["gap"] < 0.01
    assert offers["hour"].between(8, 21).all()
    assert (offers["pieces_low"] <= offers["pieces"]).all()
    assert (offers["pieces"] <= offers["pieces_high"]).all()
    refused = pd.read_csv(tmp_path / "no.csv")
    silent = set(sellers.loc[sellers["audience"] == 0, "seller_id"])
    told = refused[refused["style_id"].isna()].set_index("seller_id")["reason"]
    assert set(told[told == "zero_audience"].index) == silent
    assert told[sellers["seller_id"][0]] == "quiet_hours"
    assert len(refused) + len(offers) == figures["pairs"] + len(told)


def test_answers_stand_or_are_not_made_again(tmp_path):
    """Accepted offers stay, refused and withdrawn ones go to others, a seller who left is named."""
    _, first = run(tmp_path)
    said = first.iloc[[0, 40, 80, 120]][["seller_id", "style_id"]].assign(
        state=["accepted", "refused", "withdrawn", "accepted"]
    )
    gone = said["seller_id"].iloc[3]
    sellers = MADE.sellers.assign(left_on=None)
    sellers.loc[sellers["seller_id"] == gone, "left_on"] = "2025-10-01"
    options = ("--refusals", str(tmp_path / "no.csv"))
    figures, second = run(tmp_path, *options, answers=said, sellers=sellers)
    state = second.set_index(["seller_id", "style_id"])["state"]
    pairs = list(said[["seller_id", "style_id"]].itertuples(index=False, name=None))
    assert state[pairs[0]] == "accepted"
    assert not set(pairs[1:]) & set(state.index)
    no = pd.read_csv(tmp_path / "no.csv").set_index(["seller_id", "style_id"])["reason"]
    assert [no[pair] for pair in pairs[1:]] == ["refused", "withdrawn", "seller_left"]
    assert figures["accepted_by_sellers_who_are_closed"] == [gone]


def test_a_seller_searches_and_a_brand_proposes(tmp_path):
    """Pull: all styles of one seller, those offered first; push: the sellers of one style."""
    _, pull = run(tmp_path, "--seller", "sim-kol-0000007")
    assert set(pull["seller_id"]) == {"sim-kol-0000007"}
    assert len(pull) == 20
    assert pull["offered"].is_monotonic_decreasing
    _, push = run(tmp_path, "--style", "sim-style-0000003")
    assert set(push["style_id"]) == {"sim-style-0000003"}
    assert len(push) == 100
    with pytest.raises(UnknownIdError, match="nobody"):
        run(tmp_path, "--seller", "nobody")


def test_a_beginner_is_offered_what_its_like_sell(tmp_path):
    """No record, no evidence, but an expectation and a range wider than that of one with a record."""
    history = MADE.history[MADE.history["seller_id"] != "sim-kol-0000001"]
    sellers = MADE.sellers.copy()
    sellers.loc[0, "audience"] = 5_000
    _, offers = run(tmp_path, history=history, sellers=sellers)
    mine = offers[offers["seller_id"] == "sim-kol-0000001"]
    assert len(mine) == 3
    assert (mine["own_record_pieces"] == 0).all()
    assert (mine["pieces"] > 0).all()


def test_limits_are_read_from_a_file(tmp_path):
    """Of the house; an unknown one is named."""
    (tmp_path / "limits.toml").write_text("approaches_per_week = 1\n")
    figures, offers = run(tmp_path, "--limits", str(tmp_path / "limits.toml"))
    assert offers["seller_id"].is_unique
    (tmp_path / "limits.toml").write_text("approaches = 1\n")
    with pytest.raises(InputError, match=r"limits\.toml: expected only approaches_per_week"):
        run(tmp_path, "--limits", str(tmp_path / "limits.toml"))
    assert figures["not_offered"]["approach_cap"] > 0


def test_a_promotion_at_the_end_of_all_years_is_named(tmp_path):
    """There is no day after it on which to offer anything."""
    history = MADE.history.head(500).copy()
    history["shown_on"] = history["shown_on"].astype(str)
    history.loc[history.index[3], "shown_on"] = "9999-12-31"
    with pytest.raises(InputError, match=r"history\.csv, column shown_on: .* before the year 9999, got 9999-12-31"):
        run(tmp_path, history=history)


@pytest.mark.parametrize(
    ("table", "column", "value", "message"),
    [
        ("sellers", "audience", -1, "sellers.csv, column audience"),
        ("sellers", "quiet_from", 24, "sellers.csv, column quiet_from"),
        ("styles", "price_fen", "x", "styles.csv, column price_fen"),
        ("history", "shown_on", "soon", "history.csv, column shown_on"),
    ],
)
def test_a_wrong_cell_is_named(tmp_path, table, column, value, message):
    """File, column and row."""
    tables = {"sellers": MADE.sellers, "styles": MADE.styles, "history": MADE.history.head(500)}
    wrong = tables[table].astype({column: object}).copy()
    wrong.loc[wrong.index[2], column] = value
    with pytest.raises(TableError, match="row 3") as caught:
        run(tmp_path, **{table: wrong})
    assert table in str(caught.value)
    assert column in str(caught.value)


def test_answers_of_strangers_are_refused(tmp_path):
    """By the file, the column and the id."""
    said = pd.DataFrame({"seller_id": ["nobody"], "style_id": ["sim-style-0000001"], "state": ["accepted"]})
    with pytest.raises(TableError, match="nobody"):
        run(tmp_path, answers=said)


def free_hours(days: int = 14) -> pd.DataFrame:
    """A fortnight of equal free hours from the day after the history."""
    start = MADE.history["shown_on"].max() + pd.Timedelta(days=1)
    return pd.DataFrame({"ds": pd.date_range(start, periods=days), "free_hours": 100.0})


def test_promotions_follow_the_level_line_and_are_planned_anew(tmp_path):
    """Each offer has its day within a seller's weeks; after a week's results the days gone by stand."""
    free_hours().to_csv(tmp_path / "free.csv", index=False)
    options = ("--free", str(tmp_path / "free.csv"), "--days", str(tmp_path / "days.csv"), "--weeks", "2")
    limits = tmp_path / "limits.toml"
    limits.write_text("approaches_per_week = 1\n")
    figures, offers = run(tmp_path, *options, "--limits", str(limits))
    days = pd.read_csv(tmp_path / "days.csv")
    assert figures["schedule"]["scheduled"] == offers["promote_on"].notna().sum() == days["promotions"].sum()
    told = figures["schedule"]
    assert told["load_cv"] < 0.05
    assert told["off_line"] < told["off_line_evenly"] < told["off_line_at_once"]
    assert ((days["hours_low"] <= days["hours"]) & (days["hours"] <= days["hours_high"])).all()
    week = pd.to_datetime(offers["promote_on"]).dropna().sub(free_hours()["ds"][0]).dt.days // 7
    assert offers.assign(week=week).groupby(["seller_id", "week"]).size().max() == 1
    done = offers[pd.to_datetime(offers["promote_on"]) < free_hours()["ds"][7]]
    answers = done[["seller_id", "style_id", "promote_on"]].assign(state="accepted", pieces=0)
    free_hours().iloc[7:].to_csv(tmp_path / "free.csv", index=False)
    again, later = run(tmp_path, *options, "--limits", str(limits), answers=answers)
    kept = later.merge(done, on=["seller_id", "style_id"], suffixes=("", "_before"))
    assert (kept["promote_on"] == kept["promote_on_before"]).all()
    assert len(kept) == len(done)
    assert again["schedule"]["hours"] < figures["schedule"]["hours"]  # nothing was sold: less is expected


def test_a_gap_in_the_days_is_named(tmp_path):
    """Between which days."""
    free_hours().drop(index=[3, 4]).to_csv(tmp_path / "free.csv", index=False)
    with pytest.raises(TableError, match="expected days without gaps"):
        run(tmp_path, "--free", str(tmp_path / "free.csv"))
    with pytest.raises(InputError, match="--days: expected --free with it"):
        run(tmp_path, "--days", str(tmp_path / "days.csv"))
