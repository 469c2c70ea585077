"""Decisions about samples `heads/subcenter_drop__*.npz` against `frlib.denoise`.

`check_confidence` is the part of `nr__derived` that `frlib.denoise` answers for.
"""

from typing import Any

import numpy as np

from frlib.denoise.low_confidence import confidence
from frlib.denoise.subcenter_drop import drop, keep_within
from tests.golden.case import Arrays, Check


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
