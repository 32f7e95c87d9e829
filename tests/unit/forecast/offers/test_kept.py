"""An offer model as files, for other sellers, and judged on offers it had not seen."""

import numpy as np
import pandas as pd
import pytest

from forecast.offers.features import Styles
from forecast.offers.kept import deviance, foretold, pack_offers, unpack_offers
from forecast.offers.model import fit_offers
from forecast.offers.tables import PROMOTIONS, SELLERS, STYLES
from services.offer_worth import brand_shares, steadiness_of
from simulate.small_sellers import SmallSellerParams, simulate_small_sellers

MADE = simulate_small_sellers(SmallSellerParams(sellers=150, styles=12, past_styles=40), seed=5)
PEOPLE, HISTORY = SELLERS.check(MADE.sellers), PROMOTIONS.check(MADE.history)
MODEL = fit_offers(PEOPLE, HISTORY)


def expected(model, sellers, styles):
    """Return what a model expects of all pairs."""
    faced = Styles.of(STYLES.check(styles), model.categories)
    return model.score_all(np.arange(len(sellers)), faced, hour=20)


def test_files_give_the_same_model_bit_for_bit_and_sellers_in_any_order():
    """Records go along by id; a new seller is its look-alikes; one that is gone is nobody's."""
    again = unpack_offers(pack_offers(MODEL))
    turned = PEOPLE.iloc[::-1].reset_index(drop=True)
    for one, other in zip(
        expected(MODEL, PEOPLE, MADE.styles), expected(again.aligned(turned), turned, MADE.styles), strict=True
    ):
        assert (one == other[::-1]).all()
    stranger = PEOPLE.assign(seller_id=["new-" + name for name in PEOPLE["seller_id"]])
    blank = again.aligned(stranger)
    assert (blank.sales.groups[1].ratio == 1).all()
    alike = MODEL.expect(
        np.arange(150), Styles.of(MADE.styles, MODEL.categories), np.zeros(150, np.int64), record=False
    )
    new = blank.expect(np.arange(150), Styles.of(MADE.styles, blank.categories), np.zeros(150, np.int64))
    np.testing.assert_allclose(new.net, alike.net)


def test_a_category_it_never_met_counts_as_average():
    """And is not simply worth nothing."""
    styles = MADE.styles.assign(category="never-met")
    aligned = unpack_offers(pack_offers(MODEL)).aligned(PEOPLE, also=["never-met"])
    assert (expected(aligned, PEOPLE, styles)[1][PEOPLE["audience"] > 0] > 0).all()
    assert len(aligned.categories) == len(MODEL.categories) + 1


def test_records_foretell_later_offers_better_than_audience():
    """Deviance is 0 for what comes as expected; the model's is below that of people reached alone."""
    assert deviance(np.array([0.0, 3.0]), np.array([0.0, 3.0])) == pytest.approx([0, 0], abs=1e-5)
    day = HISTORY["shown_on"]
    earlier, later = HISTORY[day <= day.quantile(0.7)], HISTORY[day > day.quantile(0.7)].reset_index(drop=True)
    told = foretold(fit_offers(PEOPLE, earlier.reset_index(drop=True)), PEOPLE, earlier, later)
    came = (later["pieces"] - later["returned"]).clip(lower=0).to_numpy(float) * later["accepted"]
    people = later["seller_id"].map(PEOPLE.set_index("seller_id")["audience"]).to_numpy(float)
    assert deviance(came, told).mean() < 0.9 * deviance(came, people * came.sum() / people.sum()).mean()
    unknown = foretold(MODEL, PEOPLE.iloc[:1], earlier, later)
    assert (unknown[later["seller_id"] != PEOPLE["seller_id"].iloc[0]] == 0).all()


def test_steadiness_and_dependence():
    """Alike promotions are steadier than uneven ones of the same mean; few are drawn to all."""
    seller = np.array([0] * 20 + [1] * 20 + [2])
    pieces = np.array([10.0] * 20 + [0.0, 20.0] * 10 + [30.0])
    steady = steadiness_of(seller, pieces, 4)
    assert steady[0] > steady[2] == steady[3] > steady[1] > 0
    key, share = brand_shares(np.array([5, 1, 5, 3]), np.array([1, 1, 1, 0]), np.array([2.0, 2.0, 4.0, 0.0]))
    assert (key.tolist(), share.tolist()) == ([1, 3, 5], [0.25, 0.0, 0.75])
    assert steadiness_of(np.zeros(0, np.int64), np.zeros(0), 2).tolist() == [1.0, 1.0]


def test_a_dearer_dependence_moves_an_offer_away():
    """The price comes off the value of the seller through whom all of a brand's pieces came, of nobody else's."""
    from services.make_offers import make_offers
    from services.offer_book import offer_book
    from services.offer_params import OfferParams

    history = MADE.history.assign(brand_id=np.where(MADE.history["seller_id"] == "sim-kol-0000007", "own", "other"))
    styles = MADE.styles.assign(brand_id="own")
    free, dear = (
        make_offers(
            offer_book(MADE.sellers, styles, history, params=OfferParams(dependence_price=price, unsteady_price=0.0))
        ).problem.value
        for price in (0.0, 0.5)
    )
    ratio = np.unique((dear[free > 0] / free[free > 0]).round(6))
    assert ratio.tolist() == [0.5, 1.0]
    assert pd.Series(free > 0).any()
