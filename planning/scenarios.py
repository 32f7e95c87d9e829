"""What-if scenarios: a plan's tables and parameters with some of them changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import pandas as pd

from contracts.errors import InputError
from contracts.params import params_from
from planning.build import PlanTables
from planning.params import PlanParams
from planning.tables import quantile_levels

__all__ = ["DemandChange", "Outage", "Scenario", "apply_scenario", "scenarios_from"]

_LATE = ("backlog_cost", "lost_cost")


def _require_range(name: str, value: float, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"Expected {name} to be a number in [{low:g}, {high:g}], got {value!r}.")


def _day(name: str, text: str | None) -> pd.Timestamp | None:
    try:
        return None if text is None else pd.Timestamp(str(text))
    except ValueError:
        raise ValueError(f"Expected {name} as a date (YYYY-MM-DD), got {text!r}.") from None


@dataclass(frozen=True, kw_only=True)
class DemandChange:
    """Demand times a factor in [0, 100]: of one item or of all, between two days or throughout."""

    factor: float
    item: str | None = None
    start: str | None = None
    end: str | None = None

    def __post_init__(self) -> None:
        _require_range("factor", self.factor, 0, 100)
        _day("start", self.start), _day("end", self.end)


@dataclass(frozen=True, kw_only=True)
class Outage:
    """A resource, or all of a factory, without hours between two days (or throughout)."""

    resource: str | None = None
    factory: str | None = None
    start: str | None = None
    end: str | None = None

    def __post_init__(self) -> None:
        if (self.resource is None) == (self.factory is None):
            got = "both" if self.resource is not None else "neither"
            raise ValueError(f"Expected either resource or factory to be down, got {got}.")
        _day("start", self.start), _day("end", self.end)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What is different.

    Parameters
    ----------
    name
        Of the scenario.
    demand
        Changes of demand, one after the other.
    down
        Outages.
    overtime
        Hours that may be added in each bucket, as a share of its capacity, in [0, 10]; None = as in the table.
    firm, slushy
        Buckets of the horizon; None = as in the parameters.
    late
        Times the price of being late or short, in [0, 1000].
    weights
        Money per hour that replaces the parameters' (`[weights]` of ``plan.toml``).
    """

    name: str
    demand: tuple[DemandChange, ...] = ()
    down: tuple[Outage, ...] = ()
    overtime: float | None = None
    firm: int | None = None
    slushy: int | None = None
    late: float = 1.0
    weights: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise ValueError(f"Expected name to be a text, got {self.name!r}.")
        _require_range("late", self.late, 0, 1000)
        if self.overtime is not None:
            _require_range("overtime", self.overtime, 0, 10)


def scenarios_from(tables: Sequence[Mapping[str, Any]], *, where: str = "scenarios") -> list[Scenario]:
    """Build scenarios from the tables of a TOML or JSON file.

    `demand` may also be a number (a factor on all demand), or one table; `down` may be one table.

    Raises
    ------
    InputError
        Naming the scenario and the value that is unknown or out of range; two of one name.

    Examples
    --------
    >>> scenarios_from([{"name": "fair", "demand": 1.2, "late": 2.0}])[0].demand
    (DemandChange(factor=1.2, item=None, start=None, end=None),)
    """
    found = [_scenario(table, f"{where}[{k}]") for k, table in enumerate(tables)]
    names = [scenario.name for scenario in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(where, "each name once", twice)
    if not found:
        raise InputError(where, "at least one scenario", "none")
    return found


def _scenario(table: Mapping[str, Any], where: str) -> Scenario:
    if not isinstance(table, Mapping):
        raise InputError(where, "a table", table)
    given = {name: value for name, value in table.items() if value is not None}
    where = f"{where} {given['name']}" if "name" in given else where
    if "demand" in given:
        changes = given["demand"]
        changes = [{"factor": changes}] if isinstance(changes, int | float) else _listed(changes)
        given["demand"] = tuple(params_from(one, DemandChange, where=f"{where}.demand") for one in changes)
    if "down" in given:
        given["down"] = tuple(params_from(one, Outage, where=f"{where}.down") for one in _listed(given["down"]))
    return params_from(given, Scenario, where=where)


def _listed(value: Any) -> list[Any]:
    return [value] if isinstance(value, Mapping) else list(value)


def apply_scenario(scenario: Scenario, tables: PlanTables, params: PlanParams) -> tuple[PlanTables, PlanParams]:
    """Return the tables and parameters of a scenario; what was given stays as it is.

    Parameters
    ----------
    tables
        Checked.

    Raises
    ------
    InputError
        An item, resource or factory that the tables do not know; a weight or horizon out of range.
    """
    where = f"scenario {scenario.name}"
    changed = replace(
        tables,
        demand=_demand(scenario, tables.demand, where),
        resources=_resources(scenario, tables.resources, where),
        items=_items(scenario, tables.items),
    )
    horizon = {name: value for name in ("firm", "slushy") if (value := getattr(scenario, name)) is not None}
    terms = {
        "weights": _all(params.weights) | dict(scenario.weights),
        "horizon": _all(params.horizon) | horizon,
        "solve": _all(params.solve),
    }
    return changed, PlanParams.from_tables(terms, where=where)


def _all(part: Any) -> dict[str, Any]:
    return {one.name: getattr(part, one.name) for one in fields(part)}


def _between(buckets: pd.Series, start: str | None, end: str | None) -> pd.Series:
    first, last = _day("start", start), _day("end", end)
    inside = pd.Series(data=True, index=buckets.index)
    if first is not None:
        inside &= buckets >= first
    return inside if last is None else inside & (buckets <= last)


def _demand(scenario: Scenario, demand: pd.DataFrame, where: str) -> pd.DataFrame:
    found = demand.copy()
    columns = [name for name in ("y", "mean", *quantile_levels(demand)) if name in demand]
    for change in scenario.demand:
        if change.item is not None and change.item not in set(demand["item"]):
            raise InputError(f"{where}.demand item", "an item of the demand", change.item)
        hit = _between(found["bucket"], change.start, change.end)
        if change.item is not None:
            hit &= found["item"] == change.item
        found.loc[hit, columns] = found.loc[hit, columns] * change.factor
    return found


def _resources(scenario: Scenario, resources: pd.DataFrame, where: str) -> pd.DataFrame:
    found = resources.copy()
    if scenario.overtime is not None:
        found["overtime"] = found["capacity"] * scenario.overtime
    owner = found["resource"] if "factory" not in found else found["factory"].fillna(found["resource"])
    for outage in scenario.down:
        kind = "resource" if outage.resource is not None else "factory"
        column, wanted = (found["resource"], outage.resource) if kind == "resource" else (owner, outage.factory)
        if not (column == wanted).any():
            raise InputError(f"{where}.down {kind}", f"a {kind} of the resources", wanted)
        hit = (column == wanted) & _between(found["bucket"], outage.start, outage.end)
        hours = [name for name in ("capacity", "overtime", "min_run", "outside") if name in found]
        found.loc[hit, hours] = 0.0
    return found


def _items(scenario: Scenario, items: pd.DataFrame | None) -> pd.DataFrame | None:
    if items is None or scenario.late == 1:
        return items
    return items.assign(**{name: items[name] * scenario.late for name in _LATE if name in items})
