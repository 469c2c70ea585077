"""Recorded arrays of an IJB-like set, written as the lists of the real set."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from frlib.data.texts import Texts, texts

_NAME = "ijbc"
_POINTS = " ".join(["0"] * 10)


def names(stored: Mapping[str, np.ndarray]) -> Texts:
    """The image names that `write` gives."""
    return texts([f"{row}.jpg" for row in range(len(stored["templates"]))])


def write(folder: Path, stored: Mapping[str, np.ndarray]) -> Path:
    """`meta` with the five kinds of lists; the folder itself is returned."""
    images = names(stored).tolist()
    meta = folder / "meta"
    meta.mkdir(parents=True)
    columns = zip(images, stored["templates"], stored["medias"], strict=True)
    _lines(meta / f"{_NAME}_face_tid_mid.txt", (f"{a} {t} {m}" for a, t, m in columns))
    scores = zip(images, stored["face_scores"].tolist(), strict=True)
    _lines(meta / f"{_NAME}_name_5pts_score.txt", (f"{a} {_POINTS} {s!r}" for a, s in scores))
    pairs = zip(stored["p1"], stored["p2"], stored["label"], strict=True)
    _lines(meta / f"{_NAME}_template_pair_label.txt", (f"{a} {b} {same}" for a, b, same in pairs))
    lists = {"gallery_G1": "g1", "gallery_G2": "g2", "probe_mixed": "probe"}
    for kind, key in lists.items():
        rows = zip(stored[f"{key}_templates"], stored[f"{key}_ids"], strict=True)
        lines = ["TEMPLATE_ID,SUBJECT_ID", *(f"{template},{person}" for template, person in rows)]
        _lines(meta / f"{_NAME}_1N_{kind}.csv", lines)
    return folder


def _lines(path: Path, lines: Iterable[str]) -> None:
    path.write_text("\n".join(lines) + "\n")
