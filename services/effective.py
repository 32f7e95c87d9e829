"""Which facts count: a function of the set of them, whatever the order in which they arrived."""

from __future__ import annotations

from collections.abc import Iterable

from store.fact_book import Fact

__all__ = ["effective", "family_of"]

Family = tuple[str, str]


def family_of(fact: Fact) -> Family:
    """Return what a fact shares with those that correct or cancel it: tenant and root."""
    return fact.tenant, fact.root


def effective(facts: Iterable[Fact]) -> dict[Family, Fact | None]:
    """Return the fact that counts of each family, None where none does.

    A cancellation ends its family for good. Of the corrections, whole payloads of the original's kind, the last by
    (occurred_at, sequence, key) counts; without one the original. A family whose original has not come yet waits.

    Examples
    --------
    >>> from dataclasses import replace
    >>> sold = Fact(tenant="", key="s1", kind="sale", subject="soap", root="s1", payload={"pieces": 5}, sequence=0,
    ...     occurred_at_ms=1, accepted_at_ms=1)
    >>> better = replace(sold, key="s2", payload={"pieces": 4}, occurred_at_ms=2)
    >>> effective([better, sold])["", "s1"].payload
    {'pieces': 4}
    >>> effective([better])
    {('', 's1'): None}
    """
    members: dict[Family, list[Fact]] = {}
    for fact in facts:
        members.setdefault(family_of(fact), []).append(fact)
    return {family: _counting(family, found) for family, found in members.items()}


def _counting(family: Family, members: list[Fact]) -> Fact | None:
    original = next((fact for fact in members if fact.key == family[1]), None)
    if original is None or any(fact.kind == "cancellation" for fact in members):
        return None
    corrections = [fact for fact in members if fact is not original and fact.kind == original.kind]
    return max(corrections, key=lambda fact: fact.order, default=original)
