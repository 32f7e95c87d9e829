"""What-ifs of a routing comparison: a policy under other weights, guaranteed shares or capacities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from contracts.errors import InputError
from contracts.params import params_from, read_toml
from matching.frames import Instance
from matching.score import ScoreWeights, total_score
from matching.tables import MAX_LOAD

__all__ = ["Variant", "variants_from_file", "variants_from_tables", "varied"]


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A policy under other assumptions.

    Parameters
    ----------
    policy
        One of `services.compare_routing.POLICIES`.
    floor
        Share of its proportional part that each supplier is guaranteed, in [0, 1]; counts with ``batch``.
    capacity
        Every supplier's capacity is multiplied by it, >= 0.
    capacities
        Units of load by supplier, >= 0, instead of those given (0 = it is down).
    weights
        Weights by which candidates are scored anew, as in ``--weights``.
    """

    policy: str = "batch"
    floor: float = 0.0
    capacity: float = 1.0
    capacities: Mapping[str, int] = field(default_factory=dict)
    weights: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.floor <= 1:
            raise ValueError(f"floor: expected a share in [0, 1], got {self.floor}")
        if self.floor and self.policy != "batch":
            raise ValueError(f"floor: expected 0 with the policy {self.policy}, got {self.floor}")
        if not 0 <= self.capacity <= 1000:
            raise ValueError(f"capacity: expected a factor in [0, 1000], got {self.capacity}")
        for supplier, pieces in self.capacities.items():
            if isinstance(pieces, bool) or not isinstance(pieces, int) or not 0 <= pieces <= MAX_LOAD:
                raise ValueError(f"capacities.{supplier}: expected a whole number from 0 to {MAX_LOAD}, got {pieces}")


def variants_from_file(path: Path) -> dict[str, Variant]:
    """Read one ``[NAME]`` table per variant from a TOML file."""
    return variants_from_tables(read_toml(path), where=path.name)


def variants_from_tables(tables: Mapping[str, Any], *, where: str = "variants") -> dict[str, Variant]:
    """Return variants by name from nested mappings, as a TOML file or a JSON body gives them.

    Raises
    ------
    InputError
        Naming the table and the option.
    """
    made = {}
    for name, row in tables.items():
        if not isinstance(row, Mapping):
            raise InputError(f"{where}: {name}", "a table with policy, floor, capacity, capacities or weights", row)
        nested = {key: row[key] for key in ("capacities", "weights") if key in row}
        for key, value in nested.items():
            if not isinstance(value, Mapping):
                raise InputError(f"{where} [{name}]: {key}", "a table", value)
        plain = {key: value for key, value in row.items() if key not in nested}
        one = params_from(plain, Variant, where=f"{where} [{name}]")
        try:
            made[name] = replace(one, **nested)
        except ValueError as error:
            raise InputError(f"{where} [{name}]", "options in range", str(error)) from None
    return made


def varied(made: Instance, variant: Variant) -> Instance:
    """Return the instance under a variant's capacities and weights.

    Raises
    ------
    InputError
        If it names a supplier that is not there, or weighs a column that candidates lack.
    """
    capacity = np.floor(made.problem.capacity * variant.capacity).astype(np.int64)
    at = made.suppliers.reset_index(drop=True).reset_index().set_index("supplier_id")["index"]
    for supplier, pieces in variant.capacities.items():
        if supplier not in at.index:
            raise InputError("variants: capacities", "suppliers of the table suppliers", supplier)
        capacity[at[supplier]] = pieces
    problem = made.problem.replace(capacity=capacity)
    if variant.weights:
        weights = ScoreWeights.from_table(variant.weights, where="variants: weights")
        problem = problem.replace(score=total_score(made.candidates, weights))
    return replace(made, problem=problem)
