"""Bag mining of `dispersion__derived` against `frlib.data.bag`; the loss is another adapter's."""

from typing import Any

import numpy as np

from frlib.data.bag import centres_of, mine, pairs
from tests.golden.case import Arrays


def check_mining(arrays: Arrays, meta: dict[str, Any]) -> None:
    """`centres`, `pair_sqdist` and `mined_ids`, from `embeddings`.

    The recorded centres are those of the loss, of unit length; the distances are between centres
    as they are.
    """
    hyper = meta["hyper"]
    centres_PD = centres_of(arrays["embeddings"].astype(np.float64), hyper["images_per_identity"])
    unit_PD = centres_PD / np.linalg.norm(centres_PD, axis=1, keepdims=True)
    np.testing.assert_allclose(unit_PD, arrays["centres"], rtol=1e-9, atol=1e-9)
    smaller, larger, sqdist = pairs(centres_PD)
    square_PP = np.full(arrays["pair_sqdist"].shape, np.nan)
    square_PP[smaller, larger] = square_PP[larger, smaller] = sqdist
    np.testing.assert_allclose(square_PP, arrays["pair_sqdist"], rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(mine(centres_PD, hyper["want"]).ids, arrays["mined_ids"])
