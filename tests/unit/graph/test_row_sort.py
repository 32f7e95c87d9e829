"""Sorting relations in linear time gives what a comparison sort gives."""

import numpy as np
import pytest

from graph.row_sort import grouped, turned, word_order


@pytest.mark.parametrize("m", [0, 1, 50, 2000], ids=str)
def test_relations_are_sorted_by_both_ends(m: int) -> None:
    """Also with rows longer than those sorted by insertion, in several parts, with equal pairs in their order."""
    rng = np.random.default_rng(m)
    src, dst = (rng.integers(0, 30, m).astype(np.int32) ** 2 // 30 for _ in range(2))
    start, ends, order = grouped([(src[: m // 3], dst[: m // 3]), (src[m // 3 :], dst[m // 3 :])], 30)
    expected = np.lexsort((dst, src))
    np.testing.assert_array_equal(order, expected)
    np.testing.assert_array_equal(ends, dst[expected])
    np.testing.assert_array_equal(start, np.searchsorted(src[expected], np.arange(31)))
    into, sources, edge = turned(start, ends, 30)
    np.testing.assert_array_equal(edge, np.argsort(ends, kind="stable"))
    np.testing.assert_array_equal(sources, src[expected][edge])
    np.testing.assert_array_equal(into, np.searchsorted(np.sort(ends), np.arange(31)))


@pytest.mark.parametrize("high", [1, 300, 2**64 - 1], ids=str)
def test_words_are_sorted_by_all_their_bytes(high: int) -> None:
    """Equal words keep their order; the first bit is no sign."""
    words = np.random.default_rng(0).integers(0, high, 3000, dtype=np.uint64)
    np.testing.assert_array_equal(word_order(words), np.argsort(words, kind="stable"))
