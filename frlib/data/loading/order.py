"""Which sample comes when in an epoch: a function of (seed, epoch), and of nothing else.

Neither the batch size, nor the number of workers, nor the point a run was resumed at plays a part.

* `instance`: every sample once, in random order.
* `class_balanced`: as many draws, shared out equally over the classes. Of N draws over C classes
  each class gets ⌊N/C⌋, and N mod C classes one more; who does goes round, so that after any number
  of epochs no class is more than one draw ahead. Within a class the samples come in permutations:
  all of them once, then all again in another order, on from where the last epoch stopped.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from frlib.core.seeds import stream

Sampling = Literal["instance", "class_balanced"]


@dataclass(frozen=True, eq=False)
class Order:
    """N draws of an epoch, in order.

    rows: `[N]` the sample of each draw. draws: `[N]` its number among the epoch's random draws
    (`frlib.data.augment`): the sample itself where each comes once, else the place in the order, so
    that a sample that comes again does not look the same again.
    """

    rows: NDArray[np.int64]
    draws: NDArray[np.int64]


def epoch_order(sampling: Sampling, labels_N: NDArray[np.int64], seed: int, epoch: int) -> Order:
    """The draws of an epoch (0-based) over samples with these labels."""
    shuffled = stream(seed, "order", epoch).permutation(len(labels_N))
    if sampling == "instance":
        return Order(shuffled, shuffled)
    rows = _balanced(labels_N, seed, epoch)[shuffled]
    return Order(rows, np.arange(len(rows)))


def _balanced(labels_N: NDArray[np.int64], seed: int, epoch: int) -> NDArray[np.int64]:
    """`[N]` samples, class after class.

    A class of n samples is an endless sequence of permutations of them; an epoch takes the next few
    of it. Permutation k orders the samples by a hash of (seed, sample, k), so that none before it
    has to be drawn.
    """
    samples_N = np.argsort(labels_N, kind="stable")
    sizes_C = np.bincount(labels_N)
    sizes_C = sizes_C[sizes_C > 0]
    starts_C = np.cumsum(sizes_C) - sizes_C
    first_C, count_C = _shares(len(labels_N), len(sizes_C), seed, epoch)
    cycle_C = first_C // sizes_C
    # One group for every permutation that is begun or gone on with: G groups, M samples in all.
    class_G, ahead_G = _runs((first_C + count_C - 1) // sizes_C - cycle_C + 1)
    number_G = cycle_C[class_G] + ahead_G
    group_M, within_M = _runs(sizes_C[class_G])
    sample_M = samples_N[starts_C[class_G][group_M] + within_M]
    hash_M = _hash(sample_M, number_G[group_M], seed)
    key_M = (group_M.astype(np.uint64) << np.uint64(32)) | (hash_M >> np.uint64(32))
    sample_M = sample_M[np.argsort(key_M, kind="stable")]
    place_M = (number_G * sizes_C[class_G] - first_C[class_G])[group_M] + within_M
    return sample_M[(place_M >= 0) & (place_M < count_C[class_G][group_M])]


def _shares(
    draws: int, classes: int, seed: int, epoch: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """`[C]` draws that each class had in the epochs before, and those of this epoch."""
    each, rest = divmod(draws, classes)
    turn_C = stream(seed, "order", "turn").permutation(classes)
    before_C, until_C = (
        epochs * each + (epochs * rest + classes - 1 - turn_C) // classes
        for epochs in (epoch, epoch + 1)
    )
    return before_C, until_C - before_C


def _runs(lengths: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For runs of these lengths, end to end: which run each place is in, and where in it."""
    which = np.repeat(np.arange(len(lengths)), lengths)
    starts = np.cumsum(lengths) - lengths
    return which, np.arange(len(which)) - starts[which]


def _hash(
    sample_M: NDArray[np.int64], number_M: NDArray[np.int64], seed: int
) -> NDArray[np.uint64]:
    """64 bits per (sample, permutation): two rounds of splitmix64, the same on every machine."""
    base = stream(seed, "order", "within").integers(2**64, dtype=np.uint64)
    word_M = _mixed(sample_M.astype(np.uint64) + base)
    return _mixed(word_M ^ number_M.astype(np.uint64))


def _mixed(word_M: NDArray[np.uint64]) -> NDArray[np.uint64]:
    word_M = word_M + np.uint64(0x9E3779B97F4A7C15)
    word_M = (word_M ^ (word_M >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word_M = (word_M ^ (word_M >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word_M ^ (word_M >> np.uint64(31))
