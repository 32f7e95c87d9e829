"""Who gets what of a sale's margin, as agreed beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from contracts.errors import InputError
from contracts.params import params_from, read_toml

__all__ = ["MAX_DEPTH", "ShareRule", "ShareRules"]

MAX_DEPTH = 2


@dataclass(frozen=True, kw_only=True)
class ShareRule:
    """What one role gets of each sale.

    Parameters
    ----------
    role
        The role, which is also the column of the sales that names who plays it (``guide``, ``store``, ``kol``…).
        Where the cell is empty the share stays with whoever gets the rest.
    percent
        Percent of the margin, in [0, 100], two decimals at most.
    fixed_fen
        Fen per sale on top, >= 0; taken before percentages, never more than is left.
    tiers
        Instead of `percent`: pairs (from margin in fen, percent), the first from 0, ascending. The tier the whole
        margin reaches counts.
    depth
        1 for those who made the sale, 2 for those who brought them. Never more than 2.

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    role: str
    percent: float = 0.0
    fixed_fen: int = 0
    tiers: tuple[tuple[int, float], ...] = ()
    depth: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "tiers", tuple((start, percent) for start, percent in self.tiers))
        if not isinstance(self.role, str) or not self.role:
            raise ValueError(f"role: expected a name, got {self.role!r}")
        for percent in (self.percent, *(percent for _, percent in self.tiers)):
            if not (0 <= percent <= 100 and abs(percent * 100 - round(percent * 100)) < 1e-6):
                raise ValueError(f"percent: expected 0 to 100 with two decimals at most, got {percent}")
        if not isinstance(self.fixed_fen, int) or self.fixed_fen < 0:
            raise ValueError(f"fixed_fen: expected a whole number >= 0, got {self.fixed_fen}")
        if self.depth not in range(1, MAX_DEPTH + 1):
            raise ValueError(f"depth: expected 1 or {MAX_DEPTH}, got {self.depth}")
        self._check_tiers()

    def _check_tiers(self) -> None:
        starts = [start for start, _ in self.tiers]
        if self.tiers and self.percent:
            raise ValueError("tiers: expected either percent or tiers, got both")
        if starts and (starts[0] != 0 or any(b <= a for a, b in pairwise(starts))):
            raise ValueError(f"tiers: expected to start from 0 and ascend, got {starts}")

    def basis_points(self, margin_fen: int) -> int:
        """Return the hundredths of a percent that count at a margin."""
        reached = [percent for start, percent in self.tiers if start <= max(margin_fen, 0)]
        return round((reached[-1] if reached else self.percent) * 100)


@dataclass(frozen=True, kw_only=True)
class ShareRules:
    """An agreement: the rules, and who gets the rest.

    Parameters
    ----------
    rules
        One per role, in the order in which fixed amounts are served.
    rest
        The role that gets what the rules leave, and bears a loss; every sale names it.
    max_depth
        Levels of commission agreed on: 1 (default) or 2.

    Raises
    ------
    ValueError
        If roles repeat, percentages exceed 100 together at some margin, or a rule goes deeper than agreed.

    Examples
    --------
    >>> rules = ShareRules(rules=(ShareRule(role="guide", percent=20),), rest="brand")
    >>> rules.roles
    ('guide', 'brand')
    """

    rules: tuple[ShareRule, ...]
    rest: str
    max_depth: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "rules", tuple(self.rules))
        roles = [rule.role for rule in self.rules]
        if len({*roles, self.rest}) != len(roles) + 1:
            raise ValueError(f"rules: expected each role once and not the rest's, got {', '.join([*roles, self.rest])}")
        if self.max_depth not in range(1, MAX_DEPTH + 1):
            raise ValueError(f"max_depth: expected 1 or {MAX_DEPTH}, got {self.max_depth}")
        for rule in self.rules:
            if rule.depth > self.max_depth:
                raise ValueError(f"{rule.role}: expected depth <= {self.max_depth}, got {rule.depth}")
        for margin in self.thresholds:
            total = sum(rule.basis_points(margin) for rule in self.rules)
            if total > 10_000:
                raise ValueError(
                    f"percent: expected at most 100 together, got {total / 100:g} at a margin of {margin} fen"
                )

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles, the rest's last."""
        return (*(rule.role for rule in self.rules), self.rest)

    @property
    def thresholds(self) -> list[int]:
        """Margins in fen from which other percentages count, 0 first."""
        return sorted({0, *(start for rule in self.rules for start, _ in rule.tiers)})

    @classmethod
    def from_file(cls, path: Path) -> ShareRules:
        """Read ``rest``, ``max_depth`` and one ``[[rules]]`` table per role from a TOML file."""
        return cls.from_table(read_toml(path), where=path.name)

    @classmethod
    def from_table(cls, table: Mapping[str, Any], *, where: str = "rules") -> ShareRules:
        """Build from nested mappings, as a TOML file or a JSON body gives them.

        Raises
        ------
        InputError
            Naming the table and the value out of range.
        """
        rows = table.get("rules", [])
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise InputError(where, "[[rules]] tables", rows)
        rules = [_rule(row, f"{where} [[rules]] {number}") for number, row in enumerate(rows, 1)]
        return params_from({**table, "rules": tuple(rules)}, cls, where=where)


def _rule(row: Mapping[str, Any], where: str) -> ShareRule:
    if "role" not in row:
        raise InputError(where, "a role", ", ".join(row) or "an empty table")
    return params_from(row, ShareRule, where=where)
