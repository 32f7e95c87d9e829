"""Parameter files: a TOML table per frozen params dataclass, so that experiments are files."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from contracts.errors import InputError

T = TypeVar("T")


def read_toml(path: Path) -> dict[str, Any]:
    """Return the tables of a TOML file.

    Raises
    ------
    InputError
        If the file is missing or is not TOML; names the file (and the line).
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(str(path), "a TOML file", "no such file") from None
    except (OSError, UnicodeDecodeError, RecursionError, tomllib.TOMLDecodeError) as error:
        raise InputError(str(path), "a TOML file", str(error)) from None


def params_from(table: Mapping[str, Any], cls: type[T], *, where: str) -> T:
    """Build a params dataclass from a mapping.

    Unknown names and values out of range are refused by name.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True, kw_only=True)
    ... class Weights:
    ...     idle: float = 1.0
    >>> params_from({"idle": 2.5}, Weights, where="plan.toml [weights]")
    Weights(idle=2.5)
    """
    known = {f.name for f in fields(cls)}  # type: ignore[arg-type]
    for name in table:
        if name not in known:
            raise InputError(where, f"only {', '.join(sorted(known))}", name)
    try:
        return cls(**table)
    except (TypeError, ValueError) as error:
        raise InputError(where, "values in range", str(error)) from None
