"""What a trained model, and its training, say about every sample that it was trained on.

A folder: `evidence.json`, `samples.parquet` (a row a sample), `classes.parquet`, `course.parquet`
(what the training decided, epoch by epoch), `losses.npy` (of every sample in every epoch, where
they were kept), `before.parquet` (findings by which the training set had been cleaned, where it
had), and where the model was asked `answers.parquet`, or was made to embed the set `embeddings.npy`
and `weight.npy`. What ends in .npy is mapped and not read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from frlib.cleaning import findings
from frlib.cleaning.findings import Findings
from frlib.core import safeio
from frlib.core.errors import ConfigError, DataError, RecordError
from frlib.data.texts import Texts, texts, to_arrow

Need = Literal["answers", "embeddings", "course", "truth"]
Apply = Literal["both", "relabel", "drop"]
"""What is done about flagged samples: `relabel` those with a proposal and keep the rest, `drop`
them all, or `both`: relabel those with a proposal and drop the rest."""

_FACTS = "evidence.json"
_FILES = {name: f"{name}.parquet" for name in ("samples", "classes", "course", "answers", "before")}


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """What the model answers to each sample, in evaluation mode; `[N]` each.

    own: cosine with the given class (nearest centre of it), or the inner product where the head
    does not normalise. rival: the largest one with another class, and that class. second: the
    largest with a class beside these two; −1 where there is none. label_logit: of the given class,
    with margin and scale. max_logit: the largest of all, which may be the label's. log_sum_exp:
    over all, with margin and scale.
    """

    own: NDArray[np.float64]
    rival: NDArray[np.float64]
    rival_class: NDArray[np.int64]
    second: NDArray[np.float64]
    label_logit: NDArray[np.float64]
    max_logit: NDArray[np.float64]
    log_sum_exp: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Embedded:
    """embeddings: `[N, D]` float32, raw. weight: `[C * loss_k, D]`, centre k of class c in row
    c * loss_k + k. scale: s of the logits. Both arrays are mapped from disk."""

    embeddings: NDArray[np.float32]
    weight: NDArray[np.float32]
    loss_k: int
    scale: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Course:
    """Decisions that the training took itself, `[M]` each, by epoch and row.

    epochs: passes that were trained, numbered from 0. row: of the sample. score: how far the
    proposed class exceeded the given one, cosine. kind: of the decisions; empty if the head takes
    none. losses: `[E, N]` float16, of the label trained on, mapped from disk; NaN where an epoch
    did not train on the sample. None where they were not kept.
    """

    kind: str
    epochs: int
    epoch: NDArray[np.int64]
    row: NDArray[np.int64]
    proposed: NDArray[np.int64]
    score: NDArray[np.float64]
    losses: NDArray[np.float16] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """true: `[N]` as `Manifest.true_labels`. kinds: `[N]` as `Manifest.kinds`."""

    true: NDArray[np.int64]
    kinds: NDArray[np.int8]


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """Everything that is known of N samples of C people. Parts are None where nobody asked.

    given: `[N]` the labels trained on. before, applied: findings by which the set had been
    cleaned by then, on all samples there were, and what was done about them.
    """

    ids: Texts
    identities: tuple[str, ...]
    given: NDArray[np.int64]
    truth: Truth
    course: Course
    answers: Answers | None = None
    embedded: Embedded | None = None
    before: Findings | None = None
    applied: Apply = "both"

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def num_classes(self) -> int:
        """C, counting classes without samples."""
        return len(self.identities)

    @property
    def answered(self) -> Answers:
        """The answers; `ConfigError` without them."""
        if self.answers is None:
            raise _lacking("answers")
        return self.answers

    @property
    def vectors(self) -> Embedded:
        """Embeddings and class centres; `ConfigError` without them."""
        if self.embedded is None:
            raise _lacking("embeddings")
        return self.embedded

    def findings(
        self,
        kind: str,
        is_flagged: NDArray[np.bool_],
        suspicion: NDArray[np.float64],
        proposed: NDArray[np.int64] | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> Findings:
        """Findings on these samples. proposed counts where flagged, and nowhere else."""
        none = np.full(len(self), findings.NO_PROPOSAL, dtype=np.int64)
        return Findings(
            kind=kind,
            ids=self.ids,
            identities=self.identities,
            given=self.given,
            is_flagged=is_flagged,
            proposed=none if proposed is None else np.where(is_flagged, proposed, none),
            suspicion=np.clip(suspicion, 0, 1),
            facts=facts or {},
            true=self.truth.true,
        )


def _lacking(part: str) -> ConfigError:
    return ConfigError(
        f"this evidence has no {part}: the model was not asked for them. Make the evidence with "
        'sees=["answers", "embeddings"]'
    )


def write(
    folder: Path,
    *,
    ids: Texts,
    identities: tuple[str, ...],
    given: NDArray[np.int64],
    truth: Truth,
    course: Course,
    answers: Answers | None = None,
    loss_k: int = 0,
    scale: float = 0.0,
    before: Findings | None = None,
    applied: Apply = "both",
) -> None:
    """Write all but embeddings and weight, which whoever embeds puts there (loss_k > 0)."""
    samples = {
        "sample": to_arrow(ids),
        "given": given,
        "true": truth.true,
        "kind": truth.kinds,
    }
    moves = {f.name: getattr(course, f.name) for f in fields(Course) if f.name not in _COUNTS}
    tables = {
        "samples": pa.table(samples),
        "classes": pa.table({"name": pa.array(identities, pa.string())}),
        "course": pa.table(moves),
    }
    if answers is not None:
        tables["answers"] = pa.table({f.name: getattr(answers, f.name) for f in fields(Answers)})
    for name, rows in tables.items():
        with safeio.atomic(folder / _FILES[name]) as aside:
            pq.write_table(rows, aside, compression="zstd")
    if course.losses is not None:
        with safeio.atomic(folder / _LOSSES) as aside, aside.open("wb") as file:
            np.save(file, course.losses)
    if before is not None:
        findings.write(before, folder / _FILES["before"])
    about = {
        "decisions": course.kind,
        "epochs": course.epochs,
        "loss_k": loss_k,
        "scale": scale,
        "applied": applied,
    }
    safeio.write_json(folder / _FACTS, about)


_COUNTS = ("kind", "epochs", "losses")
_LOSSES = "losses.npy"


def is_there(folder: Path) -> bool:
    """Whether a folder is that of evidence, whole or not."""
    return (folder / _FACTS).is_file()


def read(folder: Path) -> Evidence:
    """The evidence in a folder; `DataError` where it is none or damaged."""
    try:
        about = safeio.read_json(folder / _FACTS)
        tables = {
            name: pq.read_table(folder / file)
            for name, file in _FILES.items()
            if name != "before" and (folder / file).is_file()
        }
        samples, moves = tables["samples"], _arrays(tables["course"])
        embedded = None
        if about["loss_k"]:
            embedded = Embedded(
                embeddings=_mapped(folder / "embeddings.npy"),
                weight=_mapped(folder / "weight.npy"),
                loss_k=about["loss_k"],
                scale=about["scale"],
            )
        own = _arrays(samples.select(["given", "true", "kind"]))
        before = folder / _FILES["before"]
        return Evidence(
            ids=texts(samples["sample"]),
            identities=tuple(tables["classes"]["name"].to_pylist()),
            given=own["given"],
            truth=Truth(true=own["true"], kinds=own["kind"]),
            course=Course(
                kind=about["decisions"],
                epochs=about["epochs"],
                losses=_mapped(folder / _LOSSES) if (folder / _LOSSES).is_file() else None,
                **moves,
            ),
            answers=Answers(**_arrays(tables["answers"])) if "answers" in tables else None,
            embedded=embedded,
            before=findings.read(before) if before.is_file() else None,
            applied=about["applied"],
        )
    except (OSError, KeyError, ValueError, TypeError, RecordError) as error:
        raise DataError(
            f"{folder}: no evidence can be read from it ({error!r}); expected the output of an "
            "evidence stage. Make it again"
        ) from error


def _arrays(rows: pa.Table) -> dict[str, Any]:
    return {name: rows[name].to_numpy() for name in rows.column_names}


def _mapped(path: Path) -> NDArray[Any]:
    found: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return found
