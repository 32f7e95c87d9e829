"""Splitting the cake, by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from contracts.errors import InputError, TableError
from settlement.rules import ShareRule, ShareRules
from settlement.shares import split_margins, split_sales

ALL = np.ones((1, 2), dtype=bool)


def _rules(*rules: ShareRule, **options: object) -> ShareRules:
    return ShareRules(rules=rules, rest="brand", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rules", "margin", "shares"),
    [
        # 20 % and 10 % of 1 000 fen
        (_rules(ShareRule(role="guide", percent=20), ShareRule(role="kol", percent=10)), 1000, [200, 100, 700]),
        # 33.33 % twice of 100: 33.33, 33.33, 33.34; the odd fen goes to the largest remainder, the rest
        (_rules(ShareRule(role="guide", percent=33.33), ShareRule(role="kol", percent=33.33)), 100, [33, 33, 34]),
        # halves of 1 fen: a tie, so the earlier role
        (_rules(ShareRule(role="guide", percent=50), ShareRule(role="kol", percent=50)), 1, [1, 0, 0]),
        # 300 fixed first, then 20 % of the whole 1 000
        (_rules(ShareRule(role="guide", fixed_fen=300), ShareRule(role="kol", percent=20)), 1000, [300, 200, 500]),
        # fixed amounts are served in order and never exceed the margin
        (_rules(ShareRule(role="guide", fixed_fen=300), ShareRule(role="kol", fixed_fen=300)), 400, [300, 100, 0]),
        # 600 fixed leave 400: 60 % and 20 % of 1 000 shrink to 3 : 1 of the 400
        (
            _rules(ShareRule(role="guide", fixed_fen=600, percent=60), ShareRule(role="kol", percent=20)),
            1000,
            [900, 100, 0],
        ),
        # tiers: 10 % below 1 000 fen, 30 % from there
        (_rules(ShareRule(role="guide", tiers=((0, 10), (1000, 30))), ShareRule(role="kol")), 999, [100, 0, 899]),
        (_rules(ShareRule(role="guide", tiers=((0, 10), (1000, 30))), ShareRule(role="kol")), 1000, [300, 0, 700]),
        # nothing to divide; a loss stays with the rest
        (_rules(ShareRule(role="guide", percent=20), ShareRule(role="kol", fixed_fen=5)), 0, [0, 0, 0]),
        (_rules(ShareRule(role="guide", percent=20), ShareRule(role="kol", fixed_fen=5)), -70, [0, 0, -70]),
    ],
)
def test_shares_by_hand(rules: ShareRules, margin: int, shares: list[int]) -> None:
    """Each case in a comment."""
    assert split_margins(np.array([margin]), ALL, rules).tolist() == [shares]


def test_sales_become_one_row_per_share() -> None:
    """An absent guide's share stays with the brand; zero shares have no row; the rest always has."""
    sales = pd.DataFrame({"sale_id": ["1", "2"], "margin_fen": [1000, 50], "guide": ["G", None], "brand": ["B", "B"]})
    rules = _rules(ShareRule(role="guide", percent=20), ShareRule(role="kol", percent=10))
    assert split_sales(sales, rules).to_records(index=False).tolist() == [
        ("1", "guide", "G", 200),
        ("1", "brand", "B", 800),
        ("2", "brand", "B", 50),
    ]
    assert split_sales(sales.iloc[:0], rules).empty


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"margin_fen": [1, 0.5]}, "day.csv: column 'margin_fen', row 2"),
        ({"sale_id": ["1", "1"]}, "day.csv: column 'sale_id', row 2"),
        ({"brand": ["B", None]}, "day.csv: column 'brand', row 2: expected the id of who gets the rest"),
    ],
)
def test_wrong_sales_are_named(changes: dict[str, object], message: str) -> None:
    """With the file, the column and the row."""
    sales = pd.DataFrame({"sale_id": ["1", "2"], "margin_fen": [1000, 50], "brand": ["B", "B"]}).assign(**changes)
    with pytest.raises(TableError) as caught:
        split_sales(sales, _rules(), source="day.csv")
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"percent": -1}, "percent: expected 0 to 100"),
        ({"percent": 100.01}, "percent: expected 0 to 100"),
        ({"percent": 1.234}, "two decimals"),
        ({"percent": float("nan")}, "percent: expected 0 to 100"),
        ({"fixed_fen": -1}, "fixed_fen: expected a whole number >= 0, got -1"),
        ({"fixed_fen": 1.5}, "fixed_fen: expected a whole number >= 0, got 1.5"),
        ({"depth": 3}, "depth: expected 1 or 2, got 3"),
        ({"tiers": ((0, 5),), "percent": 5}, "either percent or tiers"),
        ({"tiers": ((10, 5),)}, "expected to start from 0 and ascend"),
        ({"tiers": ((0, 5), (0, 6))}, "expected to start from 0 and ascend"),
        ({"role": ""}, "role: expected a name"),
    ],
)
def test_rules_out_of_range_are_refused(options: dict[str, object], message: str) -> None:
    """Each value by its name."""
    with pytest.raises(ValueError, match=message):
        ShareRule(**({"role": "guide"} | options))


@pytest.mark.parametrize(
    ("rules", "options", "message"),
    [
        ([{"role": "guide"}, {"role": "guide"}], {}, "each role once"),
        ([{"role": "brand"}], {}, "each role once"),
        ([{"role": "a", "percent": 60}, {"role": "b", "percent": 40.01}], {}, "at most 100 together, got 100.01"),
        ([{"role": "a", "percent": 60}, {"role": "b", "tiers": [(0, 1), (500, 41)]}], {}, "at a margin of 500 fen"),
        ([{"role": "a", "depth": 2}], {}, "a: expected depth <= 1, got 2"),
        ([], {"max_depth": 3}, "max_depth: expected 1 or 2, got 3"),
    ],
)
def test_agreements_that_cannot_be_are_refused(
    rules: list[dict[str, object]], options: dict[str, int], message: str
) -> None:
    """Repeated roles, more than the margin, deeper than agreed."""
    with pytest.raises(ValueError, match=message):
        _rules(*(ShareRule(**rule) for rule in rules), **options)  # type: ignore[arg-type]


def test_an_agreement_is_a_file(tmp_path: Path) -> None:
    """TOML, with the recruiter's level agreed on."""
    path = tmp_path / "rules.toml"
    path.write_text(
        'rest = "brand"\nmax_depth = 2\n[[rules]]\nrole = "guide"\npercent = 15\n'
        '[[rules]]\nrole = "introduced_by"\ntiers = [[0, 1], [100000, 2]]\ndepth = 2\n'
    )
    rules = ShareRules.from_file(path)
    assert rules.roles == ("guide", "introduced_by", "brand")
    assert rules.rules[1].basis_points(100_000) == 200


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rest = 'brand'\nrules = 3", "rules.toml"),
        ("rest = 'brand'\n[[rules]]\npercent = 3", "expected a role"),
        ("rest = 'brand'\n[[rules]]\nrole = 'a'\nshare = 3", "share"),
        ("rest = 'brand'\n[[rules]]\nrole = 'a'\npercent = 300", "percent: expected 0 to 100"),
        ("[[rules]]\nrole = 'a'", "rest"),
    ],
)
def test_wrong_agreement_files_are_named(tmp_path: Path, text: str, message: str) -> None:
    """With the file and the table."""
    path = tmp_path / "rules.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        ShareRules.from_file(path)
    assert "rules.toml" in str(caught.value)
