"""Scores, outcomes, opt-outs and reviews: the same on both databases."""

import pytest

from store.score_book import REVIEW, ScoreBook
from store.score_rights import ScoreRights

DAY_MS = 86_400_000


@pytest.fixture
def book(database):
    """An empty book."""
    return ScoreBook(database)


@pytest.fixture
def rights(database):
    """Nobody is out, nothing was asked."""
    return ScoreRights(database)


def told(name, day, *, subject="F1", value=0.5, context=None, version="supplier-1-a"):
    """Return an answer as it is kept, for a day (number)."""
    answer = {"id": name, "kind": "supplier", "subject": subject, "context": context or {}, "as_of": f"day {day}"}
    answer |= {"value": value, "low": value - 0.1, "high": value + 0.1, "model_version": version, "inputs_hash": "h"}
    return answer, {"own_n": 1.0}, day * DAY_MS


def outcome(name, day, **cells):
    """Return an outcome of F1."""
    row = {"outcome_id": name, "score_id": None, "kind": "supplier", "subject": "F1", "context": None, "value": 1.0}
    return row | {"at_ms": day * DAY_MS, "digest": f"{name} {day} {sorted(cells.items())}"} | cells


def test_a_score_is_found_as_it_was_told(book):
    """By its id, whoever asked; kept again it stays as it was; its model is the tenant's."""
    book.keep("t1", [told("a", 1)], {"supplier-1-a": {"mean": 0.1 + 0.2}})
    book.keep("t2", [told("a", 1, value=0.9)], {})
    kept = book.find("a")
    assert (kept.tenant, kept.told["value"], kept.inputs) == ("t1", 0.5, {"own_n": 1.0})
    assert book.model("t1", "supplier-1-a") == {"mean": 0.1 + 0.2}
    assert book.model("t2", "supplier-1-a") is None
    assert book.find("b") is None


def test_more_rows_than_a_statement_takes(book):
    """Nothing is lost between statements."""
    book.keep("t", [told(f"s{n}", n) for n in range(1000)], {})
    rows = [outcome(f"o{n}", n + 1) for n in range(1000)]
    assert len(book.add_outcomes("t", rows).applied) == 1000
    assert len(book.add_outcomes("t", rows).known) == 1000
    assert len(book.judged("t", "supplier")) == 1000
    assert len(book.foretold("t", "supplier", [row["outcome_id"] for row in rows])) == 1000


def test_the_latest_score_before_an_outcome_foretold_it(book):
    """Neither a later one, nor one of that very moment, nor one of others."""
    book.keep("t", [told("s1", 1), told("s3", 3), told("s5", 5), told("other", 3, subject="F2")], {})
    book.keep("u", [told("u", 3)], {})
    book.add_outcomes("t", [outcome("before", 1), outcome("between", 5), outcome("after", 9)])
    assert {row["outcome_id"]: row["score_id"] for row in book.judged("t", "supplier")} == {
        "between": "s3",
        "after": "s5",
    }
    assert book.judged("t", "buyer") == []
    assert book.judged("u", "supplier") == []


def test_an_outcome_may_name_its_score_or_its_context(book):
    """A named score counts whenever it was made; a context must be the same; a later prediction joins, too."""
    here, there = {"lane": "North"}, {"lane": "South"}
    book.keep("t", [told("n", 3, context=here), told("s", 4, context=there), told("fixed", 4, context=there)], {})
    rows = [outcome("o1", 9, score_id="n"), outcome("o2", 9, context='{"lane":"North"}'), outcome("o3", 9)]
    book.add_outcomes("t", [*rows, outcome("o4", 9, context='{"lane":"West"}')])
    found = book.foretold("t", "supplier", ["o1", "o2", "o3", "o4"])
    assert (found["o1"], found["o2"]) == ("n", "n")
    assert found["o3"] in ("fixed", "s")
    assert "o4" not in found
    book.keep("t", [told("w", 5, context={"lane": "West"})], {})
    assert book.foretold("t", "supplier", ["o4"]) == {"o4": "w"}


def test_corrections_are_no_predictions(book):
    """What a review made of a score foretold nothing."""
    book.keep("t", [told("s1", 1)], {})
    book.keep("t", [told("fixed", 2)], {}, origin=REVIEW)
    book.add_outcomes("t", [outcome("o", 9)])
    assert [row["score_id"] for row in book.judged("t", "supplier")] == ["s1"]


def test_versions_are_told_apart(book):
    """The reliability of one model is that of its own scores."""
    book.keep("t", [told("s1", 1), told("s2", 5, version="supplier-1-b")], {})
    book.add_outcomes("t", [outcome("o1", 3), outcome("o2", 9)])
    assert [row["outcome_id"] for row in book.judged("t", "supplier", model_version="supplier-1-b")] == ["o2"]


def test_an_id_stands_for_one_outcome(book):
    """The same again is known, another under the same id is refused; tenants have ids of their own."""
    assert book.add_outcomes("t", [outcome("o", 3)]).applied == [0]
    again = book.add_outcomes("t", [outcome("new", 3), outcome("o", 3), outcome("old", 4)])
    assert (again.applied, again.known, again.changed) == ([0, 2], [1], [])
    assert book.add_outcomes("t", [outcome("o", 4)]).changed == [0]
    assert book.add_outcomes("u", [outcome("o", 4)]).applied == [0]


def test_what_was_told_about_a_party(book):
    """The latest first, whoever asked, of the kinds asked about."""
    book.keep("t", [told("s1", 1)], {})
    book.keep("u", [told("s2", 2), told("other", 2, subject="F2")], {})
    assert {kept.told["id"] for kept in book.about("F1", ["supplier"], limit=10)} == {"s1", "s2"}
    assert len(book.about("F1", ["supplier"], limit=1)) == 1
    assert book.about("F1", ["buyer"], limit=10) == []


def test_a_party_goes_out_and_comes_back(rights):
    """The latest counts; the same again changes nothing."""
    assert rights.opted_out() == {}
    assert rights.set_opted_out("t", "F1", opted_out=True, by="boss", words="not now")
    assert not rights.set_opted_out("t", "F1", opted_out=True, by="boss", words="again")
    assert rights.opted_out(["F1", "F2"])["F1"]["words"] == "not now"
    assert rights.opted_out(["F2"]) == {}
    assert [rights.is_out(party) for party in ("F1", "F2")] == [True, False]
    assert rights.set_opted_out("t", "F1", opted_out=False, by="boss", words="fine")
    assert rights.opted_out() == {}
    assert not rights.set_opted_out("t", "F2", opted_out=False, by="x", words="never was")


def test_a_review_is_decided_once(rights):
    """Asked twice it is one; decided twice it stays as first decided; a new one may follow."""
    asked = rights.ask("t", "u", "s1", by="shop", words="look again")
    assert rights.ask("t", "u", "s1", by="shop", words="hello?")["review_id"] == asked["review_id"]
    assert (asked["state"], asked["decider"], len(asked["steps"])) == ("asked", "u", 1)
    assert rights.decide(asked["review_id"], "corrected", by="clerk", words="wrong lane", corrected_score_id="s2")
    assert not rights.decide(asked["review_id"], "upheld", by="clerk", words="no")
    decided = rights.review(asked["review_id"])
    assert [step["state"] for step in decided["steps"]] == ["asked", "corrected"]
    assert (decided["state"], decided["steps"][1]["corrected_score_id"]) == ("corrected", "s2")
    assert rights.ask("t", "u", "s1", by="shop", words="again")["review_id"] != asked["review_id"]
    assert [len(rights.reviews(who)) for who in (None, "t", "u", "v")] == [2, 2, 2, 0]
    assert rights.review("nope") is None
