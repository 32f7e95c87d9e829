"""Reservations over HTTP, on the small net: keys, routing, states, tenants, wrong requests."""

import itertools

import pytest

ORDER = {"order_id": "o1", "sku_id": "soap", "pieces": 30, "buyer_id": "s1"}
KEYS = (f"key-{n}" for n in itertools.count())


def post(client, path, body, *, key=None, **headers):
    named = {"Idempotency-Key": key or next(KEYS)} | {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(f"/v1/reservations{path}", json=body, headers=named)


def offer(client, **pieces):
    rows = [{"supplier_id": name, "good": "g", "offered": n} for name, n in pieces.items()]
    response = client.put("/v1/capacities", json={"capacities": rows})
    assert response.status_code == 200, response.text
    return response.json()


def given(pieces, *suppliers, **more):
    candidates = [{"supplier_id": name, "good": "g", "score": 1 - n / 10} for n, name in enumerate(suppliers)]
    return ORDER | {"pieces": pieces, "candidates": candidates} | more


def test_an_order_is_routed_and_held_over_the_network(client):
    """The factories' 100 soap a day each: three orders of 80 find two, the third is told why not."""
    answers = [post(client, "", ORDER | {"pieces": 80, "order_id": f"n{n}"}) for n in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 200]
    first, second, third = (answer.json() for answer in answers)
    assert {first["reservation"]["supplier_id"], second["reservation"]["supplier_id"]} == {"f1", "f2"}
    assert {row["reason"] for row in first["considered"]} == {"chosen", "outscored"}
    assert (third["status"], third["reason"]) == ("refused", "full")
    assert answers[0].headers["location"] == f"/v1/reservations/{first['reservation']['id']}"
    assert client.get(answers[0].headers["location"]).json() == first["reservation"]
    decision = client.get(f"{answers[0].headers['location']}/decision").json()
    assert (decision["same"], decision["chosen"]["room"]) == (True, 100)
    assert decision["inputs"]["versions"]["network"] == client.get("/readyz").json()["version"]
    rejected = post(client, f"/{first['reservation']['id']}/reject", {"reason": "machine down"}).json()
    assert (rejected["status"], rejected["rerouted"]["reason"]) == ("rejected", "rejected")
    for body in (second, third):
        if body["reservation"]:
            post(client, f"/{body['reservation']['id']}/release", {})


def test_the_network_sets_capacities(client):
    """A day's: what the two factories make; what was set by hand stays until then."""
    made = client.post("/v1/capacities/from-network", json={"day": "2030-05-01"})
    assert (made.status_code, made.json()["capacities"]) == (200, 2)
    rows = [row for row in client.get("/v1/capacities").json()["capacities"] if row["bucket"] == "2030-05-01"]
    assert [(row["supplier_id"], row["good"], row["offered"], row["reserved"]) for row in rows] == [
        ("f1", "soap", 100, 0), ("f2", "soap", 100, 0),
    ]  # fmt: skip
    assert client.post("/v1/capacities/from-network", json={"day": "0000-00-00"}).status_code == 422
    other = client.post("/v1/capacities/from-network", json={}, headers={"Evenflow-Tenant": "t"})
    assert (other.status_code, other.json()["type"]) == (403, "/problems/forbidden")
    spare = client.post("/v1/capacities/from-network", json={"spare": True})
    assert (spare.status_code, spare.json()["type"]) == (503, "/problems/not-ready")


def test_a_reservation_goes_through_its_states(client):
    """Held, confirmed in part, cancelled; each answer repeated by its key; what cannot be is a 409."""
    offer(client, x=10)
    held = post(client, "", given(8, "x"), key="h").json()
    assert (held["status"], held["considered"]) == ("held", [])
    path = f"/{held['reservation']['id']}"
    confirmed = [post(client, f"{path}/confirm", {"pieces": 5}, key="c") for _ in range(2)]
    assert confirmed[0].json() == confirmed[1].json()
    assert ["idempotent-replayed" in answer.headers for answer in confirmed] == [False, True]
    assert (confirmed[0].json()["status"], confirmed[0].json()["given_back_pieces"]) == ("confirmed", 3)
    late = post(client, f"{path}/release", {"reason": "x"}, key="r")
    again = post(client, f"{path}/release", {"reason": "x"}, key="r")
    assert (late.status_code, late.json()["type"]) == (409, "/problems/wrong-state")
    assert (again.status_code, again.json()["detail"]) == (409, late.json()["detail"])
    assert ["idempotent-replayed" in answer.headers for answer in (late, again)] == [False, True]
    assert post(client, f"{path}/cancel", {"reason": "too late"}).json()["reservation"]["reason"] == "too late"
    row = client.get("/v1/capacities", params={"supplier_id": "x"}).json()["capacities"][0]
    assert (row["offered"], row["reserved"]) == (10, 0)


def test_keys(client):
    """None: 400. Another body: 422. The same again: the first answer."""
    offer(client, k=10)
    missing = client.post("/v1/reservations", json=given(1, "k"))
    assert (missing.status_code, missing.json()["type"]) == (400, "/problems/key-missing")
    first, again = (post(client, "", given(1, "k"), key="same") for _ in range(2))
    assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())
    other = post(client, "", given(2, "k"), key="same")
    assert (other.status_code, other.json()["type"]) == (422, "/problems/key-reused")
    for bad in ("a b", "x" * 201):
        assert post(client, "", given(1, "k"), key=bad).status_code == 422


def test_a_key_in_flight(client):
    """409 and when to ask again."""
    from services.viewer import Viewer

    offer(client, fl=10)
    with client.app.state.house.desk.write(Viewer(), "busy", {}):
        answer = post(client, "", given(1, "fl"), key="busy")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/key-in-flight")
    assert answer.headers["retry-after"] == "1"
    assert post(client, "", given(1, "fl"), key="busy").status_code == 201


def test_the_next_best_is_tried(client):
    """Candidates of one's own: the first is full."""
    offer(client, a1=2, a2=20)
    body = post(client, "", given(5, "a1", "a2")).json()
    assert [(row["supplier_id"], row["reason"]) for row in body["considered"]] == [("a1", "full"), ("a2", "chosen")]


def test_pages(client):
    """Each reservation once, the newest first; a cursor of another list is stale, any text is refused."""
    offer(client, p=10)
    made = [post(client, "", given(1, "p")).json()["reservation"]["id"] for _ in range(5)]
    seen, cursor = [], None
    while True:
        params = {"supplier_id": "p", "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/reservations", params=params).json()
        seen += [row["id"] for row in page["reservations"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        stale = client.get("/v1/reservations", params={"supplier_id": "q", "cursor": cursor})
        assert stale.status_code == 410
    assert seen == made[::-1]
    assert client.get("/v1/reservations", params={"cursor": "W10"}).status_code == 422
    rows, cursor = [], None
    while True:
        page = client.get("/v1/capacities", params={"limit": 1} | ({"cursor": cursor} if cursor else {})).json()
        rows += [(row["supplier_id"], row["good"], row["bucket"]) for row in page["capacities"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert rows == sorted(set(rows))
    assert len(rows) > 1


@pytest.mark.parametrize(
    ("path", "body", "status", "says"),
    [
        ("", ORDER | {"pieces": 0}, 422, "/pieces: expected greater than or equal to 1, got 0"),
        ("", ORDER | {"sku_id": "soup"}, 422, "soup"),
        ("", ORDER | {"buyer_id": "nobody"}, 422, "nobody"),
        ("", ORDER | {"candidates": []}, 422, "/candidates: expected at least one row, got 0"),
        ("", ORDER | {"color": "red"}, 422, "/color: expected no such field, got red"),
        ("", ORDER | {"ttl_seconds": 0}, 422, "/ttl_seconds"),
        ("/res-1/confirm", {}, 404, "unknown reservation res-1"),
        ("/res-1/confirm", {"pieces": "3"}, 422, "/pieces"),
        ("/res-1/reject", {"reason": "x" * 501}, 422, "/reason"),
    ],
)
def test_wrong_requests(client, path, body, status, says):
    """What is wrong, and where."""
    response = post(client, path, body)
    assert response.status_code == status, response.text
    assert says in response.json()["detail"]


def test_more_than_is_held_cannot_be_confirmed(client):
    """422, the key is free for the right number."""
    offer(client, m=10)
    held = post(client, "", given(3, "m")).json()["reservation"]["id"]
    wrong = post(client, f"/{held}/confirm", {"pieces": 4}, key="m")
    assert (wrong.status_code, wrong.json()["detail"]) == (422, "pieces: expected 1 to the 3 that are held, got 4")
    assert post(client, f"/{held}/confirm", {"pieces": 3}, key="m").status_code == 200


def test_a_tenant_holds_for_its_own(client):
    """Buyers and suppliers that a tenant may not know of are unknown to it, and so are others' reservations."""
    offer(client, t=10)
    held = post(client, "", given(1, "t")).json()["reservation"]["id"]
    tenant = {"Evenflow_Tenant": "somebody"}
    assert client.get(f"/v1/reservations/{held}", headers={"Evenflow-Tenant": "somebody"}).status_code == 404
    assert post(client, f"/{held}/confirm", {}, **tenant).status_code == 404
    assert post(client, "", ORDER, **tenant).status_code == 422
    assert post(client, "", given(1, "t"), **tenant).status_code == 422
    rows = client.put("/v1/capacities", json={"capacities": [{"supplier_id": "f1", "good": "g", "offered": 1}]},
                      headers={"Evenflow-Tenant": "somebody"})  # fmt: skip
    assert rows.status_code == 422


def test_without_a_network(bare):
    """Candidates of one's own need none; the network's are a 503 that says what to load."""
    offer(bare, x=5)
    assert post(bare, "", given(5, "x")).status_code == 201
    missing = post(bare, "", ORDER)
    assert (missing.status_code, missing.json()["type"]) == (503, "/problems/not-ready")


def test_a_database_that_is_not_there(tmp_path):
    """Clear 503s with a time to ask again; the rest of the server answers."""
    from fastapi.testclient import TestClient

    from api.http.app import create_app
    from api.settings import Settings

    url = f"postgresql://nobody@/x?host={tmp_path}"
    with TestClient(create_app(Settings(home=tmp_path, workers=1, database_url=url))) as client:
        answer = post(client, "", given(1, "x"))
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")
        assert answer.headers["retry-after"] == "2"
        assert client.get("/healthz").status_code == 200
