"""Within a tenant, a party's key opens what is the party's, and nothing of the others'."""

import pytest

HOLD = {
    "order_id": "o1", "buyer_id": "beta-distributor", "sku_id": "soap", "pieces": 2,
    "candidates": [{"supplier_id": "beta-brand", "good": "soap", "bucket": "", "score": 0.9, "unit_price_fen": 480}],
}  # fmt: skip


@pytest.fixture(scope="module")
def held(asking) -> str:
    """A reservation of the distributor at the brand."""
    operator, distributor = asking(), asking("party", tenant="beta", party="beta-distributor")
    offered = [{"supplier_id": "beta-brand", "good": "soap", "offered": 50}]
    told = operator.request("PUT", "/v1/capacities", json={"capacities": offered})
    assert told.status_code == 200, told.text
    answer = distributor.post("/v1/reservations", json=HOLD, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["reservation"]["id"])


def test_a_reservation_is_known_to_its_buyer_its_supplier_and_their_tenant(asking, held):
    """The store of the same tenant finds none."""
    seen = {
        name: asking("party", tenant="beta", party=f"beta-{name}") for name in ("distributor", "brand")
    } | {"tenant": asking("admin", tenant="beta")}  # fmt: skip
    for client in seen.values():
        assert client.get(f"/v1/reservations/{held}").status_code == 200
        assert len(client.get("/v1/reservations").json()["reservations"]) == 1
    store = asking("party", tenant="beta", party="beta-store")
    assert store.get(f"/v1/reservations/{held}").status_code == 404
    assert store.get(f"/v1/reservations/{held}/decision").status_code == 404
    assert store.get("/v1/reservations").json()["reservations"] == []
    assert store.get("/v1/capacities").json()["capacities"] == []


@pytest.mark.parametrize("action", ["confirm", "release", "cancel", "reject"])
def test_another_party_of_the_tenant_changes_nothing_of_it(asking, held, action):
    """Not even with a key that the buyer used; and the supplier takes nothing for itself."""
    store, brand = (asking("party", tenant="beta", party=f"beta-{name}") for name in ("store", "brand"))
    headers = {"Idempotency-Key": "k"}
    path = f"/v1/reservations/{held}/{action}"
    assert store.post(path, json={}, headers=headers).status_code == 404
    if action != "reject":
        assert brand.post(path, json={}, headers=headers).status_code == 404


def test_a_score_of_a_party_that_another_may_not_know_of_is_not_told_to_it(asking):
    """Who asked for it may read it again, who deals with the brand may, the store behind the distributor may not."""
    tenant = asking("admin", tenant="beta")
    made = tenant.post("/v1/scores", json={"kind": "trust", "subject": "beta-brand"})
    assert made.status_code == 200, made.text
    name = made.json()["id"]
    assert tenant.get(f"/v1/scores/{name}").status_code == 200
    assert asking("party", tenant="beta", party="beta-distributor").get(f"/v1/scores/{name}").status_code == 200
    store = asking("party", tenant="beta", party="beta-store")
    assert store.get(f"/v1/scores/{name}").status_code == 404
    asked = tenant.post("/v1/scores/reviews", json={"score_id": name, "by": "planner", "words": "look again"})
    assert asked.status_code == 200, asked.text
    assert len(tenant.get("/v1/scores/reviews").json()["reviews"]) == 1
    assert store.get("/v1/scores/reviews").json()["reviews"] == []
