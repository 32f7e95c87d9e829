"""A fitted forecaster as plain files and back: text models, a specification, arrays; nothing in them is executed.

The specification is the tree of frozen dataclasses that `forecast` fits, written by name. Fields that a later version
adds take their defaults when an older snapshot is read; classes that moved are found by `_MOVED`.
"""

from __future__ import annotations

import dataclasses
import importlib
import io
import math
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson

from forecast.boosting import Trees

__all__ = ["FORMAT", "SnapshotError", "pack", "unpack"]

FORMAT = 1
"""Written now; `unpack` reads this and every earlier one."""

_SPEC, _ARRAYS = "spec.json", "arrays.npz"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # of every member, so that equal contents are equal bytes
_MOVED: dict[str, str] = {}


class SnapshotError(ValueError):
    """The files are no snapshot that this version reads; the text says which and why."""


def pack(value: Any) -> dict[str, bytes]:
    """Return the files of a value: dataclasses of `forecast`, arrays, boosters and plain data, nested at will.

    Equal values give equal bytes.

    Raises
    ------
    TypeError
        If something in it is none of these.
    """
    writer = _Writer()
    spec = {"format": FORMAT, "value": writer.node(value)}
    return {_SPEC: orjson.dumps(spec), _ARRAYS: _zipped(writer.arrays), **writer.trees}


def unpack(files: Mapping[str, bytes]) -> Any:
    """Return the value that `pack` wrote, bit for bit.

    Raises
    ------
    SnapshotError
        If a file is missing or damaged, or of a format that is not known.
    """
    try:
        spec = orjson.loads(files[_SPEC])
        number = spec["format"]
    except (KeyError, TypeError, orjson.JSONDecodeError) as error:
        raise SnapshotError(f"{_SPEC}: expected a specification with a format, got {_told(error)}") from None
    if number not in range(1, FORMAT + 1):
        raise SnapshotError(f"{_SPEC}: expected format 1 to {FORMAT}, got {number}; a newer Evenflow wrote it")
    try:
        with np.load(io.BytesIO(files[_ARRAYS]), allow_pickle=False) as arrays:
            return _Reader(files, dict(arrays)).value(spec["value"])
    except SnapshotError:
        raise
    except (
        KeyError,
        ValueError,
        TypeError,
        OSError,
        EOFError,
        zipfile.BadZipFile,
        AttributeError,
        ImportError,
    ) as error:
        raise SnapshotError(f"expected the files of a whole snapshot, got {_told(error)}") from None


class _Writer:
    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self.trees: dict[str, bytes] = {}

    def node(self, value: Any) -> Any:
        """Return the JSON of a value."""
        if isinstance(value, np.generic):
            value = value.item()
        if value is None or isinstance(value, bool | int | float | str):
            plain = not isinstance(value, float) or math.isfinite(value)
            return value if plain else {"$": "float", "text": repr(value)}
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, tuple | list):
            return {"$": type(value).__name__, "items": [self.node(item) for item in value]}
        if isinstance(value, dict):
            return {"$": "dict", "items": [[self.node(key), self.node(item)] for key, item in value.items()]}
        if dataclasses.is_dataclass(value) and type(value).__module__.startswith("forecast."):
            fields = {field.name: self.node(getattr(value, field.name)) for field in dataclasses.fields(value)}
            return {"$": f"{type(value).__module__}:{type(value).__name__}", "fields": fields}
        if hasattr(value, "model_to_string"):
            return self._trees(value)
        raise TypeError(f"{type(value).__module__}.{type(value).__name__} has no place in a snapshot")

    def _array(self, value: np.ndarray) -> Any:
        if value.dtype == object:
            return {"$": "texts", "items": [str(item) for item in value.ravel()], "shape": list(value.shape)}
        name = f"a{len(self.arrays)}"
        self.arrays[name] = np.ascontiguousarray(value)
        return {"$": "array", "name": name}

    def _trees(self, booster: Any) -> Any:
        name = f"trees-{len(self.trees)}.txt"
        self.trees[name] = booster.model_to_string().encode()
        return {"$": "trees", "name": name}


class _Reader:
    def __init__(self, files: Mapping[str, bytes], arrays: Mapping[str, np.ndarray]) -> None:
        self._files, self._arrays = files, arrays

    def value(self, node: Any) -> Any:
        """Return the value of some JSON."""
        if not isinstance(node, dict):
            return node
        kind = node["$"]
        if ":" in kind:
            return self._dataclass(kind, node["fields"])
        if kind == "dict":
            return {self.value(key): self.value(item) for key, item in node["items"]}
        if kind in ("tuple", "list"):
            items = [self.value(item) for item in node["items"]]
            return tuple(items) if kind == "tuple" else items
        return self._leaf(kind, node)

    def _leaf(self, kind: str, node: Mapping[str, Any]) -> Any:
        if kind == "float":
            return float(node["text"])
        if kind == "array":
            return self._arrays[node["name"]]
        if kind == "texts":
            out = np.empty(len(node["items"]), dtype=object)
            out[:] = node["items"]
            return out.reshape(node["shape"])
        if kind == "trees":
            return Trees(self._files[node["name"]].decode())
        raise SnapshotError(f"{_SPEC}: expected a kind of value that is known, got {kind}")

    def _dataclass(self, tag: str, given: Mapping[str, Any]) -> Any:
        module, name = _MOVED.get(tag, tag).split(":")
        if not module.startswith("forecast."):
            raise SnapshotError(f"{_SPEC}: expected a class of forecast, got {tag}")
        cls = getattr(importlib.import_module(module), name, None)
        if not (isinstance(cls, type) and dataclasses.is_dataclass(cls)):
            raise SnapshotError(f"{_SPEC}: expected a class that is known, got {tag}")
        known = {field.name for field in dataclasses.fields(cls) if field.init}
        left_over = set(given) - {field.name for field in dataclasses.fields(cls)}
        if left_over:
            raise SnapshotError(f"{_SPEC}: expected {tag} with fields that are known, got {min(left_over)}")
        return cls(**{key: self.value(item) for key, item in given.items() if key in known})


def _zipped(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return an npz file whose bytes depend on the arrays only."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _EPOCH), member.getvalue(), zipfile.ZIP_DEFLATED, 1)
    return out.getvalue()


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:120]}"
