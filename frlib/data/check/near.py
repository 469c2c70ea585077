"""Pairs of 64-bit hashes that differ in at most 3 bits, without comparing every pair.

Four bands of 16 bits: of two hashes at most 3 bits apart, one band is equal. Hashes with an equal
band form a bucket and are compared there. A bucket larger than `most` is divided again: the
remaining 48 bits hold the difference, so of four bands of 12 bits one is equal there too. A part
that is still too large is left out, and the hashes in it are counted.

Cost: a sort per band, and the comparisons inside buckets; nothing of size N x N. Aligned faces
share coarse features, so buckets are far from even; five million random hashes have buckets of 76.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from frlib.core.errors import ConfigError

MOST_BITS = 3
MOST_IN_BUCKET = 2048
_BANDS = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class Near:
    """first, second: `[P]` positions with first < second, sorted. crowded: hashes left out."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    crowded: int


def pairs(hashes: NDArray[np.uint64], bits: int, most: int = MOST_IN_BUCKET) -> Near:
    """Every pair of `[N]` hashes at most `bits` (0 to 3) apart, but for the crowded buckets."""
    if not 0 <= bits <= MOST_BITS:
        raise ConfigError(f"bits={bits}: four bands find differences of 0 to {MOST_BITS} bits")
    found: list[NDArray[np.int64]] = []
    crowded: list[NDArray[np.int64]] = []
    for band in range(_BANDS):
        key = _band(hashes, band, 16)
        small, large = _buckets(key, most)
        found += _compared(hashes, key, small, bits)
        for members in large:
            close, left_out = _inside(_without(hashes[members], band), bits, most)
            found += [members[pair] for pair in close]
            crowded += [members[part] for part in left_out]
    both = np.concatenate(found, axis=1) if found else np.empty((2, 0), dtype=np.int64)
    both = np.unique(np.sort(both, axis=0), axis=1)
    return Near(
        first=both[0],
        second=both[1],
        crowded=len(np.unique(np.concatenate(crowded))) if crowded else 0,
    )


def _inside(
    left: NDArray[np.uint64], bits: int, most: int
) -> tuple[list[NDArray[np.int64]], list[NDArray[np.int64]]]:
    """Of hashes of 48 bits: `[2, p]` close pairs, and the buckets that are still too large."""
    found: list[NDArray[np.int64]] = []
    crowded: list[NDArray[np.int64]] = []
    for band in range(_BANDS):
        key = _band(left, band, 12)
        small, large = _buckets(key, most)
        found += _compared(left, key, small, bits)
        crowded += large
    return found, crowded


def _band(hashes: NDArray[np.uint64], number: int, width: int) -> NDArray[np.uint16]:
    shifted = hashes >> np.uint64(number * width)
    return (shifted & np.uint64((1 << width) - 1)).astype(np.uint16)


def _without(hashes: NDArray[np.uint64], band: int) -> NDArray[np.uint64]:
    """The 48 bits beside a band of 16, moved together."""
    low = hashes & np.uint64((1 << (16 * band)) - 1)
    high = hashes >> np.uint64(16 * (band + 1)) if band < _BANDS - 1 else np.zeros_like(hashes)
    return low | (high << np.uint64(16 * band))


def _buckets(
    key: NDArray[np.uint16], most: int
) -> tuple[NDArray[np.int64], list[NDArray[np.int64]]]:
    """Positions of small buckets, equal keys beside each other, and the large buckets apart."""
    order = np.argsort(key, kind="stable")
    counts = np.bincount(key)
    ends = np.cumsum(counts)
    large = np.flatnonzero(counts > most)
    is_large = np.zeros(len(counts), dtype=bool)
    is_large[large] = True
    apart = [order[ends[value] - counts[value] : ends[value]] for value in large]
    return order[~is_large[key[order]]], apart


def _compared(
    hashes: NDArray[np.uint64], key: NDArray[np.uint16], order: NDArray[np.int64], bits: int
) -> list[NDArray[np.int64]]:
    """`[2, p]` close pairs among neighbours in `order` that share a key, a step apart at a time."""
    found = []
    keys, values = key[order], hashes[order]
    start = np.arange(len(order))
    step = 1
    while len(start := start[start + step < len(order)]):
        start = start[keys[start] == keys[start + step]]
        close = start[np.bitwise_count(values[start] ^ values[start + step]) <= bits]
        if len(close):
            found.append(np.stack([order[close], order[close + step]]))
        step += 1
    return found
