"""Limits and pools from tables, and their prices back in a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import InputError, TableError
from matching.columns import Columns
from matching.constrained import Constrained
from matching.constraints import Constraints, Limits, Pools
from matching.frames import Instance
from matching.problem import Floats, Ints
from matching.sums import sum_by

__all__ = ["Constrainer", "constrain", "constraint_frame"]

_COLUMNS = ["about", "limit_id", "group", "bound", "used", "price", "reason"]


@dataclass(frozen=True, kw_only=True)
class Constrainer:
    """An instance's constraints, and what its limits and pools are called.

    Parameters
    ----------
    limits
        One row per limit: ``limit_id, group, kind`` and ``per_piece``, the units of its row that one unit counts as.
    counts
        float [K], what a piece of each entry of the limits counts as used; 0 where it only makes room.
    pools
        One row per pool: ``limit_id`` (the supplier), ``group``.
    """

    constraints: Constraints
    limits: pd.DataFrame
    counts: Floats
    pools: pd.DataFrame

    def with_pools(self, candidates: pd.DataFrame) -> pd.DataFrame:
        """Return candidates with their ``pool``, empty where none binds them; as they are without pools."""
        pools = self.constraints.pools
        if pools is None:
            return candidates
        names = self.pools["group"].reindex([*range(len(self.pools)), -1])
        return candidates.assign(pool=names.to_numpy(dtype=object)[pools.pool])


def constrain(
    made: Instance,
    *,
    limits: pd.DataFrame | None = None,
    pool_by: Sequence[str] = (),
    split_cost: float = 0.0,
    source: str = "limits",
) -> Constrainer:
    """Return what a match keeps to beside capacities, credit lines and floors.

    Parameters
    ----------
    limits
        Checked table (`matching.tables.LIMITS`).
    pool_by
        Columns whose equal values let orders be made together at a supplier; none = every order alone.
    split_cost
        Score per supplier of an order beyond its first, >= 0.

    Raises
    ------
    InputError
        If a limit says neither or both of `most` and `share`, names an unknown column, or counts what is not given.
    """
    rows = [] if limits is None else [_limit(made, row, f"{source}: limit {row['limit_id']}") for row in _rows(limits)]
    parts = [part for part in rows if part is not None]
    pools, names = _pools(made, pool_by)
    joined = _joined([part.limits for part in parts])
    return Constrainer(
        constraints=Constraints(limits=joined, pools=pools, split_cost=split_cost),
        limits=pd.concat([part.names for part in parts], ignore_index=True) if parts else pd.DataFrame(),
        counts=np.concatenate([part.counts for part in parts]) if parts else np.zeros(0),
        pools=names,
    )


def constraint_frame(made: Instance, named: Constrainer, found: Constrained) -> pd.DataFrame:
    """Return one row per limit and pool: about, limit_id, group, bound, used, price, reason.

    `price` is the score that one unit more of a limit, or one piece less of a minimum, would gain. `reason` is the
    limit's kind where it holds a candidate back, ``below_minimum`` for a closed pool with orders, else empty.
    """
    pieces, frames = found.result.pieces, []
    limits, pools = named.constraints.limits, named.constraints.pools
    if limits is not None:
        slack = limits.most - limits.matrix(made.problem.n_candidates) @ pieces
        used = sum_by(limits.row, named.counts * pieces[limits.candidate], limits.most.size)
        unit = named.limits["per_piece"].to_numpy(np.float64)
        price = found.limit_prices * unit
        frame = named.limits[["limit_id", "group"]].assign(about="limit", bound=used + slack / unit, used=used)
        frames.append(frame.assign(price=price, reason=np.where(price > 0, named.limits["kind"], "")))
    if pools is not None:
        totals = pools.totals(pieces)
        closed = np.where((totals == 0) & (pools.minimum > 1), "below_minimum", "")
        frame = named.pools.assign(about="pool", bound=pools.minimum, used=totals, price=found.pool_prices)
        frames.append(frame.assign(reason=closed))
    if not frames:
        return pd.DataFrame(columns=_COLUMNS)
    return pd.concat(frames, ignore_index=True)[_COLUMNS]


@dataclass(frozen=True)
class _Part:
    """The rows of one line of the table."""

    limits: Limits
    counts: Floats
    names: pd.DataFrame


def _rows(table: pd.DataFrame) -> list[dict[str, object]]:
    """Return the rows, empty cells as None."""
    return [{str(k): None if pd.isna(v) else v for k, v in row.items()} for row in table.to_dict("records")]


def _limit(made: Instance, row: dict[str, object], where: str) -> _Part | None:
    """Return the limits that one line of the table makes, None if no candidate is meant."""
    _require_whole(row, where)
    per = [name.strip() for name in str(row.get("per") or "").split(",") if name.strip()]
    group, labels = _grouped(made, per, where)
    meant = group >= 0
    if row.get("column") is not None:
        values = _column(made, str(row["column"]), where).astype("str").to_numpy(dtype=object)
        meant &= values == str(row["value"])
    of = row.get("of")
    entries = np.flatnonzero(group >= 0 if of == "served" else meant)
    kept, at = np.unique(group[entries], return_inverse=True)
    if not kept.size:
        return None
    each = _unit(made, row, where)[entries]
    use, most, per_piece = each, np.full(kept.size, float(str(row.get("most") or 0))), 1.0
    if row.get("share") is not None:
        use, most, per_piece = _shared(
            made, row, where, per=per, group=group, kept=kept, meant=meant[entries], use=each
        )
    limits = Limits(row=at, candidate=entries, use=use, most=most, code=np.full(kept.size, row["kind"], dtype=object))
    names = pd.DataFrame({"limit_id": row["limit_id"], "group": labels[kept], "kind": row["kind"]})
    return _Part(limits, np.where(meant[entries], each, 0.0), names.assign(per_piece=per_piece))


def _require_whole(row: dict[str, object], where: str) -> None:
    most, share, of = row.get("most"), row.get("share"), row.get("of")
    if (most is None) == (share is None):
        raise InputError(where, "either most or share", "both" if most is not None else "neither")
    if (share is None) != (of is None):
        raise InputError(where, "of (capacity, orders or served) with share, and only then", f"of {of!r}")
    if (row.get("column") is None) != (row.get("value") is None):
        raise InputError(
            where, "column and value together", f"column {row.get('column')!r}, value {row.get('value')!r}"
        )
    if of == "served" and row.get("column") is None:
        raise InputError(where, "column and value with a share of what is served", "neither")


def _shared(
    made: Instance, row: dict[str, object], where: str, *, per: list[str], group: Ints, kept: Ints,
    meant: npt.NDArray[np.bool_], use: Floats,
) -> tuple[Floats, Floats, float]:  # fmt: skip
    """Return uses, limits and the row's units per unit counted, of a share."""
    share = float(str(row["share"]))
    if row["of"] == "served":
        exact = Fraction(share).limit_denominator(10**6)
        whole, part = exact.denominator, exact.numerator
        return use * np.where(meant, whole - part, -part), np.zeros(kept.size), float(whole)
    base = _capacity(made, group, where, per) if row["of"] == "capacity" else _ordered(made, group, per, row, where)
    return use, np.floor(share * base[kept] + 1e-9), 1.0


def _capacity(made: Instance, group: Ints, where: str, per: list[str]) -> Floats:
    """Return the capacity of the suppliers in each group."""
    if "supplier_id" not in per:
        raise InputError(where, "supplier_id in per with a share of capacity", ",".join(per) or "nothing")
    pairs = np.unique(np.column_stack([group, made.problem.supplier])[group >= 0], axis=0).astype(np.int64)
    weights = made.problem.capacity[pairs[:, 1]]
    return sum_by(pairs[:, 0], weights, int(group.max(initial=-1)) + 1)


def _ordered(made: Instance, group: Ints, per: list[str], row: dict[str, object], where: str) -> Floats:
    """Return the pieces ordered in each group: of all orders with the group's values of the orders' own columns."""
    if row.get("unit") not in (None, "pieces"):
        raise InputError(where, "unit pieces with a share of orders", row["unit"])
    own = [name for name in per if name in made.orders.columns and name not in made.candidates.columns]
    own += ["order_id"] if "order_id" in per else []
    base = np.full(int(group.max(initial=-1)) + 1, float(made.problem.demand))
    if own:
        totals = made.orders.groupby(own, dropna=False)["pieces"].transform("sum").to_numpy(np.float64)
        on = group >= 0
        base[group[on]] = totals[made.problem.order[on]]
    return base


def _unit(made: Instance, row: dict[str, object], where: str) -> Floats:
    """Return float64 [E], what a piece of each candidate counts."""
    n, unit = made.problem.n_candidates, row.get("unit") or ("load" if row.get("of") == "capacity" else "pieces")
    if unit == "fen":
        if "unit_price_fen" not in made.candidates:
            raise InputError(where, "candidates with unit_price_fen, because it counts fen", "no such column")
        return np.asarray(made.candidates["unit_price_fen"].to_numpy(dtype=np.float64))
    if unit == "load" and made.problem.load is not None:
        return made.problem.load.astype(np.float64)
    return np.ones(n)


def _column(made: Instance, name: str, where: str) -> pd.Series:
    tables = (made.candidates, made.orders, made.suppliers)
    return Columns(*tables, made.problem.order, made.problem.supplier).column(name, where)


def _grouped(made: Instance, names: Sequence[str], where: str) -> tuple[Ints, npt.NDArray[np.object_]]:
    """Return each candidate's group by the values of columns (-1 = one is empty), and what the groups are called."""
    names = list(dict.fromkeys(names))
    if not names:
        return np.zeros(made.problem.n_candidates, np.int64), np.array([""], dtype=object)
    values = pd.DataFrame({name: _column(made, name, where) for name in names})
    group = np.array(values.groupby(names, sort=False, dropna=True).ngroup().fillna(-1), dtype=np.int64)
    first = values.loc[~pd.Series(group).duplicated().to_numpy() & (group >= 0)]
    labels = [", ".join(f"{name}={cell}" for name, cell in zip(names, row, strict=True)) for row in first.to_numpy()]
    return group, np.array([*labels, ""], dtype=object)


def _pools(made: Instance, pool_by: Sequence[str]) -> tuple[Pools | None, pd.DataFrame]:
    """Return the pools of suppliers with a minimum, and what they are called."""
    none = pd.DataFrame(columns=["limit_id", "group"])
    if "minimum_order" not in made.suppliers and "minimum_order" not in made.candidates:
        if pool_by:
            have = ", ".join(map(str, made.suppliers.columns))
            raise TableError("suppliers", "minimum_order", "this column, because orders are pooled to reach it", have)
        return None, none
    least = _column(made, "minimum_order", "minimum_order").fillna(0)
    names = ["supplier_id", *(pool_by or ["order_id"])]
    group, labels = _grouped(made, names, "--pool-by")
    alone = np.flatnonzero(group < 0)  # nothing says with what it could be pooled
    group[alone] = labels.size - 1 + np.arange(alone.size)
    minimum = np.zeros(int(group.max(initial=-1)) + 1, np.int64)
    np.maximum.at(minimum, group, least.to_numpy(np.int64))
    if not (minimum > 1).any():
        return None, none
    pool = np.where(minimum[group] > 1, group, -1)
    used, at = np.unique(pool[pool >= 0], return_inverse=True)
    pool[pool >= 0] = at
    texts = [*labels[:-1], *(f"order_id={made.candidates['order_id'].iloc[e]}" for e in alone)]
    suppliers = made.suppliers["supplier_id"].to_numpy()
    of_group = np.zeros(minimum.size, np.int64)
    of_group[group] = made.problem.supplier
    told = pd.DataFrame({"limit_id": suppliers[of_group[used]], "group": np.array(texts, dtype=object)[used]})
    return Pools(pool=pool, minimum=minimum[used]), told


def _joined(parts: list[Limits]) -> Limits | None:
    if not parts:
        return None
    first = np.cumsum([0, *(part.most.size for part in parts)])
    return Limits(
        row=np.concatenate([part.row + at for part, at in zip(parts, first, strict=False)]),
        candidate=np.concatenate([part.candidate for part in parts]),
        use=np.concatenate([part.use for part in parts]),
        most=np.concatenate([part.most for part in parts]),
        code=np.concatenate([part.code for part in parts]),
    )
