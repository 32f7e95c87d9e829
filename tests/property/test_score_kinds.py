"""Every kind of score keeps the contract, whatever its inputs: kinds are listed from the registry."""

import math
from collections.abc import Callable
from pathlib import Path

import orjson
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from contracts.errors import InputError
from services.example_files import write_examples
from services.ingest import Inlet
from services.launch_estimates import LaunchDesk
from services.load_network import load_network
from services.scores.contract import Answer, Field, Gathered, Kind, check_fields, expit
from services.scores.registry import all_kinds
from services.scores.world import World
from services.viewer import Viewer
from store.home import Home

Asked = tuple[str, dict[str, object]]
NAMES = list(all_kinds())
# Somebody of whom something is known, and somebody of whom nothing is: a new kind needs a line here.
KNOWN: dict[str, Asked] = {
    "area": ("Henan", {"by": "region"}),
    "brand_fit": ("sim-guide-0000001", {"brand_id": "sim-brand-0000001"}),
    "buyer": ("sim-store-0000029", {}),
    "credit": ("sim-store-0000029", {"amount_fen": 100}),
    "hit": ("sim-style-00001", {}),
    "kol": ("sim-kol-0000001", {}),
    "match": (
        "sim-distributor-0000005",
        {"sku_id": "sim-cosmetics-001/large", "pieces": 7, "buyer_id": "sim-community-0000002"},
    ),
    "offer": ("sim-kol-0000001", {"style_id": "sim-cosmetics-001"}),
    "on_time": ("sim-distributor-0000005", {"category": "food"}),
    "supplier": ("sim-distributor-0000005", {}),
    "trust": ("sim-factory-0000001", {"from": "sim-brand-0000001"}),
}
NEWCOMER = "newcomer"
UNKNOWN: dict[str, Asked] = {name: (NEWCOMER, KNOWN[name][1]) for name in KNOWN} | {
    "area": ("Nowhere", {"by": "region"}),
    "hit": ("sim-style-00001", {}),
}
LONG_AGO = "2024-08-23"  # no style was finished


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The example net, and a newcomer that nobody has dealt with."""
    folder = tmp_path_factory.mktemp("scores")
    write_examples(folder)
    add(folder / "net" / "parties.csv", f"{NEWCOMER},store,Newcomer,,,,,,,,True")
    add(folder / "net" / "areas.csv", "33.0,114.0,Nowhere,0,,True")
    sku, resource = "sim-cosmetics-001/large", ""
    add(folder / "net" / "supply.csv", f"{NEWCOMER},{resource},100,,True,{sku},4000,1,3,")
    load_network(folder / "net", home=Home(folder / "home"))
    return Home(folder / "home")


def add(path: Path, row: str) -> None:
    """Add a row to a file."""
    with path.open("a") as file:
        file.write(row + "\n")


@pytest.fixture(scope="module")
def look(home: Home) -> Callable[[str, Asked, str | None], Gathered]:
    """Looks up a subject's inputs."""

    def gathered(name: str, asked: Asked, day: str | None = None) -> Gathered:
        kind = all_kinds()[name]
        as_of = None if day is None else pd.Timestamp(day, tz="Asia/Shanghai")
        desk = LaunchDesk(home, Inlet.of(home.root))
        world = World(snapshot=home.current(), viewer=Viewer(), as_of=as_of, launches=lambda: desk)
        return kind.gather(world, asked[0], check_fields(kind.context, asked[1], "context"))

    return gathered


def value_of(field: Field) -> st.SearchStrategy:
    """Any value the field allows."""
    if field.kind == "text":
        values = st.sampled_from(field.choices) if field.choices else st.just("x")
    elif field.kind == "whole":
        values = st.integers(int(field.minimum or 0), int(min(field.maximum or 1e9, 1e9)))
    else:
        low, high = field.minimum or 0.0, 1e9 if field.maximum is None else field.maximum
        values = st.floats(low, high) | st.sampled_from([low, (low + high) / 2, high]) | st.floats(low, min(high, 50.0))
    return values if field.required else st.none() | values


def inputs_of(kind: Kind) -> st.SearchStrategy[dict]:
    """Any inputs the kind allows."""
    return st.fixed_dictionaries({field.name: value_of(field) for field in kind.inputs})


def require_contract(kind: Kind, answer: Answer) -> None:
    """Parts that sum to the value on the stated scale, a range around it, nothing that is not a number."""
    numbers = [answer.value, answer.low, answer.high, answer.evidence_n, *(p.contribution for p in answer.parts)]
    assert all(math.isfinite(number) for number in numbers)
    assert answer.low <= answer.value <= answer.high
    assert answer.evidence_n >= 0
    total = sum(part.contribution for part in answer.parts)
    if kind.is_probability:
        assert answer.low >= 0
        assert answer.high <= 1
        assert abs(expit(total) - answer.value) < 1e-9
    else:
        assert total == pytest.approx(answer.value, rel=1e-9, abs=1e-9)
    assert [(p.name, p.unit) for p in answer.parts] == [(p.name, p.unit) for p in kind.parts]
    assert answer.reasons
    assert all(reason.strip() and "\n" not in reason for reason in answer.reasons)
    prior = {part.name for part in kind.parts if part.prior}
    assert prior
    if answer.evidence_n == 0:
        assert all(part.contribution == pytest.approx(0, abs=1e-9) for part in answer.parts if part.name not in prior)


def answered(kind: Kind, model: dict, inputs: dict) -> Answer:
    """Return the answer; the example is dropped if a needed input is not known, which the kind says."""
    try:
        return kind.answer(model, inputs)
    except InputError as error:
        assume(error.got is not None)
        raise


@pytest.mark.parametrize("name", NAMES)
def test_whatever_the_inputs(name, look):
    """The contract holds, and what is kept as JSON gives the very same answer again."""
    kind, gathered = all_kinds()[name], look(name, KNOWN[name])
    stored = orjson.loads(orjson.dumps(gathered.model, option=orjson.OPT_SORT_KEYS))

    @settings(max_examples=40, deadline=None, database=None)
    @given(inputs=inputs_of(kind))
    def holds(inputs: dict) -> None:
        answer = answered(kind, gathered.model, inputs)
        require_contract(kind, answer)
        assert kind.answer(stored, orjson.loads(orjson.dumps(inputs))) == answer

    holds()


@pytest.mark.parametrize(
    ("name", "field"),
    [(name, field) for name, kind in all_kinds().items() for field in kind.inputs if field.better],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_better_is_never_worse(name, field, look):
    """Where an input says which direction is better, going there never lowers the score."""
    kind, gathered = all_kinds()[name], look(name, KNOWN[name])

    @settings(max_examples=15, deadline=None, database=None)
    @given(inputs=inputs_of(kind), other=value_of(field))
    def holds(inputs: dict, other: float) -> None:
        assume(inputs[field.name] is not None and other is not None)
        low, high = sorted((inputs[field.name], other), reverse=field.better == "lower")
        worse, better = (answered(kind, gathered.model, inputs | {field.name: value}) for value in (low, high))
        assert better.value >= worse.value - 1e-12

    holds()


@pytest.mark.parametrize("name", NAMES)
def test_known_subjects_are_scored_by_what_is_known_of_them(name, look):
    """Looked up in a net: within the declared inputs, with evidence."""
    kind, gathered = all_kinds()[name], look(name, KNOWN[name])
    assert {field.name for field in kind.inputs} == set(gathered.inputs)
    check_fields(kind.inputs, gathered.inputs, "inputs")
    answer = kind.answer(gathered.model, gathered.inputs)
    require_contract(kind, answer)
    assert answer.evidence_n > 0
    assert gathered.rank is None or gathered.rank >= 1
    again = look(name, KNOWN[name], gathered.as_of if len(gathered.as_of) == 10 else None)
    assert (again.inputs.keys(), kind.version(again.model)) == (gathered.inputs.keys(), kind.version(gathered.model))


@pytest.mark.parametrize("name", NAMES)
def test_without_evidence_it_is_the_prior(name, look):
    """Nobody knows the newcomer: what is expected of its like, and no evidence."""
    kind = all_kinds()[name]
    gathered = look(name, UNKNOWN[name], LONG_AGO if name == "hit" else None)
    answer = kind.answer(gathered.model, gathered.inputs)
    require_contract(kind, answer)
    assert answer.evidence_n == 0


def test_a_hit_that_need_not_be_kept_keeps_no_estimate(home):
    """A dry run or a what-if leaves nothing, and points to nothing; asked to be kept it is."""
    kind, asked = all_kinds()["hit"], KNOWN["hit"]
    desk = LaunchDesk(home, Inlet.of(home.root))
    day = pd.Timestamp("2025-02-20", tz="Asia/Shanghai")
    worlds = (World(snapshot=home.current(), viewer=Viewer(), as_of=day, launches=lambda: desk, keep=keep) for keep in
              (False, True))  # fmt: skip
    before = len(desk.book.estimates(asked[0]))
    dry = kind.gather(next(worlds), asked[0], {"checkpoint": None})
    assert (dry.inputs["estimate_id"], len(desk.book.estimates(asked[0]))) == (None, before)
    kept = kind.gather(next(worlds), asked[0], {"checkpoint": None})
    assert kept.inputs["estimate_id"] in {one["estimate_id"] for one in desk.book.estimates(asked[0])}
    assert dry.inputs == dict(kept.inputs) | {"estimate_id": None}


@pytest.mark.parametrize("name", NAMES)
def test_more_evidence_never_widens_the_range(name, look):
    """Ten times, then a hundred times the evidence about the subject, saying the same."""
    counts = {"area": "people", "hit": "finished_styles", "trust": "judged_n"}
    kind, gathered = all_kinds()[name], look(name, KNOWN[name])
    count = counts.get(name, "own_n")
    if count not in gathered.inputs:
        assert name in ("brand_fit", "match")  # what is learnt of everybody; the supplier's range itself is an input
        return
    answers = [kind.answer(gathered.model, gathered.inputs | {count: n}) for n in (5, 50, 500)]
    widths = [answer.high - answer.low for answer in answers]
    assert widths == sorted(widths, reverse=True)
    assert [answer.evidence_n for answer in answers] == sorted(answer.evidence_n for answer in answers)


@pytest.mark.parametrize("name", NAMES)
def test_a_kind_tells_what_it_is(name):
    """Each kind, part and field is described; the name is that of its file; text inputs that look up are fixed."""
    kind = all_kinds()[name]
    told = kind.told()
    assert Path(__import__(f"services.scores.kinds.{name}", fromlist=["KIND"]).__file__).stem == told["kind"]
    for text in (kind.judges, kind.subject, kind.evidence, kind.outcome, kind.unit):
        assert text.strip()
    for field in (*kind.context, *kind.inputs):
        assert field.description.endswith(".")
    assert all(part.description.endswith(".") for part in kind.parts)
    assert any(field.better or field.choices for field in kind.inputs)


def test_wrong_values_are_refused_by_name():
    """A name that is none, a value out of range or of another type."""
    fields = all_kinds()["supplier"].inputs
    for given_inputs, message in (
        ({"speed": 1}, "inputs: expected only "),
        ({"own_share": 1.5}, "inputs.own_share: expected a number >= 0 and <= 1, got 1.5"),
        ({"own_share": True}, "inputs.own_share: expected a number"),
        ({"own_n": float("nan")}, "inputs.own_n: expected a number"),
    ):
        with pytest.raises(InputError) as caught:
            check_fields(fields, {"group_share": 0.5, "own_n": 1.0, "third_party_n": 0.0} | given_inputs, "inputs")
        assert str(caught.value).startswith(message)
