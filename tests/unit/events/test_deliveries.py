"""Webhooks: at least once, in order for each subject, again with growing pauses, dead in the end."""

import re

import pytest

from contracts.errors import InputError, UnavailableError, UnknownIdError
from services.deliver_events import ATTEMPTS, Courier, deliver_due, pause_ms
from services.post_webhook import Reply
from services.viewer import Viewer
from services.webhooks import create_webhook, list_deliveries, list_webhooks, remove_webhook, resend
from tests.conftest import ROOT

DOWN = Reply(None, "ConnectionRefusedError")
OPERATOR = Viewer()


def webhook(courier: Courier, viewer: Viewer = OPERATOR, topics: tuple[str, ...] = ()):
    """Make a webhook."""
    return create_webhook(
        courier.database, viewer, "https://erp.example.com/in", topics, targets="public", now_ms=courier.clock()
    )


def states(courier: Courier, made) -> list[tuple[str, str]]:
    """Return subject and state of each delivery, the oldest first."""
    found = list_deliveries(courier.database, OPERATOR, made.id, state=None, before=None, limit=100)
    return [(one.subject, one.state) for one in reversed(found)]


def test_what_happens_from_now_on_is_sent_once_taken(courier, receiver, tell):
    """Not what was before; each once, signed; nothing is sent twice once it was taken."""
    tell({"subject": "before"})
    made = webhook(courier)
    tell({"subject": "a"}, {"subject": "b"})
    assert deliver_due(courier) == 2
    assert deliver_due(courier) == 0
    assert receiver.subjects() == ["a", "b"]
    url, headers, body = receiver.got[0]
    assert url == made.url
    assert headers["webhook-id"] == receiver.ids()[0]
    assert headers["webhook-signature"].startswith("v1,")
    assert headers["Content-Type"] == "application/cloudevents+json"
    assert b'"specversion":"1.0"' in body


def test_the_verifier_of_the_documentation_accepts_what_is_ours(courier, receiver, clock, tell):
    """As https://www.standardwebhooks.com tells a receiver to compute it; nothing else, and nothing old."""
    (code,) = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs/how-to/events.md").read_text(encoding="utf-8"), re.DOTALL
    )
    documented: dict = {}
    exec(code, documented)
    is_ours, made = documented["is_ours"], webhook(courier)
    tell({"subject": "a"})
    deliver_due(courier)
    _, headers, body = receiver.got[0]
    now = clock.now_ms / 1000
    assert int(headers["webhook-timestamp"]) == now
    assert is_ours(made.secret, headers, body, now)
    assert [is_ours(made.secret, headers, body, now + late) for late in (-301, 299, 301)] == [False, True, False]
    for name in ("webhook-id", "webhook-timestamp"):
        assert not is_ours(made.secret, headers | {name: f"{int(now) + 1}"}, body, now)
    assert not is_ours(made.secret, headers, body + b" ", now)
    assert not is_ours(webhook(courier).secret, headers, body, now)


def test_one_subject_comes_in_order_and_others_go_on(courier, receiver, clock, tell):
    """A later event of a subject waits until the earlier one was taken."""
    webhook(courier)
    tell({"subject": "a"}, {"subject": "a"}, {"subject": "b"})
    receiver.answers = [Reply(500, "HTTP 500")]
    deliver_due(courier)
    assert receiver.subjects() == ["a", "b"]  # the first a failed, the second waits behind it
    clock.later(5)
    deliver_due(courier)
    assert receiver.subjects() == ["a", "b", "a", "a"]
    ids = receiver.ids()
    assert ids[0] == ids[2] != ids[3]


def test_it_is_sent_again_later_and_later_then_dead(courier, receiver, clock, tell):
    """Each pause is waited for; after the last attempt it is dead, and the next of its subject goes on."""
    made = webhook(courier)
    tell({"subject": "a"})
    receiver.answers = [DOWN] * ATTEMPTS
    for attempt in range(1, ATTEMPTS + 1):
        assert deliver_due(courier) == 0
        assert len(receiver.got) == attempt
        clock.later(pause_ms(attempt) / 1000 - 1)
        deliver_due(courier)
        assert len(receiver.got) == attempt
        clock.later(1)
    assert states(courier, made) == [("a", "dead")]
    tell({"subject": "a"})
    assert deliver_due(courier) == 1


def test_a_dead_one_can_be_sent_again_under_its_id(courier, receiver, clock, tell):
    """With as many attempts as a new one."""
    made = webhook(courier)
    tell({"subject": "a"})
    receiver.answers = [DOWN] * ATTEMPTS
    for attempt in range(1, ATTEMPTS + 1):
        deliver_due(courier)
        clock.later(pause_ms(attempt) / 1000)
    (dead,) = list_deliveries(courier.database, OPERATOR, made.id, state="dead", before=None, limit=10)
    resend(courier.database, OPERATOR, made.id, dead.position, now_ms=clock())
    assert deliver_due(courier) == 1
    assert len(set(receiver.ids())) == 1
    assert states(courier, made) == [("a", "delivered")]
    with pytest.raises(UnknownIdError, match="unknown delivery 99"):
        resend(courier.database, OPERATOR, made.id, 99, now_ms=clock())


def test_a_receiver_that_is_down_is_asked_once_a_pass(courier, receiver, tell):
    """A hundred events for one that is away are not a hundred timeouts."""
    webhook(courier)
    tell(*({"subject": str(n)} for n in range(30)))
    receiver.answers = [DOWN] * 30
    deliver_due(courier)
    assert len(receiver.got) == 1


def test_retry_after_is_respected(courier, receiver, clock, tell):
    """Also where it is longer than the pause."""
    webhook(courier)
    tell({"subject": "a"})
    receiver.answers = [Reply(503, "HTTP 503", 3600)]
    deliver_due(courier)
    clock.later(3599)
    assert deliver_due(courier) == 0
    clock.later(1)
    assert deliver_due(courier) == 1


def test_gone_ends_it(courier, receiver, tell):
    """410: the receiver wants no more."""
    made = webhook(courier)
    tell({"subject": "a"}, {"subject": "b"})
    receiver.answers = [Reply(410, "HTTP 410")]
    deliver_due(courier)
    assert list_webhooks(courier.database, OPERATOR) == []
    assert receiver.subjects() == ["a"]
    with pytest.raises(UnknownIdError):
        remove_webhook(courier.database, OPERATOR, made.id, now_ms=courier.clock())


def test_a_worker_that_dies_has_sent_at_least_once(courier, receiver, clock, tell):
    """It had sent, but not written it down: another sends it again under the same id, once the lease is over."""
    webhook(courier)
    tell({"subject": "a"})

    class Killed(BaseException):
        pass

    def post_and_die(url, headers, body, *, targets):
        receiver(url, headers, body, targets=targets)
        raise Killed

    dying = Courier(courier.database, targets="private", clock=clock, post=post_and_die)
    with pytest.raises(Killed):
        deliver_due(dying)
    clock.later(61)
    assert deliver_due(courier) == 1
    assert len(receiver.got) == 2
    assert len(set(receiver.ids())) == 1


def test_after_the_database_was_away_the_same_courier_goes_on_at_once(courier, receiver, tell, monkeypatch):
    """It could not let its webhook go; others wait for the lease to end, it does not."""
    webhook(courier)
    tell({"subject": "a"})

    def away(*given, **named):
        raise UnavailableError("the database does not answer")

    with monkeypatch.context() as patched:
        for name in ("change_delivery", "let_go"):
            patched.setattr(f"services.deliver_events.{name}", away)
        with pytest.raises(UnavailableError):
            deliver_due(courier)
    other = Courier(courier.database, targets="private", clock=courier.clock, post=receiver)
    assert deliver_due(other) == 0
    assert deliver_due(courier) == 1
    assert len(receiver.got) == 2
    assert len(set(receiver.ids())) == 1


def test_two_workers_serve_a_webhook_one_at_a_time(courier, receiver, clock, tell):
    """What one is at the other leaves alone: nothing is sent twice."""
    webhook(courier)
    tell({"subject": "a"}, {"subject": "b"})
    other: list[int] = []

    def post_while_another_looks(url, headers, body, *, targets):
        other.append(deliver_due(courier))
        return receiver(url, headers, body, targets=targets)

    first = Courier(courier.database, targets="private", clock=clock, post=post_while_another_looks)
    assert deliver_due(first) == 2
    assert other == [0, 0]
    assert receiver.subjects() == ["a", "b"]


def test_topics_and_tenants_are_kept_apart(courier, receiver, tell):
    """A tenant is told of its own; a party of what names it; a topic takes what is below it."""
    mine = webhook(courier, Viewer("alpha"), topics=("reservation",))
    partys = webhook(courier, Viewer("alpha", "s1"))
    tell(
        {"tenant": "alpha", "subject": "1", "payload": {"buyer_id": "s1"}},
        {"tenant": "alpha", "subject": "2", "topic": "order.routed", "payload": {"buyer_id": "s2"}},
        {"tenant": "beta", "subject": "3", "payload": {"buyer_id": "s1"}},
        {"subject": "4", "topic": "plan.revised"},
        {"tenant": "alpha", "subject": "5", "topic": "reservations", "payload": {"buyer_id": "s2"}},
    )
    deliver_due(courier)
    assert states(courier, mine) == [("1", "delivered")]
    assert states(courier, partys) == [("1", "delivered")]
    assert [one.id for one in list_webhooks(courier.database, Viewer("alpha", "s1"))] == [partys.id]
    assert {one.id for one in list_webhooks(courier.database, Viewer("alpha"))} == {mine.id, partys.id}
    assert list_webhooks(courier.database, Viewer("beta")) == []
    with pytest.raises(UnknownIdError):
        remove_webhook(courier.database, Viewer("beta"), mine.id, now_ms=courier.clock())
    with pytest.raises(UnknownIdError):
        remove_webhook(courier.database, Viewer("alpha", "s1"), mine.id, now_ms=courier.clock())


def test_a_supplier_is_told_of_holds_at_it(courier, receiver):
    """The outbox row is the buyer's tenant's; the supplier's tenant is told all the same."""
    from services.hold_decision import Candidate, Order
    from services.reserve import Desk, HoldTerms, hold_at
    from store.booking.capacity import Capacity, put_capacities

    rows = [Capacity(supplier_id="f1", good="k", bucket="", offered=9, tenant="mill")]
    put_capacities(courier.database, rows, now_ms=courier.clock())
    made = webhook(courier, Viewer("mill"))
    webhook(courier, Viewer("other"))
    desk = Desk(courier.database, clock=courier.clock)
    order = Order(order_id="o", buyer_id="b1", sku_id="k", pieces=2)
    with desk.write(Viewer("shop"), "key", {}) as write:
        hold_at(desk, write, order, Candidate(supplier_id="f1", good="k", bucket=""), HoldTerms())
    assert deliver_due(courier) == 1
    assert [state for _, state in states(courier, made)] == ["delivered"]


@pytest.mark.parametrize("topic", ["", "reservation.", "a b", "*"])
def test_topics_are_words(courier, topic):
    """Others are refused by name."""
    with pytest.raises(InputError, match="topics: expected words with dots between"):
        webhook(courier, topics=(topic,))


def test_there_is_an_end_to_webhooks(courier):
    """Fifty of one tenant."""
    for _ in range(50):
        webhook(courier, Viewer("alpha"))
    with pytest.raises(InputError, match="at most 50"):
        webhook(courier, Viewer("alpha"))
    webhook(courier, Viewer("beta"))
