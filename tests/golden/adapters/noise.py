"""Golden counts `heads/noise__*.npz` against `frlib.data.noise`.

Counts per class are the source's to the image. Targets are random there and unseeded: of them only
what holds for every draw is compared.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from frlib.data.config import NoiseConfig
from frlib.data.lab.corrupt import corrupt
from frlib.data.manifest import CLOSED, OPEN, OUTLIER, Manifest, from_table

Arrays = Mapping[str, np.ndarray]
Meta = dict[str, Any]


def _made(sizes: np.ndarray, prefix: str) -> Manifest:
    names = [f"{prefix}{c:05d}" for c, size in enumerate(sizes) for _ in range(size)]
    ids = [f"{name}/{i}" for i, name in enumerate(names)]
    return from_table(
        ids=ids,
        names=names,
        checksums=ids,
        refs=range(len(ids)),
        reader=None,
        colour="RGB",
        trusted=True,
    )


def _boundaryface(arrays: Arrays, meta: Meta) -> None:
    hyper = meta["hyper"]
    clean = _made(arrays["class_sizes"], "person")
    pool = _made(np.ones(hyper["pool"], dtype=int), "outlier")
    noise = NoiseConfig.parse(
        {"closed": {"ratio": hyper["closed_rate"]}, "open": {"ratio": hyper["open_rate"]}}
    )
    noisy = corrupt(clean, noise, pool, hyper["seed"])
    flipped, replaced = noisy.kinds == CLOSED, noisy.kinds == OPEN
    classes = clean.num_classes

    def per_class(labels: np.ndarray) -> np.ndarray:
        return np.bincount(labels, minlength=classes)

    exact = {
        "class_sizes": clean.class_sizes,
        "flips_per_class": per_class(clean.labels[flipped]),
        "replaced_per_class": per_class(clean.labels[replaced]),
        "closed_list_rows": flipped.sum(),
        "open_list_rows": replaced.sum(),
        "total_rows": len(noisy),
        "flipped_and_replaced": (flipped & replaced).sum(),
        "self_flips": (noisy.labels[flipped] == clean.labels[flipped]).sum(),
    }
    for name, found in exact.items():
        np.testing.assert_array_equal(found, arrays[name], err_msg=name)
    histograms = {
        "flip_target_hist": per_class(noisy.labels[flipped]),
        "outlier_label_hist": per_class(noisy.labels[replaced]),
        "final_label_counts": noisy.class_sizes,
    }
    for name, found in histograms.items():
        assert found.shape == arrays[name].shape, name
        assert found.sum() == arrays[name].sum(), name
    uses = np.bincount(noisy.refs[replaced], minlength=hyper["pool"])
    assert uses.max() == arrays["outlier_max_reuse"]
    assert uses.min() == arrays["outlier_min_reuse"]
    assert (noisy.true_labels[replaced] == OUTLIER).all()
    untouched = ~flipped & ~replaced
    np.testing.assert_array_equal(noisy.labels[untouched], clean.labels[untouched])
    np.testing.assert_array_equal(noisy.true_labels[~replaced], clean.labels[~replaced])


METHODS: dict[str, Callable[[Arrays, Meta], None]] = {"noise__boundaryface": _boundaryface}
