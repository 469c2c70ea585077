"""Findings from a list of other origin, on the samples of evidence or of a set.

A sample is found by its id; else by its path with forward strokes, without the folder that paths
began with; else as an outlier, `open:<path>`; a key of a RecordIO file by its eight digits. Named
more than once, it counts once, with the last line, as BoundaryFace's workers append to one list. A
proposal that is the given label is none. Samples that are not named are not flagged.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from frlib.cleaning.evidence import Evidence
from frlib.cleaning.findings import NO_PROPOSAL, Findings
from frlib.cleaning.lists import Listed
from frlib.core.errors import ConfigError, DataError
from frlib.data.manifest import Manifest
from frlib.data.text_lists import plain_path
from frlib.data.texts import Texts, to_arrow

Labels = Literal["auto", "names", "numbers"]
KIND = "imported"
_DIGITS = 19
"""Of a number that no set has so many classes as."""
_FEW = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Like:
    """Whose samples are meant. ids: `[N]`. given, true: `[N]`, as in `Findings`."""

    ids: Texts
    identities: tuple[str, ...]
    given: NDArray[np.int64]
    true: NDArray[np.int64]

    @classmethod
    def evidence(cls, seen: Evidence) -> "Like":
        """Those of evidence."""
        return cls(ids=seen.ids, identities=seen.identities, given=seen.given, true=seen.truth.true)

    @classmethod
    def manifest(cls, manifest: Manifest) -> "Like":
        """Those of a set."""
        return cls(
            ids=manifest.ids,
            identities=manifest.identities,
            given=manifest.labels,
            true=manifest.true_labels,
        )


def findings(listed: Listed, like: Like, *, labels: Labels = "auto", was: str = "") -> Findings:
    """Findings of kind `imported`.

    labels: what the list calls people by; auto: names where all are names of the set, else numbers
    from 0 in its order. was: folder that paths began with where the list was made.

    `DataError` for samples or labels that the set does not have, or for other given labels than it
    has; `ConfigError` for labels that could be names and numbers and would mean other people.
    """
    rows = _rows(listed, like, was)
    proposed = _numbers(listed, listed.proposed, like, labels)
    _require_given(listed, rows, like)
    is_news = (proposed == NO_PROPOSAL) | (proposed != like.given[rows])
    last = np.full(len(like.ids), -1, dtype=np.int64)
    np.maximum.at(last, rows, np.arange(len(rows)))
    named = last >= 0
    lines = last[named]
    flagged = np.zeros(len(like.ids), dtype=np.bool_)
    flagged[named] = is_news[lines]
    labels_now = np.full(len(like.ids), NO_PROPOSAL, dtype=np.int64)
    labels_now[named] = np.where(is_news[lines], proposed[lines], NO_PROPOSAL)
    suspicion = np.zeros(len(like.ids))
    suspicion[named] = np.where(is_news, np.asarray(listed.suspicion), 0.0)[lines]
    facts = {
        "file": listed.file.name,
        "form": listed.form,
        "lines": len(listed),
        "samples": int(named.sum()),
        "as_given": int((~is_news[lines]).sum()),
    }
    return Findings(
        kind=KIND,
        ids=like.ids,
        identities=like.identities,
        given=like.given,
        is_flagged=flagged,
        proposed=labels_now,
        suspicion=suspicion,
        facts=facts,
        true=like.true,
    )


def _rows(listed: Listed, like: Like, was: str) -> NDArray[np.int64]:
    """`[n]` row of the set that every line means."""
    own = to_arrow(like.ids).combine_chunks()
    plain = [plain_path(one, was=was) for one in listed.samples]
    digits = [_eight(one) for one in listed.samples]
    outliers = [f"open:{one}" for one in plain]
    found = np.full(len(listed), -1, dtype=np.int64)
    for names in (listed.samples, plain, outliers, digits):
        places = pc.index_in(pa.array(names, pa.string()), value_set=own)
        found = np.where(found < 0, places.fill_null(-1).to_numpy(zero_copy_only=False), found)
    lost = np.flatnonzero(found < 0)
    if len(lost):
        raise DataError(
            f"{listed.file}: {len(lost):,} of {len(listed):,} samples are not in this set, first "
            f"{_first(listed.samples, lost)}; ids here look like "
            f"{', '.join(repr(one) for one in like.ids[:2].tolist())}. Name the folder that the "
            "paths began with (--was), or the set that the list was made for; keys of records are "
            "ids of a recordio source with ids=keys"
        )
    return found.astype(np.int64)


def _numbers(listed: Listed, written: list[str], like: Like, labels: Labels) -> NDArray[np.int64]:
    """`[n]` class of every label as written, `NO_PROPOSAL` for none."""
    place = {name: number for number, name in enumerate(like.identities)}
    texts = {one for one in written if one}
    names = {one: place[one] for one in texts if one in place}
    numbers = {one: int(one) for one in texts if _is_number(one, len(place))}
    if labels == "auto":
        both = len(names) == len(numbers) == len(texts)
        differ = sorted(one for one in names if both and names[one] != numbers[one])
        if differ:
            raise ConfigError(
                f"{listed.file}: label {differ[0]!r} is the name of class {names[differ[0]]}, and "
                f"the number of {like.identities[numbers[differ[0]]]!r}. Say which is meant: "
                "--labels names or --labels numbers"
            )
        labels = "names" if len(names) >= len(numbers) else "numbers"
    known = names if labels == "names" else numbers
    lost = np.array([n for n, one in enumerate(written) if one and one not in known], np.int64)
    if len(lost):
        raise DataError(
            f"{listed.file}: {len(lost):,} labels are no {labels} of this set, first "
            f"{_first(written, lost)}; expected one of its {len(place):,} people, e.g. "
            f"{like.identities[0]!r}, or numbers from 0 to {len(place) - 1}"
        )
    return np.array([known[one] if one else NO_PROPOSAL for one in written], dtype=np.int64)


def _require_given(listed: Listed, rows: NDArray[np.int64], like: Like) -> None:
    """Record labels are class numbers: those of the set, or its names in eight digits."""
    if listed.given is None:
        return
    place = {name: number for number, name in enumerate(like.identities)}
    told = [
        place.get(_eight(one), int(one) if _is_number(one, len(place)) else -1)
        for one in listed.given
    ]
    differ = np.flatnonzero(np.array(told, dtype=np.int64) != like.given[rows])
    if len(differ):
        at = int(differ[0])
        raise DataError(
            f"{listed.file}: key {listed.samples[at]} has label {listed.given[at]}, here "
            f"{like.identities[like.given[rows[at]]]!r} ({len(differ):,} such); expected the set "
            "and the noise draw that the list was made for"
        )


def _is_number(text: str, count: int) -> bool:
    is_short = text.isascii() and text.isdecimal() and len(text) < _DIGITS
    return is_short and int(text) < count


def _eight(text: str) -> str:
    """A number as keys of records are written; other texts as they are."""
    return text.lstrip("0").zfill(8) if text.isascii() and text.isdecimal() else text


def _first(texts: list[str], places: NDArray[np.int64]) -> str:
    few = dict.fromkeys(texts[place] for place in places.tolist())
    return ", ".join(repr(one) for one in list(few)[:_FEW])
