"""Scores agree with what they are built on: the cards, the lateness model, the trust book, the router."""

from pathlib import Path

import pandas as pd
import pytest

from contracts.errors import InputError, UnknownIdError
from services.example_files import write_examples
from services.load_network import load_network
from services.network_routes import route_on
from services.network_scores import network_cards
from services.party_trust import pair_card, party_trust
from services.scores.contract import check_fields
from services.scores.registry import all_kinds, kind_of
from services.scores.world import World
from services.viewer import Viewer
from store.home import Home

OPERATOR = Viewer()
DAY = pd.Timestamp("2025-03-03", tz="Asia/Shanghai")


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    """The example net."""
    folder = tmp_path_factory.mktemp("oracles")
    write_examples(folder)
    home = Home(folder / "home")
    load_network(folder / "net", home=home)
    return home.current()


def score(snapshot, name, subject, viewer=OPERATOR, **context):
    """Return the answer about a subject on the day, and its rank."""
    kind = all_kinds()[name]
    world = World(snapshot=snapshot, viewer=viewer, as_of=DAY, launches=lambda: pytest.fail("no launch is asked about"))
    gathered = kind.gather(world, subject, check_fields(kind.context, context, "context"))
    return kind.answer(gathered.model, gathered.inputs), gathered.rank


@pytest.mark.parametrize("name", ["supplier", "buyer"])
def test_cards_and_scores_are_the_same_number(snapshot, name):
    """Value, range and rank of every card."""
    cards = network_cards(snapshot, name, DAY.tz_localize(None))
    for party in cards.ids[:25]:
        card, (answer, rank) = cards.score(party), score(snapshot, name, party)
        assert answer.value == pytest.approx(card["value"])
        assert (answer.low, answer.high) == pytest.approx((card["low"], card["high"]))
        assert answer.evidence_n == pytest.approx(card["evidence_n"])
        assert rank == card["rank"]


def test_credit_is_what_is_not_late(snapshot):
    """The share of invoices in time, and the room that the terms leave."""
    cards = network_cards(snapshot, "buyer", DAY.tz_localize(None))
    row = snapshot.table("terms").iloc[0]
    buyer = row["buyer_id"]
    answer, _ = score(snapshot, "credit", buyer, supplier_id=row["supplier_id"], amount_fen=10**12)
    late = cards.score(buyer)["rates"]["late_share"]
    assert answer.value == pytest.approx(1 - late["value"])
    assert (answer.low, answer.high) == pytest.approx((1 - late["high"], 1 - late["low"]))
    assert "do not fit" in answer.reasons[-1]


def test_on_time_adds_lane_and_category(snapshot):
    """What the model predicts for the supplier in its category."""
    deliveries = snapshot.table("deliveries")
    row = deliveries.iloc[0]
    plain, _ = score(snapshot, "on_time", row["supplier_id"])
    inside, _ = score(snapshot, "on_time", row["supplier_id"], category=row["category"])
    by_name = {part.name: part.contribution for part in inside.parts}
    assert by_name["category"] != 0
    assert sum(by_name.values()) - by_name["category"] == pytest.approx(sum(p.contribution for p in plain.parts))


def test_trust_is_the_book_s(snapshot):
    """Everybody's view and one party's own."""
    for row in snapshot.table("judgements").head(20).itertuples():
        pair, _ = score(snapshot, "trust", row.dst, **{"from": row.src})
        assert pair.value == pytest.approx(pair_card(snapshot, Viewer(), row.src, row.dst)["score"])
        whole, rank = score(snapshot, "trust", row.dst)
        assert whole.value == pytest.approx(party_trust(snapshot, Viewer(), row.dst)["score"])
        assert rank >= 1


def test_a_match_scores_as_the_router_does(snapshot):
    """Each alternative of a few orders has the score that the router gave it, part by part."""
    orders = snapshot.table("orders").head(6).drop(columns=["max_price_fen"])
    found = route_on(snapshot, orders, today=DAY).alternatives
    assert len(found) > 6
    for order in orders.itertuples():
        rows = found[(found["order_id"] == order.order_id) & found["score"].notna()]
        for supplier, offers in rows.groupby("supplier_id"):
            answer, rank = score(
                snapshot,
                "match",
                supplier,
                sku_id=order.sku_id,
                pieces=int(order.pieces),
                buyer_id=order.buyer_id,
                ship_to=order.ship_to,
                due_date=f"{order.due_date:%Y-%m-%d}",
            )
            best = offers.loc[offers["score"].idxmax()]
            assert answer.value == pytest.approx(best["score"])
            for part in answer.parts[1:]:
                assert part.contribution == pytest.approx(best[f"score_{part.name}"])
            assert rank is None or rank >= 1


def test_who_offers_nothing_has_no_match(snapshot):
    """Said by name, as are skus, kinds and fields that are not there."""
    order = snapshot.table("orders").iloc[0]
    asked = {"sku_id": order["sku_id"], "pieces": 1, "buyer_id": order["buyer_id"]}
    with pytest.raises(InputError, match=r"subject: expected one of those who offer sim-\S+, got sim-kol-0000001"):
        score(snapshot, "match", "sim-kol-0000001", **asked)
    with pytest.raises(UnknownIdError, match="unknown sku nothing"):
        score(snapshot, "match", "sim-kol-0000001", **asked | {"sku_id": "nothing"})
    with pytest.raises(InputError, match=r"context\.pieces: expected a whole number >= 1"):
        score(snapshot, "match", "sim-kol-0000001", **asked | {"pieces": 0})
    with pytest.raises(UnknownIdError, match="unknown score kind beauty"):
        kind_of("beauty")


def test_a_tenant_scores_only_whom_it_may_know(snapshot):
    """Others are unknown; a buyer of another's is not its own."""
    parties = snapshot.table("parties")
    other = parties.loc[parties["tenant"] == "sim-brand-0000001", "id"].iloc[0]
    with pytest.raises(UnknownIdError, match="unknown party"):
        score(snapshot, "supplier", other, viewer=Viewer("nobody"))


def test_names_of_files_are_the_kinds():
    """Adding a file adds a kind; nothing else lists them."""
    files = {path.stem for path in (Path(__file__).parents[3] / "services/scores/kinds").glob("[!_]*.py")}
    assert set(all_kinds()) == files
