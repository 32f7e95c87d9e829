"""Offers over HTTP: the house makes them; each seller and brand reads and answers its own, and sees no other's."""

import pytest

from api.http.offer_examples import OFFER_EXAMPLES

EXAMPLE = OFFER_EXAMPLES["two sellers"]["value"]
RENAMED = {"kol-1": "alpha-store", "kol-2": "beta-store"}
BODY = EXAMPLE | {
    "sellers": [row | {"seller_id": RENAMED[row["seller_id"]]} for row in EXAMPLE["sellers"]],
    "history": [row | {"seller_id": RENAMED[row["seller_id"]]} for row in EXAMPLE["history"]],
    "styles": [
        row | {"brand_id": brand}
        for row, brand in zip(EXAMPLE["styles"], ("alpha-brand", "beta-brand"), strict=True)
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def made(asking):
    """Offers of the whole house."""
    answer = asking("admin").post("/v1/offers", json=BODY)
    assert answer.status_code == 200, answer.text
    return answer.json()


def rows(client, path="/v1/offers"):
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()["rows"]


def test_the_operator_sees_all_and_each_side_its_own(made, asking):
    """A store sees what it is offered, not what that is worth to the brand; the brand sees it; others nothing."""
    whole = rows(asking("admin"))
    assert len(whole) == made["summary"]["offers"] == 3
    assert all(row["promote_on"] for row in whole)
    mine = rows(asking("party", tenant="alpha", party="alpha-store"))
    assert {row["seller_id"] for row in mine} == {"alpha-store"}
    assert all(row["value_fen"] is None and row["style_price_fen"] is None for row in mine)
    assert all(row["seller_income_fen"] >= 0 for row in mine)
    brand = rows(asking("party", tenant="beta", party="beta-brand"))
    assert {row["brand_id"] for row in brand} == {"beta-brand"}
    assert all(row["value_fen"] is not None for row in brand)
    assert rows(asking("party", tenant="beta", party="beta-distributor")) == []


def test_each_sees_beforehand_what_it_would_earn(made, asking):
    """The seller its own share of a piece alone, the brand the whole cake, also in the answer to an acceptance."""
    store = asking("party", tenant="beta", party="beta-store")
    (mine,) = [row for row in rows(store) if row["style_id"] == "coat-1"] or rows(store)
    assert {share["party_id"] for share in mine["shares"]} == {"beta-store"}
    (share,) = mine["shares"]
    margin = {"dress-9": 6_000, "coat-1": 15_000}[mine["style_id"]]
    assert (share["role"], share["share_fen"], share["margin_fen"]) == ("seller", margin // 5, margin)
    assert abs(share["expected_fen"] - mine["seller_income_fen"]) <= 1
    brand = asking("party", tenant=mine["brand_id"].split("-")[0], party=mine["brand_id"])
    whole = next(row for row in rows(brand) if row["seller_id"] == "beta-store")["shares"]
    assert sum(part["share_fen"] for part in whole) == margin
    pair = {"seller_id": "beta-store", "style_id": mine["style_id"], "state": "accepted"}
    assert store.post("/v1/offers/answers", json=pair).json()["shares"] == mine["shares"]
    assert brand.post("/v1/offers/answers", json=pair).json()["shares"] == whole


def test_a_seller_searches_for_itself_and_a_brand_for_its_style(made, asking):
    """With the reasons of what was not offered; another's are unknown."""
    store = asking("party", tenant="beta", party="beta-store")
    found = rows(store, "/v1/offers/search?seller_id=beta-store")
    assert {row["style_id"] for row in found} == {"dress-9", "coat-1"}
    assert {row["reason"] for row in found} <= {"offered", "approach_cap", "style_full"}
    assert store.get("/v1/offers/search?seller_id=alpha-store").status_code == 404
    brand = asking("party", tenant="alpha", party="alpha-brand")
    assert {row["style_id"] for row in rows(brand, "/v1/offers/sellers?style_id=dress-9")} == {"dress-9"}
    assert brand.get("/v1/offers/sellers?style_id=coat-1").status_code == 404
    assert store.get("/v1/offers/days").status_code == 403


def test_a_seller_that_opted_out_of_scores_is_not_ranked_among_sellers(made, asking):
    """What it would bring is a score of it; it goes on reading and answering its own offers."""
    store, path = asking("party", tenant="beta", party="beta-store"), "/v1/offers/sellers?style_id=dress-9"
    own = rows(store)
    out = {"party_id": "beta-store", "by": "the owner"}
    assert store.post("/v1/scores/opt-outs", json=out).json()["opted_out"]
    assert {row["seller_id"] for row in rows(asking("admin"), path)} == {"alpha-store"}
    assert rows(store) == own
    assert store.delete("/v1/scores/opt-outs/beta-store?by=owner").status_code == 200
    assert {row["seller_id"] for row in rows(asking("admin"), path)} == {"alpha-store", "beta-store"}


def test_a_refusal_after_acceptance_is_a_withdrawal_and_goes_to_others(made, asking):
    """The next offers leave the pair out, by name; strangers cannot answer."""
    store = asking("party", tenant="alpha", party="alpha-store")
    pair = {"seller_id": "alpha-store", "style_id": "dress-9"}
    other = asking("party", tenant="beta", party="beta-store")
    assert other.post("/v1/offers/answers", json=pair | {"state": "accepted"}).status_code == 422
    for state, kept in (("accepted", "accepted"), ("refused", "withdrawn")):
        answer = store.post("/v1/offers/answers", json=pair | {"state": state})
        assert answer.status_code == 200, answer.text
        assert answer.json()["answer"]["state"] == kept
    again = asking("admin").post("/v1/offers", json=BODY)
    assert again.json()["summary"]["not_offered"]["withdrawn"] == 1
    assert not [row for row in rows(store) if row["style_id"] == "dress-9"]


def test_neither_side_says_yes_for_the_other(made, asking):
    """A brand cannot accept in a seller's place, nor either of them against the other's no; each undoes its own."""
    asking("admin").post("/v1/offers", json=BODY)
    store = asking("party", tenant="alpha", party="alpha-store")
    pair = {"seller_id": "alpha-store", "style_id": "coat-1"}
    pair = pair if pair["style_id"] in {row["style_id"] for row in rows(store)} else pair | {"style_id": "dress-9"}
    brand_id = next(row["brand_id"] for row in rows(store) if row["style_id"] == pair["style_id"])
    brand = asking("party", tenant=brand_id.split("-")[0], party=brand_id)

    def says(who, state):
        answer = who.post("/v1/offers/answers", json=pair | {"state": state})
        return answer.status_code, answer.json().get("detail") or answer.json()["answer"]["state"]

    assert says(brand, "accepted") == (422, "state: expected the seller to accept first, or refused, got accepted")
    assert says(store, "refused") == (200, "refused")
    assert says(brand, "accepted")[1].startswith("state: expected no acceptance while the seller's no stands")
    assert says(store, "accepted") == (200, "accepted")
    assert says(brand, "accepted") == (200, "accepted")
    assert says(brand, "refused") == (200, "withdrawn")
    assert says(store, "refused") == (200, "refused")
    assert says(store, "accepted")[1].startswith("state: expected no acceptance while the brand's no stands")
    assert says(asking("admin"), "accepted") == (200, "accepted")
    assert asking("admin").post("/v1/offers", json=BODY).json()["summary"]["accepted"] >= 1


def test_roles_are_columns_of_the_styles(asking):
    """The platform's toll is in the cake of each offer; a column that is no role is named."""
    rules = {
        "rest": "brand",
        "rules": [{"role": "kol", "percent": 20}, {"role": "platform", "of": "price", "percent": 5}],
    }
    styles = [row | {"platform": "shop"} for row in BODY["styles"]]
    client = asking("admin")
    answer = client.post("/v1/offers", json=BODY | {"rules": rules, "seller_role": "kol", "styles": styles})
    assert answer.status_code == 200, answer.text
    for row in rows(client):
        toll = {"dress-9": 995, "coat-1": 2_495}[row["style_id"]]
        assert [part["share_fen"] for part in row["shares"] if part["party_id"] == "shop"] == [toll]
    for body in (BODY | {"styles": styles}, BODY | {"styles": [BODY["styles"][0] | {"seller_cap": 1}]}):
        answer = client.post("/v1/offers", json=body)
        assert (answer.status_code, "expected no such field" in answer.text) == (422, True), answer.text


def test_wrong_requests_are_named(asking):
    """An unknown limit, a cell out of range, a day that is none."""
    client = asking("admin")
    for changes, words in (
        ({"limits": {"approaches": 1}}, "limits: expected only"),
        ({"limits": {"style_share": 2}}, "style_share: expected a share"),
        ({"today": "2026-02-31"}, "2026-02-31"),
        ({"sellers": [BODY["sellers"][0] | {"audience": -1}]}, "audience"),
    ):
        answer = client.post("/v1/offers", json=BODY | changes)
        assert (answer.status_code, words in answer.text) == (422, True), answer.text
