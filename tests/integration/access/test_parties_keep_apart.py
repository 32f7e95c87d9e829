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


def test_one_party_counts_and_reads_outcomes_of_its_own_scores_only(asking):
    """Neither how others of its tenant turned out, nor whether they were scored."""
    tenant, store = asking("admin", tenant="beta"), asking("party", tenant="beta", party="beta-store")
    names = [
        tenant.post("/v1/scores", json={"kind": "buyer", "subject": name, "as_of": "2026-02-10"}).json()["id"]
        for name in ("beta-distributor", "beta-store")
    ]
    came = {"kind": "buyer", "value": 1.0, "at": "2026-03-01"}
    rows = [came | {"outcome_id": f"of-{name}", "subject": name} for name in ("beta-distributor", "beta-store")]
    told = store.post("/v1/outcomes", json={"outcomes": rows}).json()["rows"]
    assert [(row["state"], row["score_id"]) for row in told] == [("refused", None), ("applied", names[1])]
    assert told[0]["reason"].startswith("outcome.subject: expected beta-store, or the score_id")
    assert tenant.post("/v1/outcomes", json={"outcomes": rows}).json()["joined"] == 2
    counts = [client.get("/v1/scores/kinds/buyer/reliability").json()["n"] for client in (tenant, store)]
    assert counts == [2, 1]
