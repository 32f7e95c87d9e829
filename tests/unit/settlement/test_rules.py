"""Agreements: what can be agreed, what is refused, and by what name."""

from pathlib import Path

import pytest

from contracts.errors import InputError
from settlement.rule_files import read_rules, rules_from, rules_table
from settlement.rules import Attribution, Discount, ShareRule, ShareRules

FULL = """
name = "spring"
rest = "brand"
max_depth = 2
when_short = "rest_bears"
[[rules]]
role = "kol"
filled_by = "touch"
tiers = [[0, 1], [100000, 2]]
[[rules]]
role = "introducer"
percent = 1
filled_by = "referrer"
through = "kol"
depth = 2
[[rules]]
role = "guide"
percent = 8
filled_by = "binding"
within_days = 365
[[discounts]]
order_number = 1
percent = 20
paid_by = "brand"
[attribution]
credit = "last"
window_days = { live = 3, link = 14.5 }
"""


def test_an_agreement_is_a_file_and_plain_data(tmp_path: Path) -> None:
    """Read from TOML, written as plain data, read again: the same."""
    path = tmp_path / "rules.toml"
    path.write_text(FULL)
    rules = read_rules(path)
    assert rules.roles == ("kol", "introducer", "guide", "brand")
    assert rules.rules[0].basis_points(100_000) == 200
    assert rules_from(rules_table(rules)) == rules


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"percent": -1}, "percent: expected 0 to 100"),
        ({"percent": 100.01}, "percent: expected 0 to 100"),
        ({"percent": 1.234}, "two decimals"),
        ({"percent": float("nan")}, "percent: expected 0 to 100"),
        ({"percent": "5"}, "percent: expected 0 to 100"),
        ({"percent": True}, "percent: expected 0 to 100"),
        ({"fixed_fen": -1}, "fixed_fen: expected a whole number >= 0"),
        ({"fixed_fen": 1.5}, "fixed_fen: expected a whole number >= 0"),
        ({"of": "turnover"}, "of: expected margin or price"),
        ({"per": "month"}, "per: expected sale or piece"),
        ({"depth": 3}, "depth: expected 1 or 2, got 3"),
        ({"depth": 2}, "depth: expected 2 with filled_by referrer only"),
        ({"filled_by": "referrer", "depth": 2}, "through: expected the role they brought"),
        ({"within_days": 3}, "within_days: expected with filled_by binding only"),
        ({"filled_by": "binding", "within_days": 0}, "within_days: expected a whole number >= 1"),
        ({"tiers": ((0, 5),), "percent": 5}, "either percent or tiers"),
        ({"tiers": ((10, 5),)}, "expected to start from 0 and ascend"),
        ({"tiers": ((0, 5), (0, 6))}, "expected to start from 0 and ascend"),
        ({"tiers": (0, 5)}, "tiers: expected pairs"),
        ({"tiers": ((0.5, 5),)}, "tiers: expected to start from whole fen"),
        ({"role": ""}, "role: expected a name"),
    ],
)
def test_rules_out_of_range_are_refused(options: dict[str, object], message: str) -> None:
    """Each value by its name."""
    with pytest.raises(ValueError, match=message):
        ShareRule(**({"role": "guide"} | options))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rules", "options", "message"),
    [
        ([{"role": "guide"}, {"role": "guide"}], {}, "each role once"),
        ([{"role": "brand"}], {}, "each role once"),
        ([{"role": "a", "percent": 60}, {"role": "b", "percent": 40.01}], {}, r"got 100.01 \(a 60, b 40.01\)"),
        ([{"role": "a", "percent": 60}, {"role": "b", "tiers": [(0, 1), (500, 41)]}], {}, "at a margin of 500 fen"),
        ([{"role": "a", "depth": 2, "filled_by": "referrer", "through": "brand"}], {}, "a: depth: expected <= 1"),
        ([{"role": "a", "depth": 2, "filled_by": "referrer", "through": "b"}], {"max_depth": 2}, "a role of depth 1"),
        ([{"role": "a", "filled_by": "touch"}], {}, r"expected \[attribution\] beside touch"),
        ([], {"max_depth": 3}, "max_depth: expected 1 or 2, got 3"),
        ([], {"when_short": "cut"}, "when_short: expected refuse or rest_bears"),
        ([{"role": f"r{n}"} for n in range(21)], {}, "at most 20"),
        ([], {"discounts": [Discount(order_number=1, percent=5)] * 2}, "each order_number once"),
        ([], {"discounts": [Discount(order_number=1, percent=5, paid_by="x")]}, "paid_by: expected a role of the"),
    ],
)
def test_agreements_that_cannot_be_are_refused(
    rules: list[dict[str, object]], options: dict[str, object], message: str
) -> None:
    """Repeated roles, more than the margin, deeper than agreed."""
    with pytest.raises(ValueError, match=message):
        ShareRules(rules=tuple(ShareRule(**rule) for rule in rules), rest="brand", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("windows", [{}, {"live": 0}, {"live": "3"}, {"live": True}, 7])
def test_windows_are_days_by_channel(windows: object) -> None:
    """More than none."""
    with pytest.raises(ValueError, match="window_days"):
        Attribution(window_days=windows)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rest = 'brand'\nrules = 3", r"rules.toml: expected \[\[rules\]\] tables"),
        ("rest = 'brand'\n[[rules]]\npercent = 3", r"\[\[rules\]\] 1: expected a role"),
        ("rest = 'brand'\n[[rules]]\nrole = 'a'\nshare = 3", r"\[\[rules\]\] 1 \(a\): expected only .*, got share"),
        ("rest = 'brand'\n[[rules]]\nrole = 'a'\npercent = 300", r"1 \(a\): .*percent: expected 0 to 100"),
        ("rest = 'brand'\n[[discounts]]\norder_number = 1\npercent = 0", r"\[\[discounts\]\] 1 \(1\).*more than 0"),
        ("rest = 'brand'\nattribution = 3", r"\[attribution\]: expected a table"),
        ("[[rules]]\nrole = 'a'", "rest"),
    ],
)
def test_wrong_agreement_files_are_named(tmp_path: Path, text: str, message: str) -> None:
    """With the file, the rule and the field."""
    path = tmp_path / "rules.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_rules(path)
    assert "rules.toml" in str(caught.value)


@pytest.mark.parametrize(
    "reward",
    [
        {"entry_fee_fen": 9900},
        {"joining_fee_fen": 9900},
        {"membership_fen": 1},
        {"per_recruit_fen": 100},
        {"fixed_fen": 100, "per": "recruit"},
        {"head_count_fen": 5},
        {"headcount": 5},
        {"per": "new member"},
        {"team_size": 3},
        {"downline_percent": 3},
    ],
)
def test_rewards_for_recruiting_are_refused_as_such(reward: dict[str, object]) -> None:
    """Not as an unknown field: the message says what is wrong with it."""
    with pytest.raises(InputError, match=r"\(kol\): expected shares of sales only: entry fees and rewards"):
        rules_from({"rest": "brand", "rules": [{"role": "kol", **reward}]})
    if "per" not in reward:
        with pytest.raises(InputError, match="expected shares of sales only"):
            rules_from({"rest": "brand", **reward})
