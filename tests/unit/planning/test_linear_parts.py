"""A linear program whose parts share no row is solved part by part: the same cost, and what is unchanged stays."""

from __future__ import annotations

import numpy as np
import pytest

from planning.linear import LinearModel


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let programs of tens of columns count as large."""
    monkeypatch.setattr("planning.linear.INTERIOR_COLUMNS", 25)
    monkeypatch.setattr("planning.linear._LUMP_COLUMNS", 10)


def _model(blocks: list[int], *, seed: int = 0, dearer: int | None = None, missing: bool = False) -> LinearModel:
    """Mixtures, one a block: parts of each column, at least 1 of each need, in changing order; one block is dearer."""
    model = LinearModel()
    model.add_columns(1, cost=7.0, lower=1.0, upper=1.0)  # in no row
    for number, n in enumerate(blocks):
        rng = np.random.default_rng([seed, number])
        cost = rng.uniform(1, 9, n) + (number == dearer) * rng.uniform(1, 9, n)
        columns = model.add_columns(n, cost=cost, upper=2.0)
        rows = model.add_rows(4, lower=1.0, upper=np.inf)
        model.put(np.repeat(rows, n), np.tile(columns, 4), rng.uniform(0, 1, 4 * n))
    model.add_rows(1, lower=1.0 if missing else -1.0, upper=np.inf)  # has no entry
    return model


def _whole(model: LinearModel) -> float:
    """Return the lowest cost as the mixed-integer solver, which takes all at once, sees it."""
    none = np.zeros(model.n_columns)
    none[0] = 1.0  # one that is whole anyway
    return model.solve(seconds=60, gap=0, integer=none).objective


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("blocks", [[40], [12, 13], [3, 4, 5, 30, 2, 6], [30, 30, 30]])
def test_parts_cost_what_the_whole_costs(blocks: list[int]) -> None:
    model = _model(blocks)
    found = model.solve(seconds=60, gap=0)
    assert found.proven
    assert found.values is not None
    assert found.objective == pytest.approx(_whole(model), rel=1e-7)
    assert found.bound == pytest.approx(found.objective, rel=1e-9)
    made = model.matrix() @ found.values
    assert (made >= np.concatenate(model.row_lower) - 1e-6).all()
    assert found.objective == pytest.approx(float(np.concatenate(model.cost) @ found.values), rel=1e-9)


@pytest.mark.usefixtures("small")
def test_what_shares_nothing_with_a_change_stays_to_the_bit() -> None:
    blocks = [20, 20, 20, 20]
    before, after = (_model(blocks, dearer=dearer).solve(seconds=60, gap=0).values for dearer in (None, 2))
    assert before is not None
    assert after is not None
    block = np.concatenate([[0], np.repeat(np.arange(4), 20)])
    assert (before[block != 2] == after[block != 2]).all()
    assert (before[block == 2] != after[block == 2]).any()


@pytest.mark.usefixtures("small")
def test_a_row_that_nothing_can_meet_leaves_no_values() -> None:
    found = _model([30, 30], missing=True).solve(seconds=60, gap=0)
    assert found.values is None
    assert not found.proven
