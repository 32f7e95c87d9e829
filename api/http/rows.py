"""Tables inside a request: strict row models made from the same schemas that check the files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

import pandas as pd
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, create_model

from contracts.tables import Column, TableSchema

__all__ = ["MAX_ROWS", "MAX_TEXT", "AttributeRow", "Row", "StrictModel", "Table", "frame_of", "row_model"]

MAX_ROWS = 100_000
MAX_TEXT = 500
_DATE = r"^\d{4}-\d{2}-\d{2}$"


def _scalar(value: Any) -> Any:
    if isinstance(value, str):
        value.encode()  # half a character is no text; its error is a ValueError
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise ValueError("text, a number, true, false or null")


Scalar = Annotated[
    Any,
    AfterValidator(_scalar),
    WithJsonSchema({"type": ["string", "number", "boolean", "null"]}),
]


class StrictModel(BaseModel):
    """What we read: no unknown fields, no guessing of types, no infinities."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, protected_namespaces=())


class Row(StrictModel):
    """A row whose columns are all named."""


class AttributeRow(BaseModel):
    """A row that may carry further columns: attributes, regressors, score parts, quantiles."""

    model_config = ConfigDict(extra="allow", strict=True, allow_inf_nan=False, protected_namespaces=())
    __pydantic_extra__: dict[str, Scalar] = Field(init=False)


R = TypeVar("R", bound=BaseModel)
Table = Annotated[list[R], Field(min_length=1, max_length=MAX_ROWS)]


def row_model(name: str, schema: TableSchema, *, base: type[BaseModel] = Row) -> type[BaseModel]:
    """Return the model of a schema's rows.

    Parameters
    ----------
    name
        The model's name in the OpenAPI document.
    base
        `Row`, or `AttributeRow` where further columns have a meaning.
    """
    fields: dict[str, Any] = {column.name: _field(column) for column in schema.columns}
    return create_model(name, __base__=base, __doc__=f"A row of the table `{schema.name}`.", **fields)


def frame_of(rows: Sequence[BaseModel] | None) -> pd.DataFrame | None:
    """Return rows as a frame with the columns that were given."""
    if rows is None:
        return None
    return pd.DataFrame.from_records([row.model_dump(exclude_unset=True) for row in rows])


def _field(column: Column) -> tuple[Any, Any]:
    kind = _TYPES[column.kind]
    limits: dict[str, Any] = {"ge": column.minimum, "gt": column.above, "le": column.maximum}
    if column.kind in ("str", "timestamp"):
        limits = {"max_length": MAX_TEXT, "min_length": 0 if column.nullable else 1}
    elif column.kind == "date":
        limits = {"pattern": _DATE}
    bounds = {name: value for name, value in limits.items() if value is not None}
    default = ... if column.required else None
    told = Field(default, description=column.description, json_schema_extra=_format(column), **bounds)
    return kind | None if column.nullable else kind, told


def _format(column: Column) -> dict[str, Any]:
    if column.choices:
        return {"enum": [*column.choices, None] if column.nullable else list(column.choices)}
    return {"format": {"date": "date", "timestamp": "date-time"}[column.kind]} if column.kind in _TIMES else {}


_TYPES: dict[str, Any] = {"str": str, "int": int, "float": float, "bool": bool, "date": str, "timestamp": str}
_TIMES = ("date", "timestamp")
