"""Who gets what of a sale, as agreed beforehand: rules as plain data, refused where they cannot be kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal, get_args

__all__ = ["LARGEST_FEN", "MAX_DEPTH", "Attribution", "Discount", "FilledBy", "ShareRule", "ShareRules"]

MAX_DEPTH = 2
LARGEST_FEN = 9_000_000_000_000
"""Largest price or cost of one sale: with it no sum of shares can overflow."""
_LARGEST_FIXED = 1_000_000_000
_MOST_RULES = 20
FilledBy = Literal["sale", "touch", "binding", "referrer"]


@dataclass(frozen=True, kw_only=True)
class ShareRule:
    """What one role gets of each sale: a percentage or tiers, a fixed amount, or both.

    Parameters
    ----------
    role
        The role (``guide``, ``kol``, ``platform``, ``workshop`` …), also the column of the sales that names who plays
        it. Where nobody does, the share stays with whoever gets the rest.
    percent
        Percent of `of`, in [0, 100], two decimals at most.
    of
        ``margin``: of what is divided; ``price``: of what the shopper paid (a platform's toll).
    fixed_fen
        Fen on top, in [0, 1e9], per sale or per piece.
    per
        ``sale`` or ``piece`` (a workshop's piece rate).
    tiers
        Instead of `percent`: pairs (from fen of `of`, percent), the first from 0, ascending. The tier that the whole
        amount reaches counts.
    filled_by
        ``sale``: by the sale's column. ``touch``: by the party where the demand arose, else by the column.
        ``binding``: by whoever holds the sale's binding on its day (a lifetime commission). ``referrer``: by whoever
        brought the party of the role `through`; its `depth` is 2.
    within_days
        Of a binding: how long after its start it still pays; None = for life.
    through
        Of a referrer: the role of those who were brought.
    depth
        1 for those who made the sale, 2 for those who brought them. Never more.

    Raises
    ------
    ValueError
        If a value is out of range; the text names the field.
    """

    role: str
    percent: float = 0.0
    of: Literal["margin", "price"] = "margin"
    fixed_fen: int = 0
    per: Literal["sale", "piece"] = "sale"
    tiers: tuple[tuple[int, float], ...] = ()
    filled_by: FilledBy = "sale"
    within_days: int | None = None
    through: str | None = None
    depth: int = 1

    def __post_init__(self) -> None:
        _require_name("role", self.role)
        object.__setattr__(self, "tiers", _pairs(self.tiers))
        for percent in (self.percent, *(percent for _, percent in self.tiers)):
            _require_percent(percent)
        _require_choice("of", self.of, ("margin", "price"))
        _require_choice("per", self.per, ("sale", "piece"))
        _require_choice("filled_by", self.filled_by, get_args(FilledBy))
        _require_whole("fixed_fen", self.fixed_fen, 0, _LARGEST_FIXED)
        self._check_tiers()
        self._check_filling()

    def _check_tiers(self) -> None:
        starts = [start for start, _ in self.tiers]
        if self.tiers and self.percent:
            raise ValueError("tiers: expected either percent or tiers, got both")
        if starts and (starts[0] != 0 or any(b <= a for a, b in pairwise(starts)) or starts[-1] > LARGEST_FEN):
            raise ValueError(f"tiers: expected to start from 0 and ascend to {LARGEST_FEN} fen at most, got {starts}")

    def _check_filling(self) -> None:
        if isinstance(self.depth, bool) or self.depth not in range(1, MAX_DEPTH + 1):
            raise ValueError(f"depth: expected 1 or {MAX_DEPTH}, got {self.depth}")
        if (self.depth == MAX_DEPTH) != (self.filled_by == "referrer"):
            raise ValueError(f"depth: expected 2 with filled_by referrer only, got {self.depth} with {self.filled_by}")
        if (self.through is not None) != (self.filled_by == "referrer"):
            raise ValueError(f"through: expected the role they brought, with filled_by referrer, got {self.through}")
        if self.within_days is not None:
            if self.filled_by != "binding":
                raise ValueError(f"within_days: expected with filled_by binding only, got {self.filled_by}")
            _require_whole("within_days", self.within_days, 1, 36_500)

    def basis_points(self, base_fen: int) -> int:
        """Return the hundredths of a percent that count at an amount of `of`."""
        reached = [percent for start, percent in self.tiers if start <= max(base_fen, 0)]
        return round((reached[-1] if reached else self.percent) * 100)


@dataclass(frozen=True, kw_only=True)
class Discount:
    """What the shopper need not pay of their first, second, … order.

    Parameters
    ----------
    order_number
        Which order of the shopper, 1 = the first.
    percent
        Percent of the list price, in (0, 100], two decimals at most: 20 for 20 % off, 50 for half price.
    paid_by
        The role that pays for it, out of its own share: the others' shares are those of the list price. None: it
        comes off the margin before that is divided.
    """

    order_number: int
    percent: float
    paid_by: str | None = None

    def __post_init__(self) -> None:
        _require_whole("order_number", self.order_number, 1, 1_000_000)
        _require_percent(self.percent)
        if self.percent == 0:
            raise ValueError("percent: expected more than 0, got 0")
        if self.paid_by is not None:
            _require_name("paid_by", self.paid_by)

    @property
    def basis_points(self) -> int:
        """Hundredths of a percent."""
        return round(self.percent * 100)


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """Where demand is said to have arisen.

    Parameters
    ----------
    window_days
        By channel: how many days after a touch a sale is still credited to it, in (0, 3650]. Touches in channels that
        are not named count nowhere.
    credit
        Which touch within its window is credited: the ``first`` (where the demand arose) or the ``last``.
    """

    window_days: Mapping[str, float]
    credit: Literal["first", "last"] = "first"

    def __post_init__(self) -> None:
        if not isinstance(self.window_days, Mapping) or not self.window_days:
            raise ValueError(f"window_days: expected days by channel, got {self.window_days!r}")
        for channel, days in self.window_days.items():
            _require_name("window_days", channel)
            if isinstance(days, bool) or not isinstance(days, int | float) or not 0 < days <= 3650:
                raise ValueError(f"window_days: {channel}: expected days > 0 and <= 3650, got {days}")
        _require_choice("credit", self.credit, ("first", "last"))


@dataclass(frozen=True, kw_only=True)
class ShareRules:
    """An agreement: the rules, and who gets the rest.

    Parameters
    ----------
    rules
        One per role; ties of rounding go to the earlier one. At most 20.
    rest
        The role that gets what the rules leave, and bears a loss; every sale names it.
    name
        What the parties call the agreement.
    max_depth
        Levels of commission agreed on: 1 (default) or 2.
    when_short
        What happens to a sale of which the rules ask for more than its margin: ``refuse`` it by name (default), or
        ``rest_bears``: the others get what was agreed and the rest's role pays for it.
    discounts
        Of the shopper's first, second … order; each order number once.
    attribution
        Windows of touches; needed by rules that are filled by them.

    Raises
    ------
    ValueError
        If roles repeat, percentages of the margin exceed 100 together, or a rule goes deeper than agreed.

    Examples
    --------
    >>> rules = ShareRules(rules=(ShareRule(role="guide", percent=20),), rest="brand")
    >>> rules.roles
    ('guide', 'brand')
    """

    rules: tuple[ShareRule, ...]
    rest: str
    name: str = ""
    max_depth: int = 1
    when_short: Literal["refuse", "rest_bears"] = "refuse"
    discounts: tuple[Discount, ...] = ()
    attribution: Attribution | None = None
    place: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rules", tuple(self.rules))
        object.__setattr__(self, "discounts", tuple(self.discounts))
        _require_name("rest", self.rest)
        object.__setattr__(self, "place", {role: place for place, role in enumerate(self.roles)})
        if len(self.place) != len(self.roles):
            raise ValueError(f"rules: expected each role once and not the rest's, got {', '.join(self.roles)}")
        if len(self.rules) > _MOST_RULES:
            raise ValueError(f"rules: expected at most {_MOST_RULES}, got {len(self.rules)}")
        if isinstance(self.max_depth, bool) or self.max_depth not in range(1, MAX_DEPTH + 1):
            raise ValueError(f"max_depth: expected 1 or {MAX_DEPTH}, got {self.max_depth}")
        if self.name != "":
            _require_name("name", self.name)
        _require_choice("when_short", self.when_short, ("refuse", "rest_bears"))
        self._check_rules()
        self._check_discounts()
        self._check_percentages()

    def _check_rules(self) -> None:
        for rule in self.rules:
            if rule.depth > self.max_depth:
                raise ValueError(f"{rule.role}: depth: expected <= {self.max_depth} (max_depth), got {rule.depth}")
            if rule.filled_by == "touch" and self.attribution is None:
                raise ValueError(f"{rule.role}: filled_by: expected [attribution] beside touch, got none")
            if rule.through is not None and (rule.through not in self.place or self._depth(rule.through) > 1):
                raise ValueError(f"{rule.role}: through: expected a role of depth 1, got {rule.through}")

    def _depth(self, role: str) -> int:
        return next((rule.depth for rule in self.rules if rule.role == role), 1)

    def _check_discounts(self) -> None:
        numbers = [discount.order_number for discount in self.discounts]
        if len(set(numbers)) != len(numbers):
            raise ValueError(f"discounts: expected each order_number once, got {numbers}")
        for discount in self.discounts:
            if discount.paid_by is not None and discount.paid_by not in self.place:
                raise ValueError(f"discounts: paid_by: expected a role of the rules, got {discount.paid_by}")

    def _check_percentages(self) -> None:
        of_margin = [rule for rule in self.rules if rule.of == "margin"]
        for margin in sorted({0, *(start for rule in of_margin for start, _ in rule.tiers)}):
            points = {rule.role: rule.basis_points(margin) for rule in of_margin}
            if sum(points.values()) > 10_000:
                who = ", ".join(f"{role} {part / 100:g}" for role, part in points.items() if part)
                raise ValueError(
                    f"percent: expected at most 100 together, got {sum(points.values()) / 100:g} ({who}) "
                    f"at a margin of {margin} fen"
                )

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles, the rest's last."""
        return (*(rule.role for rule in self.rules), self.rest)

    def needs(self, filling: FilledBy) -> str | None:
        """Return the first role that is filled in a way, None if none is."""
        return next((rule.role for rule in self.rules if rule.filled_by == filling), None)


def _pairs(tiers: Any) -> tuple[tuple[int, float], ...]:
    try:
        found = tuple((start, percent) for start, percent in tiers)
    except (TypeError, ValueError):
        raise ValueError(f"tiers: expected pairs (from fen, percent), got {tiers!r}") from None
    if any(isinstance(start, bool) or not isinstance(start, int) for start, _ in found):
        raise ValueError(f"tiers: expected to start from whole fen, got {tiers!r}")
    return found


def _require_name(name: str, value: object) -> None:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name}: expected a name, got {value!r}")


def _require_percent(value: object) -> None:
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if not (0 <= number <= 100 and abs(number * 100 - round(number * 100)) < 1e-6):
        raise ValueError(f"percent: expected 0 to 100 with two decimals at most, got {value!r}")


def _require_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name}: expected {' or '.join(choices)}, got {value!r}")


def _require_whole(name: str, value: object, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"{name}: expected a whole number >= {least} and <= {most}, got {value!r}")
