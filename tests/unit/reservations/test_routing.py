"""Route and hold in one call: the best that has room, the next best if that has just filled, and why."""

from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest

from services.hold_decision import decide
from services.replay_decision import replay_decision
from services.viewer import Viewer
from store.booking.lookup import find_decision


def suppliers(answer):
    return [(row["supplier_id"], row["reason"]) for row in answer.body["considered"]]


def test_the_best_with_room_is_held(counter):
    """The highest score first; each candidate has its reason."""
    counter.offer(a=5, b=50, c=50)
    answer = counter.route(10, a=0.9, b=0.7, c=0.8, limits={"c": "late"})
    assert answer.body["reservation"]["supplier_id"] == "b"
    assert suppliers(answer) == [("a", "full"), ("c", "late"), ("b", "chosen")]
    assert counter.reserved() == {"a": 0, "b": 10, "c": 0}


def test_nobody_can(counter):
    """200, refused, the reason of the best candidate; repeated, the same."""
    counter.offer(a=5)
    answer = counter.route(10, key="x", a=0.9, b=0.7)
    assert (answer.status, answer.body["status"], answer.body["reason"]) == (200, "refused", "full")
    assert suppliers(answer) == [("a", "full"), ("b", "full")]
    counter.offer(a=50)
    assert counter.route(10, key="x", a=0.9, b=0.7).body == answer.body
    assert counter.route(10).body["reason"] == "nobody"


def test_credit_decides(counter):
    """A supplier whose line is used up is passed over."""
    counter.offer(a=50, b=50)
    counter.lend("b", "a", 99)
    answer = counter.route(10, a=0.9, b=0.7, price=10)
    assert suppliers(answer) == [("a", "no_credit"), ("b", "chosen")]


def test_the_next_best_when_the_first_has_just_filled(counter, monkeypatch):
    """Somebody takes the room between the decision and the hold: decided anew, with what is left now."""
    counter.offer(a=10, b=10)
    other = type(counter)(counter.database)
    real = decide
    monkeypatch.setattr("services.reserve.decide", lambda inputs: (real(inputs), taken(inputs))[0])

    def taken(inputs):
        if inputs["candidates"][0]["room"] == 10:
            other.hold("a", 5, key="other")

    answer = counter.route(10, a=0.9, b=0.7)
    assert suppliers(answer) == [("a", "full"), ("b", "chosen")]
    kept = find_decision(counter.database, answer.body["reservation"]["id"], tenant=None)
    assert [row["room"] for row in orjson.loads(kept.inputs)["candidates"]] == [5, 10]


def test_many_at_once_fill_the_best_first(counter):
    """Racing orders: the better supplier is full, nothing is lost, nobody is refused while there is room."""
    counter.offer(a=20, b=40)
    desks = [type(counter)(counter.database) for _ in range(10)]
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda n: desks[n % 10].route(2, key=f"{n}", a=0.9, b=0.7), range(30)))
    assert {answer.status for answer in answers} == {201}
    assert counter.reserved() == {"a": 20, "b": 40}
    for answer in answers:
        assert replay_decision(counter.database, answer.body["reservation"]["id"], viewer=Viewer())["same"]


def test_a_rejection_is_routed_again(counter):
    """Elsewhere, never at one who rejected it, as often as it takes; the chain is told."""
    counter.offer(a=50, b=50, c=50)
    first = counter.route(10, a=0.9, b=0.8, c=0.7)
    one = counter.reject(first.body["reservation"]["id"])
    second = one.body["rerouted"]["reservation"]
    assert (one.body["status"], second["supplier_id"], second["replaces"]) == (
        "rejected", "b", first.body["reservation"]["id"],
    )  # fmt: skip
    assert suppliers_of(one) == [("a", "rejected"), ("b", "chosen"), ("c", "outscored")]
    third = counter.reject(second["id"]).body["rerouted"]
    assert third["reservation"]["supplier_id"] == "c"
    last = counter.reject(third["reservation"]["id"]).body["rerouted"]
    assert (last["status"], last["reason"]) == ("refused", "rejected")
    assert counter.reserved() == {"a": 0, "b": 0, "c": 0}


def suppliers_of(rejection):
    return [(row["supplier_id"], row["reason"]) for row in rejection.body["rerouted"]["considered"]]


def test_a_rejection_repeated_is_one(counter):
    """The same key: the same new hold; broken off between the two writes, the repetition makes the second."""
    counter.offer(a=50, b=50)
    first = counter.route(10, a=0.9, b=0.8).body["reservation"]["id"]
    half = counter.reject(first, key="x", reroute=False)
    assert half.body["rerouted"] is None
    whole, again = (counter.reject(first, key="x") for _ in range(2))
    assert whole.body["rerouted"]["reservation"]["supplier_id"] == "b"
    assert again.body == whole.body
    assert counter.reserved() == {"a": 0, "b": 10}


def test_only_what_was_confirmed_is_routed_again(counter):
    """4 of 10 pieces were confirmed: 4 go elsewhere."""
    counter.offer(a=50, b=50)
    held = counter.route(10, a=0.9, b=0.8).body["reservation"]["id"]
    counter.act("confirm", held, pieces=4)
    assert counter.reject(held).body["rerouted"]["reservation"]["pieces"] == 4


def test_a_supplier_that_rejects_does_not_learn_who_else(counter):
    """The new hold is the holder's, not the rejecter's to see."""
    counter.offer(a=50, b=50)
    held = counter.route(10, viewer=Viewer("h"), a=0.9, b=0.8).body["reservation"]["id"]
    answer = counter.reject(held, viewer=Viewer("of-a"))
    assert (answer.body["status"], answer.body["rerouted"]) == ("rejected", None)
    assert counter.reserved() == {"a": 0, "b": 10}


def test_a_named_supplier_is_not_replaced(counter):
    """Held without a decision there are no other candidates."""
    counter.offer(s=10, t=10)
    answer = counter.reject(counter.hold("s", 5).body["reservation"]["id"])
    assert (answer.body["status"], answer.body["rerouted"]) == ("rejected", None)


@pytest.mark.parametrize("change", ["room", "score", "excluded"])
def test_a_decision_is_computed_again(counter, change):
    """From what was kept with it: the same answer; from other inputs another one."""
    counter.offer(a=50, b=50)
    held = counter.route(10, a=0.9, b=0.8).body["reservation"]
    replayed = replay_decision(counter.database, held["decision_id"], viewer=Viewer())
    assert (replayed["same"], replayed["chosen"]["supplier_id"]) == (True, "a")
    inputs = replayed["inputs"]
    best = inputs["candidates"][0]
    if change == "excluded":
        inputs["excluded"] = ["a"]
    else:
        best[change] = {"room": 9, "score": 0.1}[change]
    assert decide(inputs)["chosen"] == 1
