"""Golden RecordIO files, checked record by record and rewritten to the same bytes.

A folder of `eval/recordio` is one file set: with an entry in `expected.json` its records are listed
there; otherwise a `<name>.json` beside `<name>.rec` gives the payloads in hexadecimal.
"""

import hashlib
import io
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from frlib.data.recordio import companions, writer
from frlib.data.recordio.header import Header
from frlib.data.recordio.identities import layout
from frlib.data.recordio.reader import RecordFile
from frlib.data.sources import recordio as source
from tests.golden.case import Case

FACTS = frozenset({"records", "num_ids", "num_images", "header0", "id_ranges", "written_by"})
RECORD_FACTS = frozenset(
    {
        "key",
        "offset",
        "raw_len",
        "flag",
        "label",
        "id",
        "id2",
        "payload_len",
        "payload_sha256",
        "shape",
        "rgb_mean",
        "rgb_equals_cv2_bgr_reversed_maxabsdiff",
    }
)
RAW_FACTS = frozenset({"note", "keys", "offsets", "payload_hex", "sequential_read_hex"})
MEAN = 0.5


def cases(root: Path) -> Iterator[Case]:
    """A case per fact of every file set under `root`/eval/recordio."""
    folder = root / "eval" / "recordio"
    if not folder.is_dir():
        return
    listed = folder / "expected.json"
    expected = json.loads(listed.read_text()) if listed.is_file() else {}
    for entry in sorted(folder.iterdir()):
        name = entry.relative_to(root).as_posix()
        if entry.is_dir() and entry.name in expected:
            yield from _listed_set(name, entry, expected[entry.name])
        elif entry.is_dir():
            yield from _raw_sets(name, entry)
        elif entry != listed and not entry.name.lower().startswith(("readme", ".")):
            yield _failing(name, "no code here knows this file")
    for missing in sorted(set(expected) - {entry.name for entry in folder.iterdir()}):
        yield _failing(f"{listed.relative_to(root).as_posix()}::{missing}", "no such folder")


def _listed_set(name: str, folder: Path, expected: dict[str, Any]) -> Iterator[Case]:
    for fact in sorted(set(expected) - FACTS):
        yield _failing(f"{name}::{fact}", "an unknown fact")
    checks = {
        "records": _records,
        "layout": _layout,
        "source": _source,
        "rewritten": _rewritten,
        "without_index": _without_index,
    }
    for what, check in checks.items():
        yield Case(f"{name}::{what}", partial(check, folder, expected))
    others = {"train.lst": _list, "property": _property}
    for path in sorted(folder.iterdir()):
        if path.name in others:
            yield Case(f"{name}/{path.name}", partial(others[path.name], folder, expected))
        elif path.name not in ("train.rec", "train.idx"):
            yield _failing(f"{name}/{path.name}", "no code here knows this file")


def _raw_sets(name: str, folder: Path) -> Iterator[Case]:
    for path in sorted(folder.iterdir()):
        beside = {path.with_suffix(suffix).is_file() for suffix in (".rec", ".idx", ".json")}
        if beside != {True} or path.suffix not in (".rec", ".idx", ".json"):
            yield _failing(f"{name}/{path.name}", "expected <name>.rec, <name>.idx, <name>.json")
        elif path.suffix == ".json":
            expected = json.loads(path.read_text())
            for fact in sorted(set(expected) - RAW_FACTS):
                yield _failing(f"{name}/{path.name}::{fact}", "an unknown fact")
            records = path.with_suffix(".rec")
            for check in (_raw_by_key, _raw_in_order, _raw_rewritten):
                yield Case(f"{name}/{path.name}::{check.__name__[5:]}", _of(check, records))


def _of(check: Callable[[Path, dict[str, Any]], None], records: Path) -> Callable[[], None]:
    return lambda: check(records, json.loads(records.with_suffix(".json").read_text()))


def _raw_by_key(path: Path, expected: dict[str, Any]) -> None:
    records = RecordFile(path)
    assert sorted(expected["keys"]) == records.index.keys.tolist()
    for key, offset, payload in zip(
        expected["keys"], expected["offsets"], expected["payload_hex"], strict=True
    ):
        assert records.index.offset(key) == offset
        assert records.record(key).hex() == payload, f"key {key}"


def _raw_in_order(path: Path, expected: dict[str, Any]) -> None:
    records = RecordFile(path)
    offsets = list(records.offsets())
    assert offsets == expected["offsets"]
    assert [records.record_at(at).hex() for at in offsets] == expected["sequential_read_hex"]
    unindexed = RecordFile(path, path.with_suffix(".absent"))
    assert sorted(unindexed.index.offsets.tolist()) == expected["offsets"]


def _raw_rewritten(path: Path, expected: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        with writer.create(Path(temporary) / path.name) as made:
            for key, payload in zip(expected["keys"], expected["payload_hex"], strict=True):
                made.add(key, bytes.fromhex(payload))
        _same_files(Path(temporary), path.parent, path.name, path.with_suffix(".idx").name)


def _records(folder: Path, expected: dict[str, Any]) -> None:
    records = RecordFile(folder / "train.rec")
    listed = expected["records"]
    assert sorted(one["key"] for one in listed) == records.index.keys.tolist()
    assert list(records.offsets()) == [one["offset"] for one in listed]
    for one in listed:
        unknown = set(one) - RECORD_FACTS
        assert not unknown, f"unknown facts {unknown}"
        header, image = records.image(one["key"])
        assert records.index.offset(one["key"]) == one["offset"]
        assert len(records.record(one["key"])) == one["raw_len"]
        assert header == Header(_label(one["label"]), one["id"], one["id2"])
        assert header.flag == one["flag"]
        assert len(image) == records.head(one["key"]).image_bytes == one["payload_len"]
        assert hashlib.sha256(image).hexdigest() == one["payload_sha256"]
        assert ("shape" in one) == bool(image)
        if "shape" in one:
            pixels = np.asarray(Image.open(io.BytesIO(image)).convert("RGB"))
            assert list(pixels.shape) == one["shape"]
            np.testing.assert_allclose(pixels.mean((0, 1)), one["rgb_mean"], rtol=0, atol=MEAN)
            assert one["rgb_equals_cv2_bgr_reversed_maxabsdiff"] == 0


def _layout(folder: Path, expected: dict[str, Any]) -> None:
    found = layout(RecordFile(folder / "train.rec"))
    assert list(found.header) == (expected["header0"] or [])
    assert len(found.images) == expected["num_images"]
    ranges = {
        str(key): pair
        for key, pair in zip(found.identities.tolist(), found.ranges.tolist(), strict=True)
    }
    assert ranges == expected.get("id_ranges", {})
    assert found.exact


def _source(folder: Path, expected: dict[str, Any]) -> None:
    config = source.Config(path=str(folder))
    manifest, reader = source.scan(config), source.open_reader(config)
    assert len(manifest) == expected["num_images"]
    assert manifest.num_classes == expected["num_ids"]
    listed = {one["key"]: one for one in expected["records"] if one["payload_len"]}
    assert sorted(manifest.refs.tolist()) == sorted(listed)
    for ref, label in zip(manifest.refs.tolist(), manifest.labels.tolist(), strict=True):
        stored = _label(listed[ref]["label"])
        assert label == (stored[0] if isinstance(stored, tuple) else stored)
        assert hashlib.sha256(reader.read(ref)).hexdigest() == listed[ref]["payload_sha256"]


def _rewritten(folder: Path, expected: dict[str, Any]) -> None:
    records = RecordFile(folder / "train.rec")
    images = [
        (one["key"], one["label"], records.image(one["key"])[1]) for one in expected["records"]
    ]
    with tempfile.TemporaryDirectory() as temporary:
        made = Path(temporary)
        if not expected["header0"]:
            writer.write_plain(
                made / "train.rec", [(key, int(label), image) for key, label, image in images]
            )
            _same_files(made, folder, "train.rec", "train.idx")
            return
        people = [
            [records.image(key)[1] for key in range(first, end)]
            for first, end in expected["id_ranges"].values()
        ]
        scalar = not isinstance(images[0][1], list)
        size = companions.read_property(folder / "property")
        writer.write_identities(
            made, people, size.height, size.width, "builder" if scalar else "list"
        )
        _same_files(made, folder, "train.rec", "train.idx", "property")


def _without_index(folder: Path, expected: dict[str, Any]) -> None:
    unindexed = RecordFile(folder / "train.rec", folder / "absent.idx")
    for one in expected["records"]:
        assert unindexed.index.offset(one["key"]) == one["offset"]


def _list(folder: Path, expected: dict[str, Any]) -> None:
    path = folder / "train.lst"
    lines = list(companions.read_list(path))
    assert "".join(line.text() for line in lines) == path.read_text()
    records = RecordFile(folder / "train.rec")
    images = [one for one in expected["records"] if one["payload_len"]]
    assert len(lines) == len(images)
    for number, (line, one) in enumerate(zip(lines, images, strict=True), start=1):
        assert one["key"] == (number if line.key is None else line.key)
        assert records.class_of(one["key"]) == line.labels[0]
        assert int(re.findall(r"\d+", line.path)[0]) == line.labels[0]


def _property(folder: Path, expected: dict[str, Any]) -> None:
    found = companions.read_property(folder / "property")
    assert found.num_classes == expected["num_ids"]
    shapes = {tuple(one["shape"][:2]) for one in expected["records"] if "shape" in one}
    assert shapes == {(found.height, found.width)}


def _same_files(made: Path, folder: Path, *names: str) -> None:
    for name in names:
        assert (made / name).read_bytes() == (folder / name).read_bytes(), name


def _label(label: float | list[float]) -> float | tuple[float, ...]:
    return tuple(label) if isinstance(label, list) else label


def _failing(name: str, message: str) -> Case:
    def fail() -> None:
        raise AssertionError(f"{name}: {message}")

    return Case(name, fail)
