"""Lists of suspected samples as text: BoundaryFace's of every epoch, and those of other programs.

    relabel   path TAB label            the label that is proposed: its name, or its number from 0
    drop      path                      proposes nothing: the sample is to go
    unequal   label key max_p p_label   Unequal Training's noise list: label and key of a record
    csv       sample[,proposed]         with this header; an empty proposal: the sample is to go

BoundaryFace appends `path TAB label` for every sample that it relabels, a file an epoch; its lists
to train on have blanks instead of the tab, so two blanks or more are read as well. One blank
belongs to the path. Unequal Training separates by one blank, and its key is that of a RecordIO
file. `frlib.cleaning.imported` makes findings of what is read.

Source: Wu and Gong, BoundaryFace, ECCV 2022, head/boundaryMargin.py; Zhong et al.,
Unequal-Training, CVPR 2019, data_boot_gs.py. Deviation: BoundaryFace appends what all workers find
to one file, and again when an epoch is trained again; here an epoch is written once, by row.
"""

import csv
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from frlib.cleaning.evidence import Evidence
from frlib.core import safeio
from frlib.core.errors import ConfigError, DataError

Form = Literal["relabel", "drop", "unequal", "csv"]
FORMS: tuple[Form, ...] = get_args(Form)
CLASSES = "classes.csv"
_RELABEL = re.compile(r"(.*\S)(?:\t| {2,})\s*(\S.*)")
_NUMBER = r"\d+(?:\.\d+)?(?:e[+-]?\d+)?"
_UNEQUAL = re.compile(rf"(\d+)[ \t]+(\d+)[ \t]+({_NUMBER})[ \t]+({_NUMBER})", re.ASCII)
_LOOKS = {
    "relabel": "path, tab, label",
    "drop": "a path alone",
    "unequal": "label, key, largest probability, that of the label",
    "csv": "a header with the column sample, and perhaps proposed",
}


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A list as it stands in its file, n lines.

    samples: ids, paths, or keys as digits. proposed: labels as written, "" for none. given: labels
    that the samples had there, where the form tells (unequal). suspicion: 0..1.
    """

    file: Path
    form: Form
    samples: list[str]
    proposed: list[str]
    given: list[str] | None
    suspicion: list[float]

    def __len__(self) -> int:
        return len(self.samples)


def write(evidence: Evidence, folder: Path) -> list[Path]:
    """Write `epoch_00.txt` and so on, numbered from 0, and the names of the labels beside them.

    An epoch without decisions has an empty file. The folder is whole or absent. `ConfigError` where
    it exists, or where the training took no decisions; `DataError` for ids that fit in no line.
    """
    course = evidence.course
    if not course.kind:
        raise ConfigError(
            "this training took no decisions, so there is nothing to list; expected evidence of a "
            "run whose head relabels, e.g. head=boundary"
        )
    if folder.exists():
        raise ConfigError(f"{folder} exists; name a folder that does not, or remove it")
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        aside.chmod(0o755)
        names = _write(evidence, aside)
        aside.rename(folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return [folder / name for name in names]


def _write(evidence: Evidence, folder: Path) -> list[str]:
    course = evidence.course
    order = np.lexsort((course.row, course.epoch))
    ends = np.searchsorted(course.epoch[order], np.arange(course.epochs + 1))
    names, digits = [], max(2, len(str(course.epochs - 1)))
    for epoch in range(course.epochs):
        rows = order[ends[epoch] : ends[epoch + 1]]
        samples = evidence.ids[course.row[rows]].tolist()
        _require_lines(samples)
        labels = course.proposed[rows].tolist()
        names.append(f"epoch_{epoch:0{digits}d}.txt")
        lines = (f"{one}\t{label}\n" for one, label in zip(samples, labels, strict=True))
        safeio.write_text(folder / names[-1], "".join(lines))
    with safeio.atomic(folder / CLASSES) as beside, beside.open("w", newline="") as file:
        rows_of = csv.writer(file, lineterminator="\n")
        rows_of.writerow(("label", "name"))
        rows_of.writerows(enumerate(evidence.identities))
    return names


def _require_lines(samples: list[str]) -> None:
    for one in samples:
        if one != one.strip() or "\t" in one or len(one.splitlines()) != 1:
            raise DataError(
                f"lists: the id {one!r} begins or ends with a blank, or holds a tab or a line "
                "break, and would be read as another one. Rename the file, or use findings instead."
            )


def read(file: Path, form: Form | None = None) -> Listed:
    """The lines of a list; its form is told by its look where none is given.

    Empty lines are left out. `DataError` names the first line that is of another form.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file} cannot be read ({error}); expected a list of samples") from error
    if form == "csv" or (form is None and file.suffix.lower() == ".csv"):
        return _csv(file, text)
    lines = [(n, line.strip()) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    form = form or _look(lines[0][1] if lines else "")
    wrong = next((line for line in lines if not _is(form, line[1])), None)
    if wrong is not None:
        raise DataError(
            f"{file} line {wrong[0]}: {wrong[1]!r}; expected {_LOOKS[form]} (form {form!r}), as "
            f"before it. Name the form if it is another: --form {'|'.join(FORMS)}"
        )
    return _parsed(file, form, [line for _, line in lines])


def _look(first: str) -> Form:
    if _UNEQUAL.fullmatch(first):
        return "unequal"
    return "drop" if first and not _RELABEL.fullmatch(first) else "relabel"


def _is(form: Form, line: str) -> bool:
    if form == "unequal":
        return _UNEQUAL.fullmatch(line) is not None
    return form == "drop" or _RELABEL.fullmatch(line) is not None


def _parsed(file: Path, form: Form, lines: list[str]) -> Listed:
    given, proposed, suspicion = None, [""] * len(lines), [1.0] * len(lines)
    samples = lines
    if form == "relabel":
        parts = [_groups(_RELABEL, line) for line in lines]
        samples, proposed = [part[0] for part in parts], [part[1] for part in parts]
    elif form == "unequal":
        parts = [_groups(_UNEQUAL, line) for line in lines]
        given, samples = [part[0] for part in parts], [part[1] for part in parts]
        suspicion = [max(0.0, 1 - float(part[2])) for part in parts]
    return Listed(
        file=file,
        form=form,
        samples=samples,
        proposed=proposed,
        given=given,
        suspicion=suspicion,
    )


def _groups(pattern: re.Pattern[str], line: str) -> tuple[str, ...]:
    match = pattern.fullmatch(line)
    assert match is not None, "lines are of their form"
    return match.groups()


def _csv(file: Path, text: str) -> Listed:
    rows = csv.DictReader(text.splitlines())
    try:
        columns, every = rows.fieldnames or [], list(rows)
    except csv.Error as error:
        raise DataError(f"{file}, line {rows.line_num}: {error}; is it a CSV?") from error
    if "sample" not in columns:
        raise DataError(
            f"{file}: the columns are {', '.join(columns) or 'none'}; expected {_LOOKS['csv']}"
        )
    found = [row for row in every if row["sample"]]
    return Listed(
        file=file,
        form="csv",
        samples=[row["sample"] for row in found],
        proposed=[row.get("proposed") or "" for row in found],
        given=None,
        suspicion=[1.0] * len(found),
    )
