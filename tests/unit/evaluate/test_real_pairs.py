"""The reference model on real faces scores what the set's README measured, to 0.2 points."""

import os
from pathlib import Path

import pytest

from frlib.evaluate import features
from frlib.evaluate.protocols import pair_csv

pytestmark = [
    pytest.mark.faces,
    pytest.mark.skipif(
        not os.environ.get("FRLIB_FACES"),
        reason="FRLIB_FACES is not set to a folder with eval_pairs.csv, reference_embeddings.npz",
    ),
]


def test_variants_when_reference_embeddings_then_the_stated_accuracies() -> None:
    root = Path(os.environ["FRLIB_FACES"])
    given = features.from_vectors(root / "reference_embeddings.npz")
    wanted = ("insightface10", "exact", "roc")
    report = pair_csv.evaluate(pair_csv.Config(path=str(root / "eval_pairs.csv")), given, wanted)
    rows = {(row.protocol, row.variant, row.metric): row for row in report.rows}
    official = rows["eval_pairs/official", "insightface2-single", "accuracy"]
    extended = rows["eval_pairs/extended", "insightface10-single", "accuracy"]
    assert official.value == pytest.approx(0.9883, abs=0.002)
    assert extended.value == pytest.approx(0.9853, abs=0.002)
    assert (official.n, extended.n) == (1200, 4640)
    tar = rows["eval_pairs/extended", "roc-single", "tar@far=0.01"]
    assert tar.value == pytest.approx(0.972, abs=0.002)
    assert rows["eval_pairs/extended", "roc-single", "tar@far=0.0001"].value is None
