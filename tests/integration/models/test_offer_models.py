"""Offer models: champion and challenger on the shelf, replayed on later offers; served by name; wrong ones refused."""

import numpy as np
import pandas as pd
import pytest

from contracts.errors import InputError, NotReadyError
from services.champion import shelf_of
from services.make_offers import make_offers
from services.offer_book import offer_book
from services.offer_models import OFFERS_NAME, champion_offers, compare_offers, learn_offers
from services.promote_models import promote_model
from simulate.small_sellers import SmallSellerParams, simulate_small_sellers

MADE = simulate_small_sellers(SmallSellerParams(sellers=150, styles=10, past_styles=40), seed=7)


@pytest.fixture(scope="module")
def learnt():
    """A model of the market, and one of a history in which who sold what was shuffled."""
    rng = np.random.default_rng(1)
    wrong = MADE.history.assign(
        **{name: MADE.history[name].to_numpy()[rng.permutation(len(MADE.history))] for name in ("seller_id",)}
    )
    return learn_offers(MADE.sellers, MADE.history), learn_offers(MADE.sellers, wrong)


def put(home, *models):
    """Keep models as versions 1, 2, …; the last one is the challenger."""
    shelf = shelf_of(home, OFFERS_NAME)
    for number, (card, files) in enumerate(models, 1):
        shelf.challenge(shelf.put(str(number), files, card))
    return shelf


def test_the_champion_serves_offers(tmp_path, learnt):
    """Promoted after its replay, opened again, it expects what the model learned on the spot does."""
    put(tmp_path, learnt[0])
    with pytest.raises(NotReadyError):
        champion_offers(tmp_path)
    promote_model(tmp_path, "1", name=OFFERS_NAME)
    model, label = champion_offers(tmp_path)
    assert label == "offers-1"
    served = make_offers(offer_book(MADE.sellers, MADE.styles, MADE.history, model=model))
    anew = make_offers(offer_book(MADE.sellers, MADE.styles, MADE.history))
    assert (served.net == anew.net).all()
    assert learnt[0][0]["replay"]["improvement"]["value"] > 0.1


def test_a_worse_one_is_not_promoted(tmp_path, learnt):
    """One that takes sellers for one another; the champion stays who it was."""
    (card, files), (_, wrong) = learnt
    mixed = files | {name: data for name, data in wrong.items() if name.startswith("early.")}
    shelf = put(tmp_path, learnt[0], (card, mixed))
    assert learnt[1][0]["replay"]["improvement"]["value"] < learnt[0][0]["replay"]["improvement"]["value"]
    promote_model(tmp_path, "1", name=OFFERS_NAME)
    found = compare_offers(tmp_path)
    assert found["champion_model"] == "offers-1"
    assert found["challenger"]["came"] == found["champion"]["came"]
    assert found["improvement"]["value"] < 0
    assert found["verdict"].startswith("keep the champion")
    with pytest.raises(InputError, match="no worse than what serves"):
        promote_model(tmp_path, "2", name=OFFERS_NAME)
    assert shelf.roles().champion.version == "1"


def test_wrong_histories_and_models_are_named(tmp_path, learnt):
    """One day cannot be parted; an offer model is asked for, another is there."""
    with pytest.raises(InputError, match="several days"):
        learn_offers(MADE.sellers, MADE.history.assign(shown_on="2026-01-01"))
    with pytest.raises(InputError, match="sellers"):
        learn_offers(MADE.sellers.drop(columns="audience"), MADE.history)
    card, files = learnt[0]
    put(tmp_path, (card | {"format": 9}, files))
    with pytest.raises(NotReadyError, match="format"):
        compare_offers(tmp_path, champion="1")
    assert pd.Timestamp(card["data"]["seen_to"]) > pd.Timestamp(card["data"]["replayed_from"])
