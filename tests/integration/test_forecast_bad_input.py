"""Bad input through the command: a precise error and no file, or a fallback that the figures count; never a NaN."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import InputError

DAYS = pd.date_range("2024-01-01", periods=60)


def good(**columns):
    rng = np.random.default_rng(0)
    y = rng.poisson(4, (3, 60)).astype(float)
    frame = pd.DataFrame({"unique_id": np.repeat(list("abc"), 60), "ds": np.tile(DAYS.astype(str), 3), "y": y.ravel()})
    return frame.assign(**columns)


def changed(row, column, value):
    frame = good().astype({"y": object})
    frame.loc[row, column] = value
    return frame


def run(tmp_path, sales, *options, **tables):
    sales.to_csv(tmp_path / "sales.csv", index=False)
    arguments = ["forecast", "--sales", str(tmp_path / "sales.csv"), "--out", str(tmp_path / "out.csv"), "--json"]
    for name, table in tables.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
        arguments += [f"--{name}", str(tmp_path / f"{name}.csv")]
    result = CliRunner().invoke(app, [*arguments, *([] if "--horizon" in options else ["--horizon", "7"]), *options])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return json.loads(result.stdout), pd.read_csv(tmp_path / "out.csv")


KNOWN = pd.DataFrame({"unique_id": "a", "ds": pd.date_range("2024-01-01", periods=67).astype(str), "price": 9.0})

STATIC = pd.DataFrame({"unique_id": list("abcn"), "store": [1, 1, 2, np.nan]})
ZONED = good(ds=np.tile(DAYS.tz_localize("Asia/Shanghai").astype(str), 3))
ALL_ZERO = good(y=np.where(good()["unique_id"] == "a", 0, good()["y"]))

REFUSED = {
    "a duplicate": (pd.concat([good(), good().head(1)]), (), {}, r"sales\.csv.*unique_id.*ds"),
    "negative sales": (changed(3, "y", -2), (), {}, r"sales\.csv: column 'y', row 4: expected a number >= 0.*got -2"),
    "no number": (changed(3, "y", "many"), (), {}, r"sales\.csv: column 'y', row 4: .*got many"),
    "an empty cell": (changed(3, "y", ""), (), {}, r"sales\.csv: column 'y', row 4"),
    "infinity": (changed(3, "y", "inf"), (), {}, r"sales\.csv: column 'y', row 4"),
    "no date": (changed(3, "ds", "32.13.2024"), (), {}, r"sales\.csv: column 'ds', row 4"),
    "no id": (changed(3, "unique_id", ""), (), {}, r"sales\.csv: column 'unique_id', row 4"),
    "a date in 2924": (changed(3, "ds", "2924-01-01"), (), {}, r"sales\.csv: column 'ds', row 4"),
    "a date four years late": (
        changed(59, "ds", "2028-02-29"), (), {},
        r"sales\.csv: column 'ds', row 60: expected dates within 400 days of 2024-02-29.*got 2028-02-29",
    ),
    "no rows": (good().head(0), (), {}, r"sales\.csv"),
    "a missing column": (good().drop(columns="y"), (), {}, r"sales\.csv.*'y'"),
    "horizon 0": (good(), ("--horizon", "0"), {}, r"--horizon: expected .* 1 to 730, got 0"),
    "horizon 10000": (good(), ("--horizon", "10000"), {}, r"--horizon: expected .* 1 to 730, got 10000"),
    "an unknown period": (good(), ("--freq", "fortnight"), {}, r"--freq: expected D, W"),
    "an unknown country": (good(), ("--country", "Narnia"), {}, r"--country: expected the ISO 3166-1 code"),
    "an unknown model": (good(), ("--model", "crystal"), {}, r"--model: expected one of"),
    "a duplicate price": (good(), (), {"known": pd.concat([KNOWN, KNOWN.head(1)])}, r"known\.csv"),
    "a duplicate event day": (
        good(), (), {"calendar": pd.DataFrame({"ds": ["2024-01-01"] * 2, "event": ["x", "y"]})}, r"calendar\.csv",
    ),
    "an unknown level": (good(), ("--hierarchy", "store"), {}, r"--hierarchy: expected static columns"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_right_is_refused_by_name(tmp_path, case):
    """The message says file, column and row (or the option), what was expected and what came; nothing is written."""
    sales, options, tables, message = REFUSED[case]
    with pytest.raises(InputError, match=message):
        run(tmp_path, sales, *options, **tables)
    assert not (tmp_path / "out.csv").exists()


def noted(name, count=1):
    return lambda figures: figures["notes"].get(name) == count


def fell_back(name, count=1):
    return lambda figures: figures["fallback_reasons"].get(name) == count


def sold_anyway(figures):
    """Sales on days out of stock are a floor of demand: no series falls to nothing."""
    counted = figures["notes"]["series_never_available"] == 3 and figures["notes"]["periods_censored"] == 180
    floor = good()["y"].sum() / len(good()) * 3 * figures["horizon"]
    return counted and "no_history" not in figures["fallback_reasons"] and figures["expected_pieces"] > 0.9 * floor


ACCEPTED = {
    "gaps": (good().drop(index=[5, 6, 7]), (), {}, lambda _: True),
    "a series that ended": (good().drop(index=range(50, 60)), (), {}, noted("series_ended_early")),
    "an all-zero series": (ALL_ZERO, (), {}, fell_back("no_recent_sale")),
    "nothing but zeros": (good(y=0), (), {}, fell_back("no_recent_sale", 3)),
    "a one-day series": (pd.concat([good(), good().tail(1).assign(unique_id="d")]), (), {}, fell_back("short_history")),
    "one row": (good().head(1), (), {}, lambda f: f["series"] == 1),
    "an outlier of a million": (changed(3, "y", 5e6), (), {}, noted("outliers_ignored")),
    "a billion times what the others sell": (
        good(y=np.where(good()["unique_id"] == "a", 1e12, 1e-3)), (), {}, lambda f: f["expected_pieces"] > 6e12,
    ),
    "unknown prices": (
        good(), (), {"known": KNOWN.assign(price=[np.nan] * 10 + [9.0] * 50 + [np.nan] * 7)},
        noted("known_future_values_carried_forward", 21),
    ),
    "no price at all": (good(), (), {"known": KNOWN.assign(price=np.nan)}, lambda f: f["series"] == 3),
    "a promotion never seen before": (
        good(), (), {"known": KNOWN.assign(price=["plain"] * 60 + ["gift"] * 7)},
        noted("known_future_categories_never_seen"),
    ),
    "prices of nobody": (
        good(), (), {"known": KNOWN.assign(unique_id="zz")}, noted("known_rows_of_unknown_series", 67),
    ),
    "never available": (good(available=False), (), {}, sold_anyway),
    "dates with a time and a zone": (ZONED, (), {}, lambda f: f["first_forecast"] == "2024-03-01"),
    "the longest horizon": (good(), ("--horizon", "730"), {}, lambda f: f["rows"] == 3 * 730),
    "returns without sales": (good(y=0, returned=1), (), {}, noted("returns_without_a_sale", 3)),
    "an item without sales": (
        good(), (), {"static": STATIC}, fell_back("no_history"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ACCEPTED)
def test_what_can_be_answered_is_and_is_counted(tmp_path, case):
    """Every number is finite, none negative, quantiles in order; the figures tell what was done."""
    sales, options, tables, told = ACCEPTED[case]
    figures, frame = run(tmp_path, sales, *options, **tables)
    values = frame.drop(columns=["unique_id", "ds"]).to_numpy()
    assert np.isfinite(values).all()
    assert (values >= 0).all()
    assert (np.diff(values[:, 1:], axis=1) >= 0).all()
    assert told(figures), figures
