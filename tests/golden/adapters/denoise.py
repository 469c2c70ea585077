"""Decisions about samples against `frlib.denoise`.

`heads/subcenter_drop__*.npz`, and the credible samples of MixBCT, `bct/denoise_*.npz`, which are
also asked for in another order. `check_confidence` is the part of `nr__derived` that
`frlib.denoise` answers for.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from frlib.denoise.credible_centroid import credible
from frlib.denoise.low_confidence import confidence
from frlib.denoise.subcenter_drop import drop, keep_within
from tests.golden.case import Arrays, Case, Check

FOLDER = "bct"


def check_confidence(arrays: Arrays, meta: dict[str, Any]) -> None:
    """`max_prob`, `label_prob` and `noise_flag`, from `logits` and `labels`."""
    logits_BC, labels_B = arrays["logits"].astype(np.float64), arrays["labels"].astype(np.int64)
    largest_B = logits_BC.max(axis=1)
    lse_B = largest_B + np.log(np.exp(logits_BC - largest_B[:, None]).sum(axis=1))
    label_B = np.take_along_axis(logits_BC, labels_B[:, None], axis=1)[:, 0]
    found = confidence(lse_B, label_B, largest_B, meta["hyper"]["noise_threshold"])
    for name, got in (("max_prob", found.max_prob), ("label_prob", found.label_prob)):
        np.testing.assert_allclose(got, arrays[name], rtol=1e-9, atol=1e-300, err_msg=name)
    np.testing.assert_array_equal(found.flag, arrays["noise_flag"])


def _subcenter_drop(arrays: Arrays, meta: dict[str, Any]) -> None:
    """The dominant centre of a class without images has no meaning in the source."""
    hyper, labels = meta["hyper"], arrays["labels"]
    found = drop(
        arrays["embeddings"].astype(np.float64),
        arrays["weight"].astype(np.float64),
        labels,
        hyper["loss_K"],
        hyper["threshold_deg"],
    )
    present = np.unique(labels)
    assert found.dominant.shape == arrays["dominant"].shape
    np.testing.assert_array_equal(found.dominant[present], arrays["dominant"][present])
    np.testing.assert_allclose(
        found.cos_to_dominant, arrays["cos_to_dominant"], rtol=1e-9, atol=1e-9
    )
    for name in ("votes", "keep", "new_label"):
        np.testing.assert_array_equal(getattr(found, name), arrays[name], err_msg=name)
    replayed = keep_within(
        arrays["cos_to_dominant"], labels, len(found.dominant), hyper["threshold_deg"]
    )
    np.testing.assert_array_equal(replayed.keep, arrays["keep"])
    np.testing.assert_array_equal(replayed.new_label, arrays["new_label"])


METHODS: dict[str, Check] = {"subcenter_drop__derived": _subcenter_drop}


def cases(root: Path) -> Iterator[Case]:
    """One case a share and variant."""
    for path in sorted((root / FOLDER).glob("denoise_*.npz")):
        with np.load(path, allow_pickle=False) as stored:
            for share in stored["T"].tolist():
                for variant, column_scale in (("keep", True), ("keep_rowonly", False)):
                    name = f"{variant}_T{round(100 * share)}"
                    yield Case(
                        f"{FOLDER}/{path.name}:{name}",
                        partial(_credible, path, name, share, column_scale),
                    )


def _credible(path: Path, name: str, share: float, column_scale: bool) -> None:
    with np.load(path, allow_pickle=False) as stored:
        features, labels, wanted = stored["features"], stored["labels"], stored[name]
    found = credible(features, labels, int(labels.max()) + 1, share, column_scale)
    np.testing.assert_array_equal(found.keep, wanted)
    order = np.random.default_rng(0).permutation(len(labels))
    moved = credible(features[order], labels[order], int(labels.max()) + 1, share, column_scale)
    np.testing.assert_array_equal(moved.keep, wanted[order])
