"""What connectors share: reading a payload's named fields, and nothing but them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from contracts.errors import InputError

__all__ = ["Call", "Records", "Row", "cell", "listed", "moment", "page", "part", "require_answer"]

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Call:
    """What a payload does not say itself.

    Parameters
    ----------
    observed_at
        When it was fetched or pushed, in any spelling of `forecast.signal_times`; None: when the platform usually
        publishes it.
    fetched_at
        The same, or if that is unknown the age of the file: the time of counters that are read when asked for.
    account_id
        Account of the user it was fetched for.
    kol_id
        Party it was fetched for, as the platform calls it.
    content_id
        Post or video it was fetched for.
    request
        The parameters it was asked for with, where they are known.
    """

    fetched_at: Any
    observed_at: Any = None
    account_id: str | None = None
    kol_id: str | None = None
    content_id: str | None = None
    request: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Records:
    """Raw rows of the three tables (`forecast.tables`: SIGNALS, ORDER_LINES, ACTIVITY)."""

    signals: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)
    activity: list[Row] = field(default_factory=list)


def cell(record: Mapping[str, Any], *names: str) -> Any:
    """Return the first of some fields that is there and not empty; None for what is no single value.

    Examples
    --------
    >>> cell({"a": "", "b": 3}, "a", "b"), cell({"a": {"phone": "139"}}, "a")
    (3, None)
    """
    for name in names:
        value = record.get(name)
        if isinstance(value, str | int | float) and value != "":
            return value
    return None


def moment(record: Mapping[str, Any], *names: str) -> Any:
    """Return the first of some moments that is there; zero stands for never."""
    return next((value for name in names if (value := cell(record, name)) not in (None, 0, "0")), None)


def part(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object inside an object, an empty one if there is none."""
    value = record.get(name)
    return value if isinstance(value, Mapping) else {}


def listed(payload: Mapping[str, Any], *path: str) -> list[Mapping[str, Any]]:
    """Return the objects of a list inside a payload.

    Raises
    ------
    InputError
        If there is no list at that place, or something else than objects in it; what it is stays untold.
    """
    value: Any = payload
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    where = ".".join(path)
    if not isinstance(value, list):
        raise InputError(f"the payload's {where}", "a list", _kind(value))
    for number, item in enumerate(value):
        if not isinstance(item, Mapping):
            raise InputError(f"the payload's {where}[{number}]", "an object", _kind(item))
    return value


def require_answer(payload: Any, *codes: str) -> Mapping[str, Any]:
    """Return a payload that is an object and no error's.

    Parameters
    ----------
    codes
        Fields that hold an error's number, 0 if there is none.
    """
    if not isinstance(payload, Mapping):
        raise InputError("the payload", "an object", _kind(payload))
    for code in codes:
        if str(cell(payload, code) or 0) != "0":
            raise InputError(f"the payload's {code}", "0", cell(payload, code))
    return payload


def page(path: Any) -> tuple[str | None, str | None]:
    """Return a page's path without its parameters, and the style among them.

    Examples
    --------
    >>> page("pages/item?style=A-7&openid=o6Zt"), page("pages/home"), page(None)
    (('pages/item', 'A-7'), ('pages/home', None), (None, None))
    """
    if not isinstance(path, str) or not path:
        return None, None
    parts = urlsplit(path)
    style = parse_qs(parts.query).get("style", [None])[0]
    return parts.path, style


def _kind(value: Any) -> str:
    return {type(None): "nothing", dict: "an object", list: "a list", str: "text"}.get(type(value), "something else")
