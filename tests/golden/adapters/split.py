"""Golden split of MixBCT, `bct/split_a.npz`, against `frlib.data.parts`."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from frlib.data import parts
from frlib.data.manifest import from_table
from frlib.data.parts import class_split, image_split
from tests.golden.case import Case

FOLDER = "bct"
FILE = "bct/split_a.npz"
PARTS = {
    "part_30_class": class_split.Config(part="old"),
    "part_70_class": class_split.Config(part="new"),
    "part_30_data": image_split.Config(part="old"),
    "part_70_data": image_split.Config(part="new"),
}


def cases(root: Path) -> Iterator[Case]:
    """One case per part."""
    if (root / FILE).is_file():
        for name in PARTS:
            yield Case(f"{FILE}:{name}", partial(_check, root / FILE, name))


def _check(path: Path, name: str) -> None:
    with np.load(path, allow_pickle=False) as stored:
        labels, ratio = stored["labels"], float(stored["split_ratio"])
        wanted = {what: stored[f"{name}_{what}"] for what in ("source_row", "label", "header0")}
    rows = [f"{row:08d}" for row in range(len(labels))]
    whole = from_table(
        ids=rows,
        names=[f"{label:08d}" for label in labels],
        checksums=[row.encode() for row in rows],
        refs=range(len(rows)),
        reader=None,
        colour="RGB",
        trusted=True,
    )
    found = parts.select(whole, PARTS[name].model_copy(update={"share": ratio}))
    np.testing.assert_array_equal(found.refs, wanted["source_row"])
    np.testing.assert_array_equal(found.labels, wanted["label"])
    assert [len(found) + 1, found.num_classes] == wanted["header0"].tolist()
