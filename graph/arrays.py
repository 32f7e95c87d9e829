"""Plain arrays in a folder: one `.npy` file each, memory-mapped on opening."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Ints = npt.NDArray[np.int32]


def save_arrays(arrays: Mapping[str, Array], folder: Path) -> None:
    """Write each array to `folder` as `<name>.npy`."""
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)


def open_arrays(folder: Path) -> dict[str, Array]:
    """Memory-map every array of a folder, by name.

    They come as plain views of the map: numpy makes a `memmap` of each part that is read of one, which takes longer
    than reading a few numbers.
    """
    maps = {path.stem: np.load(path, mmap_mode="r", allow_pickle=False) for path in sorted(folder.glob("*.npy"))}
    return {name: np.asarray(mapped) for name, mapped in maps.items()}


def counting_order(keys: Ints, n_keys: int) -> Ints:
    """Return the stable order that sorts small integers, in linear time.

    Parameters
    ----------
    keys
        Shape (m,), values in 0 … n_keys - 1.

    Examples
    --------
    >>> counting_order(np.array([2, 0, 2, 1], dtype=np.int32), 3).tolist()
    [1, 3, 0, 2]
    """
    from scipy.sparse import csr_array  # takes longer to import than a server has to start

    # A matrix with one entry per row, turned into columns, is a counting sort in C.
    m = len(keys)
    rows = csr_array((np.arange(m, dtype=np.int32), keys, np.arange(m + 1, dtype=np.int32)), shape=(m, n_keys))
    order: Ints = rows.tocsc().data
    return order


def starts_of(sorted_keys: Ints, n_keys: int) -> Ints:
    """Return where each key's run starts in a sorted array, shape (n_keys + 1,)."""
    starts = np.zeros(n_keys + 1, dtype=np.int32)
    np.cumsum(np.bincount(sorted_keys, minlength=n_keys), out=starts[1:])
    return starts


def expand(starts: Array, rows: Array) -> tuple[Array, Array]:
    """Return every member of the given rows of a CSR block.

    Returns
    -------
    which, member
        `which[j]` is the index into `rows` that `member[j]` (a position in the block's arrays) belongs to.

    Examples
    --------
    >>> which, member = expand(np.array([0, 2, 2, 3], dtype=np.int32), np.array([2, 0]))
    >>> which.tolist(), member.tolist()
    ([0, 1, 1], [2, 0, 1])
    """
    first = starts[rows].astype(np.int64)
    lengths = starts[np.asarray(rows) + 1] - first
    which = np.repeat(np.arange(len(rows)), lengths)
    before = np.cumsum(lengths) - lengths
    member = np.arange(len(which)) - before[which] + first[which]
    return which, member
