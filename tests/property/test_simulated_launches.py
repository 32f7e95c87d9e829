"""What holds for a simulated season of launches of any size and seed."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.tables import SIGNALS
from simulate.launch_params import LaunchParams
from simulate.launches import Launches, simulate_launches

seeds = st.integers(0, 2**31)
few = settings(max_examples=5, deadline=None)


def season(seed: int, styles: int = 40, **given) -> Launches:
    """A small season."""
    return simulate_launches(LaunchParams(styles=styles, kols=40, **given), seed=seed)


@given(seeds, st.integers(10, 80))
@few
def test_daily_pieces_sum_to_the_total(seed: int, styles: int):
    """Over the whole life, style by style."""
    made = season(seed, styles)
    sold = made.sales.groupby("style_id")["y"].agg(["sum", "size"])
    assert (sold["size"] == made.params.life_days).all()
    total = made.truth.set_index("style_id")["total"]
    assert (sold["sum"] == total[sold.index]).all()


@given(seeds, st.sampled_from([10, 50, 100]), st.sampled_from([0.1, 0.2]))
@few
def test_the_hit_share_is_exact_and_divides_the_totals(seed: int, styles: int, share: float):
    """Hits sell more than the line between them and the rest."""
    truth = season(seed, styles, hit_share=share).truth
    assert truth["hit"].sum() == round(share * styles)
    assert truth.loc[truth["hit"], "total"].min() >= 20_000 >= truth.loc[~truth["hit"], "total"].max()


@given(seeds)
@few
def test_nothing_is_known_before_it_happened(seed: int):
    """Counts become known after the end of their period, and KOLs pass on what was there before them."""
    made = season(seed)
    signals = made.signals
    assert (signals["observed_at"] >= signals["signal_time"]).all()
    posts = signals[(signals["kind"] == "repost") & signals["kol_id"].notna()]
    times = posts.set_index(["style_id", "kol_id"])["signal_time"]
    passed = posts[posts["parent_id"].notna()]
    source = times[pd.MultiIndex.from_frame(passed[["style_id", "parent_id"]])]
    assert (source.to_numpy() <= passed["signal_time"].to_numpy()).all()


@given(seeds)
@few
def test_whoever_passes_a_repost_on_follows_its_author(seed: int):
    """The cascade runs along the graph, and a KOL reposts a style once."""
    made = season(seed)
    posts = made.signals[(made.signals["kind"] == "repost") & made.signals["kol_id"].notna()]
    assert not posts.duplicated(["style_id", "kol_id"]).any()
    follows = set(zip(made.follows["src"], made.follows["dst"], strict=True))
    passed = posts[posts["parent_id"].notna()]
    assert set(zip(passed["parent_id"], passed["kol_id"], strict=True)) <= follows


@given(seeds)
@few
def test_tables_pass_the_schemas_and_the_seed_decides(seed: int):
    """Signals are a user's file; twice the same seed is twice the same season."""
    first, second = season(seed), season(seed)
    SIGNALS.check(first.signals)
    for name in ("styles", "truth", "signals", "sales", "kols", "kol_record", "follows", "economics"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name))
    assert (first.economics["salvage_fen"] < first.economics["unit_cost_fen"]).all()
    assert (first.economics["unit_cost_fen"] < first.economics["price_fen"]).all()


def test_demand_is_made_of_what_the_parameters_say():
    """Taste, attributes and reach explain their shares of the log totals' variance."""
    truth = simulate_launches(LaunchParams(styles=1_000, kols=60)).truth
    logs = np.log(truth["total"])
    told = [logs.corr(truth[name]) for name in ("taste", "attributes")]
    assert told == pytest.approx([0.4**0.5, 0.15**0.5], abs=0.1)
    assert logs.corr(truth["reach"]) > 0.25**0.5 - 0.05  # what pulls is reposted more, so reach goes with taste


def test_bare_counts_tell_less_than_who_reposted():
    """Followers times what they bought before tells more about reach than followers alone; brands push the weak."""
    made = simulate_launches(LaunchParams(styles=600, kols=100))
    posts = made.signals[(made.signals["kind"] == "repost") & made.signals["kol_id"].notna()]
    category = posts["style_id"].map(made.styles.set_index("style_id")["category"])
    record = made.kol_record.set_index(["kol_id", "category"])
    sold = (record["orders"] / record["reached"]).reindex(pd.MultiIndex.from_arrays([posts["kol_id"], category]))
    followers = posts["kol_id"].map(made.kols.set_index("kol_id")["followers"])
    reach = made.truth.set_index("style_id")["reach"]

    def corr(weight: np.ndarray) -> float:
        sums = pd.Series(weight, index=posts["style_id"]).groupby(level=0).sum()
        return reach.corr(np.log1p(sums.reindex(reach.index).fillna(0)))

    assert corr(followers.to_numpy() * np.nan_to_num(sold.to_numpy())) > corr(followers.to_numpy()) + 0.05
    brand = made.signals[made.signals["account_id"].notna()].groupby("style_id")["count"].sum()
    assert made.truth.set_index("style_id")["total"].corr(brand, method="spearman") < -0.2


def test_styles_still_on_sale_have_no_total():
    """What a user knows at a moment."""
    made = season(3)
    until = made.styles["launch_at"].iloc[20]
    known = made.known(until)
    over = known["launch_at"] + pd.Timedelta(days=25) <= until
    assert known["total"].notna().equals(over)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"styles": 3}, "styles in"),
        ({"hit_share": 1.0}, "hit_share in"),
        ({"spread": 0.0}, "spread > 0"),
        ({"late_share": 1.5}, "late_share in"),
        ({"taste_share": 0.9}, "together <= 1"),
    ],
)
def test_parameters_out_of_range_are_refused(given: dict, told: str):
    """By name."""
    with pytest.raises(ValueError, match=told):
        LaunchParams(**given)


def test_kol_ids_of_the_caller_are_taken():
    """As many as there are KOLs."""
    ids = [f"k{i}" for i in range(20)]
    made = simulate_launches(LaunchParams(styles=20, kols=20), kol_ids=ids)
    assert set(made.signals["kol_id"].dropna()) <= set(ids)
    with pytest.raises(ValueError, match="20 kol_ids"):
        simulate_launches(LaunchParams(styles=20, kols=20), kol_ids=ids[:3])
