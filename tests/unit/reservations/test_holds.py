"""Holding, confirming and giving back: never more than there is, each key once, the same on both databases."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from contracts.errors import InputError, UnknownIdError
from services.reserve import KeyInFlightError
from services.viewer import Viewer
from store.booking.answers import KeyReusedError
from store.booking.end import sweep
from store.booking.lookup import find_reservation, list_reservations


def test_a_hold_takes_pieces(counter):
    """201 with the reservation; the pieces are gone for others; others are told."""
    counter.offer(s=10)
    answer = counter.hold("s", 7)
    held = answer.body["reservation"]
    assert (answer.status, answer.body["status"], held["state"], held["pieces"]) == (201, "held", "held", 7)
    assert held["created_at"] == "2027-01-15T16:00:00.000+08:00"
    assert held["expires_at"] == "2027-01-15T16:01:00.000+08:00"
    assert counter.reserved() == {"s": 7}
    assert counter.topics() == ["reservation.held"]
    assert find_reservation(counter.database, held["id"], tenant=None).told() == held


@pytest.mark.parametrize(("supplier", "pieces", "reason"), [("s", 4, "full"), ("t", 1, "not_offered")])
def test_what_is_not_there_is_refused(counter, supplier, pieces, reason):
    """200 and the reason; nothing is taken, nobody is told."""
    counter.offer(s=10)
    counter.hold("s", 7)
    answer = counter.hold(supplier, pieces)
    assert (answer.status, answer.body["status"], answer.body["reason"]) == (200, "refused", reason)
    assert counter.reserved() == {"s": 7}
    assert counter.topics() == ["reservation.held"]


def test_credit_is_held_with_the_pieces(counter):
    """Pieces at a price take the pair's credit; the rest of the line is not enough for the next."""
    counter.offer(s=100)
    counter.lend("b", "s", 1000)
    assert counter.hold("s", 6, price=100).status == 201
    refused = counter.hold("s", 5, price=100)
    assert refused.body["reason"] == "no_credit"
    assert (counter.used_fen(), counter.reserved()) == (600, {"s": 6})
    assert counter.hold("s", 5, price=100, buyer="other").status == 201
    assert counter.used_fen() == 600


def test_a_key_repeated_is_answered_as_before(counter):
    """The same answer, nothing happens twice: a hold, a refusal, a confirmation, a refused confirmation."""
    counter.offer(s=10)
    first, second = (counter.hold("s", 8, key="a") for _ in range(2))
    assert (second.status, second.body, second.again) == (first.status, first.body, True)
    refused = counter.hold("s", 8, key="b")
    counter.act("release", first.body["reservation"]["id"])
    assert counter.hold("s", 8, key="b").body == refused.body
    held = counter.hold("s", 8)
    confirmed = [counter.act("confirm", held.body["reservation"]["id"], key="c").body for _ in range(2)]
    assert confirmed[0] == confirmed[1]
    late = [counter.act("confirm", first.body["reservation"]["id"], key="d") for _ in range(2)]
    assert (late[0].status, late[0].body) == (late[1].status, late[1].body)
    assert late[0].status == 409
    assert counter.reserved() == {"s": 8}


def test_a_key_stands_for_one_request(counter):
    """Another body under the same key is refused; another tenant may use the same word."""
    counter.offer(s=10)
    counter.hold("s", 1, key="a")
    with pytest.raises(KeyReusedError, match="the key a was used for another request"):
        counter.hold("s", 2, key="a")
    with pytest.raises(KeyReusedError):
        counter.act("confirm", "res-1", key="a")
    assert counter.hold("s", 2, key="a", viewer=Viewer("t")).status == 201


@pytest.mark.parametrize("key", ["", "a" * 201, "a\x1f", "a\n"])
def test_keys_are_short_words(counter, key):
    """Empty, too long or with characters nobody sees."""
    with (
        pytest.raises(InputError, match="Idempotency-Key: expected 1 to 200 printable characters"),
        counter.desk.write(Viewer(), key, {}),
    ):
        pass


def test_a_key_in_flight_is_told(counter):
    """While a request is answered its key is taken; afterwards it is answered as before."""
    counter.offer(s=10)
    with counter.desk.write(Viewer(), "a", {}), pytest.raises(KeyInFlightError, match="the key a is being answered"):
        counter.hold("s", 1, key="a")
    assert counter.hold("s", 1, key="a").status == 201


def test_one_key_at_once_on_two_servers_is_held_once(counter):
    """Each process has a desk of its own: the database decides who was first, the others get its answer."""
    counter.offer(s=1000)
    desks = [type(counter)(counter.database) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for n in range(10):
            answers = list(pool.map(lambda desk, n=n: desk.hold("s", 3, key=f"k{n}").body, desks))
            assert all(answer == answers[0] for answer in answers)
    assert counter.reserved() == {"s": 30}


def test_no_piece_is_promised_twice(counter):
    """Many at once at few pieces, keys repeated: exactly what there is, and every refusal says full."""
    counter.offer(s=20, t=20)
    desks = [type(counter)(counter.database) for _ in range(12)]

    def attempt(n):
        answer = desks[n % 12].hold("st"[n % 2], 1, key=f"k{n // 2 * 2 % 240 + n % 2}")
        return answer.body["reason"], answer.body["reservation"] and answer.body["reservation"]["id"]

    with ThreadPoolExecutor(12) as pool:
        answers = set(pool.map(attempt, range(400)))
    assert {reason for reason, _ in answers} == {None, "full"}
    assert len({held for _, held in answers if held}) == 40
    assert counter.reserved() == {"s": 20, "t": 20}


def test_no_credit_is_lent_twice(counter):
    """Many at once on one line: exactly its limit."""
    counter.offer(s=1000)
    counter.lend("b", "s", 1000)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: counter.hold("s", 1, price=70).body["reason"], range(60)))
    assert (answers.count(None), answers.count("no_credit")) == (14, 46)
    assert counter.used_fen() == 980


def test_confirming_some_gives_back_the_rest(counter):
    """Of 7 held 3 are confirmed: 4 are free again, and so is their credit."""
    counter.offer(s=10)
    counter.lend("b", "s", 1000)
    held = counter.hold("s", 7, price=10).body["reservation"]
    answer = counter.act("confirm", held["id"], pieces=3)
    assert (answer.body["status"], answer.body["given_back_pieces"]) == ("confirmed", 4)
    assert (counter.reserved(), counter.used_fen()) == ({"s": 3}, 30)
    with pytest.raises(InputError, match="pieces: expected 1 to the 2 that are held, got 3"):
        counter.act("confirm", counter.hold("s", 2).body["reservation"]["id"], pieces=3)


@pytest.mark.parametrize(
    ("actions", "states", "kept"),
    [
        (["confirm"], ["confirmed"], 5),
        (["confirm", "cancel"], ["confirmed", "cancelled"], 0),
        (["release"], ["released"], 0),
        (["reject"], ["rejected"], 0),
        (["confirm", "reject"], ["confirmed", "rejected"], 0),
        (["confirm", "confirm"], ["confirmed", None], 5),
        (["confirm", "release"], ["confirmed", None], 5),
        (["cancel"], [None], 5),
        (["release", "confirm"], ["released", None], 0),
        (["reject", "reject"], ["rejected", None], 0),
    ],
)
def test_states_lead_to_states(counter, actions, states, kept):
    """What is over gives everything back; what cannot be done is a 409 that says why, and changes nothing."""
    counter.offer(s=10)
    held = counter.hold("s", 5).body["reservation"]["id"]
    for action, state in zip(actions, states, strict=True):
        answer = counter.act(action, held)
        if state is None:
            assert answer.status == 409
            assert f"{held}: expected a reservation that is " in answer.body["detail"]
        else:
            assert answer.body["status"] == answer.body["reservation"]["state"] == state
    assert counter.reserved() == {"s": kept}
    assert counter.topics() == ["reservation.held", *(f"reservation.{state}" for state in states if state)]


def test_a_hold_expires(counter):
    """Once it is due it can no longer be confirmed; the sweeper gives its pieces back, once."""
    counter.offer(s=10)
    held = counter.hold("s", 5, ttl=60).body["reservation"]["id"]
    kept = counter.hold("s", 5, ttl=61).body["reservation"]["id"]
    counter.now_ms += 59_999
    assert sweep(counter.database, counter.now_ms) == 0
    counter.now_ms += 1
    answer = counter.act("confirm", held)
    assert answer.status == 409
    assert "got one expired since 2027-01-15T16:01:00.000+08:00" in answer.body["detail"]
    assert counter.act("confirm", kept).status == 200
    assert [sweep(counter.database, counter.now_ms) for _ in range(2)] == [1, 0]
    assert find_reservation(counter.database, held, tenant=None).state == "expired"
    assert counter.reserved() == {"s": 5}


def test_what_is_due_holds_nobody_up(counter):
    """A supplier that is full of holds that are due takes a new one, swept or not; routed or named."""
    counter.offer(s=10)
    counter.hold("s", 10, ttl=1)
    counter.now_ms += 1000
    assert counter.hold("s", 10, ttl=1).status == 201
    counter.now_ms += 1000
    assert counter.route(10, s=0.5).status == 201


def test_several_sweepers_expire_each_hold_once(counter):
    """Together they expire all, no pieces are given back twice."""
    counter.offer(s=60, t=60)
    counter.lend("b", "s", 10**6)
    for n in range(60):
        counter.hold("st"[n % 2], 2, ttl=1, price=5)
    counter.now_ms += 1000

    def work(_):
        return sum(iter(lambda: sweep(counter.database, counter.now_ms, most=5), 0))

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 60
    assert counter.reserved() == {"s": 0, "t": 0}
    assert counter.topics().count("reservation.expired") == 60


def test_a_cut_keeps_promises(counter):
    """Less is offered than is promised: nothing new is held, and what is given back is not offered again."""
    counter.offer(s=10)
    held = [counter.hold("s", 4).body["reservation"]["id"] for _ in range(2)]
    assert counter.offer(s=5)["short_pieces"] == 3
    assert counter.hold("s", 1).body["reason"] == "full"
    counter.act("release", held[0])
    assert counter.hold("s", 2).body["reason"] == "full"
    assert counter.hold("s", 1).status == 201
    assert counter.offer(s=5)["short_pieces"] == 0


def test_each_sees_its_own(counter):
    """The holder and the supplier see a reservation; only the holder ends it, only these two reject it."""
    counter.offer(s=10)
    holder, supplier, other = Viewer("h"), Viewer("of-s"), Viewer("x")
    held = counter.hold("s", 5, viewer=holder).body["reservation"]["id"]
    ids = {
        viewer.tenant: [row.id for row in list_reservations(counter.database, tenant=viewer.tenant, limit=9)]
        for viewer in (holder, supplier, other, Viewer())
    }
    assert ids == {"h": [held], "of-s": [held], "x": [], None: [held]}
    for viewer, action in ((other, "confirm"), (other, "reject"), (supplier, "confirm"), (supplier, "release")):
        with pytest.raises(UnknownIdError, match=f"unknown reservation {held}"):
            counter.act(action, held, viewer=viewer)
    assert counter.act("reject", held, viewer=supplier).status == 200


def test_pages_hold_each_reservation_once(counter):
    """The newest first, by state, supplier and order."""
    counter.offer(s=10, t=10)
    made = [counter.hold("st"[n % 2], 1).body["reservation"]["id"] for n in range(7)]
    counter.act("confirm", made[0])
    seen, before = [], None
    while rows := list_reservations(counter.database, tenant=None, before=before, limit=3):
        seen += [row.id for row in rows]
        before = rows[-1].id
    assert sorted(seen) == sorted(made)
    assert seen == sorted(seen, reverse=True)
    some = list_reservations(counter.database, tenant=None, state="confirmed", supplier_id="s", order_id="o", limit=9)
    assert [row.id for row in some] == made[:1]
