"""The match score from its parts: weights are data, each part has a stated scale and direction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import InputError
from contracts.params import params_from, read_toml

__all__ = ["PartWeight", "ScoreWeights", "score_parts", "total_score"]


@dataclass(frozen=True, kw_only=True)
class PartWeight:
    """How one part counts: it adds ``± weight · value / scale`` to the score.

    Parameters
    ----------
    weight
        Importance, >= 0; 0 switches the part off.
    scale
        Value that counts as one, in the part's unit (fen, days …), > 0.
    direction
        ``lower`` is better (costs, days) or ``higher`` is better (trust, on-time rate).
    missing
        Value taken where the cell is empty; None refuses empty cells.
    """

    weight: float
    scale: float = 1.0
    direction: Literal["lower", "higher"] = "lower"
    missing: float | None = None

    def __post_init__(self) -> None:
        if not (np.isfinite(self.weight) and self.weight >= 0):
            raise ValueError(f"weight: expected a number >= 0, got {self.weight}")
        if not (np.isfinite(self.scale) and self.scale > 0):
            raise ValueError(f"scale: expected a number > 0, got {self.scale}")
        if self.direction not in ("lower", "higher"):
            raise ValueError(f"direction: expected lower or higher, got {self.direction!r}")

    @property
    def coefficient(self) -> float:
        """Score per unit of the part."""
        return (1.0 if self.direction == "higher" else -1.0) * self.weight / self.scale


@dataclass(frozen=True, kw_only=True)
class ScoreWeights:
    """The score's base and the weight of each part, by column name.

    ``score = base + sum over parts of ± weight · value / scale``

    Examples
    --------
    >>> weights = ScoreWeights(parts={"cost_fen": PartWeight(weight=0.4, scale=1000)})
    >>> total_score(pd.DataFrame({"cost_fen": [500.0]}), weights).tolist()
    [0.8]
    """

    base: float = 1.0
    parts: Mapping[str, PartWeight] = field(default_factory=dict)

    @classmethod
    def from_file(cls, path: Path) -> ScoreWeights:
        """Read `base` and one ``[parts.COLUMN]`` table per part from a TOML file."""
        return cls.from_table(read_toml(path), where=path.name)

    @classmethod
    def from_table(cls, table: Mapping[str, Any], *, where: str = "weights") -> ScoreWeights:
        """Build from nested mappings, as a TOML file or a JSON body gives them."""
        unknown = set(table) - {"base", "parts"}
        if unknown:
            raise InputError(where, "only base and [parts.COLUMN] tables", min(unknown))
        base, parts = table.get("base", 1.0), table.get("parts", {})
        if not isinstance(base, int | float):
            raise InputError(f"{where}: base", "a number", base)
        if not isinstance(parts, Mapping) or not parts:
            raise InputError(f"{where}: parts", "at least one [parts.COLUMN] table", parts)
        return cls(base=float(base), parts={name: _part(row, f"{where} [parts.{name}]") for name, row in parts.items()})


def score_parts(frame: pd.DataFrame, weights: ScoreWeights, *, source: str = "candidates") -> pd.DataFrame:
    """Return what each part adds to the score, one column per part.

    Raises
    ------
    InputError
        If a weighted column is absent, not numeric, or empty where nothing stands for empty cells.
    """
    added = {name: _values(frame, name, part, source) * part.coefficient for name, part in weights.parts.items()}
    return pd.DataFrame(added, index=frame.index)


def total_score(frame: pd.DataFrame, weights: ScoreWeights, *, source: str = "candidates") -> npt.NDArray[np.float64]:
    """Return the score of each row: the base plus what its parts add."""
    total = weights.base + score_parts(frame, weights, source=source).sum(axis=1).to_numpy(dtype=np.float64)
    return np.asarray(total, dtype=np.float64)


def _part(row: object, where: str) -> PartWeight:
    if not isinstance(row, Mapping):
        raise InputError(where, "a table with weight, scale and direction", row)
    return params_from(row, PartWeight, where=where)


def _values(frame: pd.DataFrame, name: str, part: PartWeight, source: str) -> npt.NDArray[np.float64]:
    if name not in frame.columns:
        raise InputError("--weights", f"columns of {source} ({', '.join(map(str, frame.columns))})", name)
    values: npt.NDArray[np.float64] = pd.to_numeric(frame[name], errors="coerce").to_numpy(dtype=np.float64)
    if part.missing is not None:
        values = np.where(frame[name].isna(), part.missing, values)
    bad = ~np.isfinite(values)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise InputError(f"{source}: column '{name}', row {row + 1}", "a number (weighted part)", frame[name].iloc[row])
    return values
