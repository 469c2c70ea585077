"""What a rule found: a verdict on every sample of a training set.

Kept as a parquet file that is read without the data set: columns `sample` (id), `given` and
`proposed` (names of people; null where nothing is proposed), `flagged`, `suspicion`, and, where it
is known, `true` (name of the person shown; empty for nobody of the set; null for unknown).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from frlib.core import safeio
from frlib.core.errors import DataError, NumericsError
from frlib.data.manifest import OUTLIER, UNKNOWN
from frlib.data.texts import Texts, texts, to_arrow

NO_PROPOSAL = -1
_ABOUT = b"frlib.findings"
_COLUMNS = ("sample", "given", "flagged", "proposed", "suspicion")


@dataclass(frozen=True, kw_only=True, eq=False)
class Findings:
    """Verdicts on N samples of C people. Rows are in the order of `ids`.

    kind: the rule's name. identities: C names; a label is a place among them. given: `[N]` label
    that the sample has. is_flagged: `[N]` whether it is held to be wrong. proposed: `[N]` another
    label for it, `NO_PROPOSAL` (-1) where there is none; only where it is flagged. suspicion:
    `[N]` 0..1, the rule's own probability that the given label is wrong. facts: what the rule
    says about itself (threshold found, counts), plain JSON. true: `[N]` true label, `OUTLIER`,
    `UNKNOWN`, or C and more for a person without a class; None where nothing is known of any.
    """

    kind: str
    ids: Texts
    identities: tuple[str, ...]
    given: NDArray[np.int64]
    is_flagged: NDArray[np.bool_]
    proposed: NDArray[np.int64]
    suspicion: NDArray[np.float64]
    facts: Mapping[str, Any] = field(default_factory=dict)
    true: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        columns = [self.given, self.is_flagged, self.proposed, self.suspicion]
        if any(column.shape != (len(self.ids),) for column in columns):
            raise DataError(
                f"findings of {self.kind!r}: {len(self.ids)} samples, but columns of shapes "
                f"{', '.join(str(column.shape) for column in columns)}; expected one entry a sample"
            )
        if not np.isfinite(self.suspicion).all():
            raise NumericsError(
                f"findings of {self.kind!r}: the suspicion of "
                f"{int((~np.isfinite(self.suspicion)).sum())} samples is not finite, first "
                f"{self.ids[int(np.isfinite(self.suspicion).argmin())]!r}; check the model's run"
            )
        nobody = (self.given < 0) | (self.given >= len(self.identities))
        if nobody.any():
            row = int(nobody.argmax())
            raise DataError(
                f"findings of {self.kind!r}: sample {self.ids[row]!r} has the given label "
                f"{self.given[row]}; expected one from 0 to {len(self.identities) - 1}: every "
                "sample is given as somebody"
            )
        spare = (self.proposed != NO_PROPOSAL) & ~self.is_flagged
        wild = (self.proposed < NO_PROPOSAL) | (self.proposed >= len(self.identities))
        if spare.any() or wild.any():
            row = int((spare | wild).argmax())
            raise DataError(
                f"findings of {self.kind!r}: sample {self.ids[row]!r} has the proposal "
                f"{self.proposed[row]}, flagged: {bool(self.is_flagged[row])}; expected a label "
                f"from 0 to {len(self.identities) - 1} of a flagged sample, or {NO_PROPOSAL}"
            )

    def __len__(self) -> int:
        return len(self.ids)

    def relabelled(self) -> NDArray[np.bool_]:
        """`[N]` flagged with a proposal."""
        return self.is_flagged & (self.proposed != NO_PROPOSAL)

    def take(self, rows: NDArray[Any]) -> "Findings":
        """Those on some of the samples."""
        names = ("ids", "given", "is_flagged", "proposed", "suspicion")
        taken: dict[str, Any] = {name: getattr(self, name)[rows] for name in names}
        return replace(self, **taken, true=None if self.true is None else self.true[rows])


def table(found: Findings) -> pa.Table:
    """As the file has it."""
    columns: dict[str, Any] = {
        "sample": to_arrow(found.ids),
        "given": _named(found.given, found.identities),
        "flagged": found.is_flagged,
        "proposed": _named(found.proposed, found.identities),
        "suspicion": found.suspicion.astype(np.float32),
    }
    if found.true is not None:
        others = np.where(found.true >= len(found.identities), OUTLIER, found.true)
        people = (*found.identities, "")
        places = np.where(others == OUTLIER, len(found.identities), others)
        columns["true"] = _named(places, people)
    about = {"kind": found.kind, "facts": dict(found.facts)}
    return pa.table(columns).replace_schema_metadata({_ABOUT: json.dumps(about, sort_keys=True)})


def write(found: Findings, path: Path) -> None:
    """Write the file, whole or not at all."""
    with safeio.atomic(path) as aside:
        pq.write_table(table(found), aside, compression="zstd")


def read(path: Path) -> Findings:
    """Findings of a file; labels are numbered by the sorted names that occur in it.

    `DataError` for another kind of file, or one that is damaged.
    """
    try:
        return _told(pq.read_table(path), path)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{path}: no findings can be read from it ({error}); expected a findings.parquet, as "
            "a decide stage or `frlib denoise decide` writes it"
        ) from error


def _told(rows: pa.Table, path: Path) -> Findings:
    """What a table says; path: of its file, for messages."""
    lacking = [name for name in _COLUMNS if name not in rows.column_names]
    about = (rows.schema.metadata or {}).get(_ABOUT)
    if lacking or about is None:
        raise DataError(
            f"{path}: it has the columns {', '.join(rows.column_names)}; expected findings, with "
            f"{', '.join(_COLUMNS)}. Lists of other origin are read by `frlib denoise import`"
        )
    if not pa.types.is_boolean(rows["flagged"].type) or rows["flagged"].null_count:
        raise DataError(
            f"{path}: {rows['flagged'].null_count:,} samples are neither flagged nor not (column "
            f"of type {rows['flagged'].type}); the file is damaged, or of another program. Make it "
            "again"
        )
    told = json.loads(about)
    coded = {
        name: _coded(rows[name])
        for name in ("given", "proposed", "true")
        if name in rows.schema.names
    }
    identities = tuple(sorted({n for _, names in coded.values() for n in names if n}))
    place = {name: number for number, name in enumerate(identities)}
    labels = {
        name: np.array([*(place.get(n, OUTLIER) for n in names), UNKNOWN], dtype=np.int64)[codes]
        for name, (codes, names) in coded.items()
    }
    return Findings(
        kind=str(told["kind"]),
        ids=texts(rows["sample"]),
        identities=identities,
        given=labels["given"],
        is_flagged=rows["flagged"].to_numpy(),
        proposed=np.where(labels["proposed"] == UNKNOWN, NO_PROPOSAL, labels["proposed"]),
        suspicion=rows["suspicion"].to_numpy().astype(np.float64),
        facts=told["facts"],
        true=labels.get("true"),
    )


def _coded(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], list[str]]:
    """`[N]` places among the names that occur, -1 for null; those names."""
    coded = column.cast(pa.string()).dictionary_encode().combine_chunks()
    codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, coded.dictionary.to_pylist()


def _named(labels: NDArray[np.int64], names: tuple[str, ...]) -> pa.DictionaryArray:
    codes = pa.array(labels.astype(np.int32), mask=labels < 0)
    return pa.DictionaryArray.from_arrays(codes, pa.array(names, pa.string()))
