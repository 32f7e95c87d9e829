"""Agreements as files and bodies → rules: strict, named by rule and field, rewards for recruiting refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from contracts.errors import InputError
from contracts.params import params_from, read_toml
from settlement.rules import Attribution, Discount, ShareRule, ShareRules

__all__ = ["read_rules", "rules_from", "rules_table"]

T = TypeVar("T")
_PEOPLE = frozenset(
    [
        "recruit",
        "recruits",
        "recruited",
        "recruitment",
        "headcount",
        "head",
        "heads",
        "downline",
        "team",
        "invite",
        "invited",
    ]
)
_FEES = frozenset(
    [
        "entry",
        "entrance",
        "join",
        "joining",
        "membership",
        "member",
        "signup",
        "starter",
        "deposit",
        "licence",
        "license",
    ]
)
_REFUSED = "shares of sales only: entry fees and rewards for the number of people brought are refused"


def read_rules(path: Path) -> ShareRules:
    """Read an agreement from a TOML file: ``rest``, ``[[rules]]``, ``[[discounts]]``, ``[attribution]``.

    Raises
    ------
    InputError
        If it is no such file; names the file, the rule and the field.
    """
    return rules_from(read_toml(path), where=path.name)


def rules_from(table: Mapping[str, Any], *, where: str = "rules") -> ShareRules:
    """Build an agreement from nested mappings, as a TOML file or a JSON body gives them.

    Raises
    ------
    InputError
        Naming the rule and the field. Rewards for recruiting (entry fees, head counts) are refused as such.

    Examples
    --------
    >>> rules_from({"rest": "brand", "rules": [{"role": "kol", "percent": 12.5}]}).roles
    ('kol', 'brand')
    """
    _refuse_recruiting(table, where)
    rules = _each(table, "rules", ShareRule, where, key="role")
    discounts = _each(table, "discounts", Discount, where, key="order_number")
    attribution = table.get("attribution")
    if attribution is not None:
        attribution = _one(attribution, Attribution, f"{where} [attribution]")
    made = {"rules": rules, "discounts": discounts, "attribution": attribution}
    return params_from({**table, **made}, ShareRules, where=where)


def rules_table(rules: ShareRules) -> dict[str, Any]:
    """Return an agreement as plain data; `rules_from` makes the same agreement of it."""
    table = asdict(rules)
    del table["place"]
    table["rules"] = [{**rule, "tiers": [list(pair) for pair in rule["tiers"]]} for rule in table["rules"]]
    table["discounts"] = list(table["discounts"])
    return table


def _each(table: Mapping[str, Any], name: str, cls: type[T], where: str, *, key: str) -> tuple[T, ...]:
    rows = table.get(name, [])
    if not isinstance(rows, list | tuple) or not all(isinstance(row, Mapping) for row in rows):
        raise InputError(where, f"[[{name}]] tables", rows)
    found = []
    for number, row in enumerate(rows, 1):
        place = f"{where} [[{name}]] {number}"
        if key not in row:
            raise InputError(place, f"a {key}", ", ".join(map(str, row)) or "an empty table")
        found.append(_one(row, cls, f"{place} ({row[key]})"))
    return tuple(found)


def _one(row: object, cls: type[T], where: str) -> T:
    if not isinstance(row, Mapping):
        raise InputError(where, "a table", row)
    _refuse_recruiting(row, where)
    return params_from(row, cls, where=where)


def _refuse_recruiting(row: Mapping[str, Any], where: str) -> None:
    """Refuse what pays for people instead of sales, by field (`entry_fee_fen`) or by value (`per = "recruit"`)."""
    for name, value in row.items():
        told = [str(name)] if str(name) not in _KNOWN else []
        if name == "per" and isinstance(value, str):
            told.append(value)
        for word in told:
            if _is_recruiting(word):
                raise InputError(where, _REFUSED, word if word == name else f"{name} = {word}")


def _is_recruiting(word: str) -> bool:
    parts = set(re.split(r"[\W_]+", word.casefold()))
    return bool(parts & _PEOPLE) or bool(parts & _FEES)


_KNOWN = frozenset(
    name for cls in (ShareRule, Discount, Attribution, ShareRules) for name in cls.__dataclass_fields__
) - {"place"}
