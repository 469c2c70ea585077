"""A cleaned set on disk: bytes, labels, the map of classes, and every format."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frlib.cleaning import written
from frlib.cleaning.evidence import Apply
from frlib.cleaning.findings import NO_PROPOSAL, Findings
from frlib.core import discover
from frlib.core.errors import ConfigError, DataError
from frlib.data import catalog, flaws
from frlib.data.convert import formats
from frlib.data.convert.run import Options
from frlib.data.manifest import Manifest
from frlib.data.sinks import image_folder as folder_sink
from frlib.data.sinks import parquet as parquet_sink
from frlib.data.sources import image_folder, synth
from tests.unit.data.tiny_sets import people, write_folder

EVERYONE = people(3, 1, 4)
KEPT: tuple[Apply, ...] = ("both", "relabel", "drop")


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    source = image_folder.Config(path=str(write_folder(tmp_path / "faces", EVERYONE)))
    return catalog.scan(source, tmp_path / "store")


def _findings(manifest: Manifest, verdicts: dict[str, int]) -> Findings:
    """verdicts: id -> proposed label."""
    ids = manifest.ids.tolist()
    flagged = np.array([one in verdicts for one in ids])
    return Findings(
        kind="rule",
        ids=manifest.ids,
        identities=manifest.identities,
        given=manifest.labels,
        is_flagged=flagged,
        proposed=np.array([verdicts.get(one, NO_PROPOSAL) for one in ids]),
        suspicion=flagged.astype(np.float64),
    )


VERDICTS = {"p00/2.jpg": 2, "p01/0.jpg": NO_PROPOSAL, "p02/0.jpg": NO_PROPOSAL}


def _read(config: Any, store: Path) -> dict[bytes, str]:
    """Bytes of an image -> name of its person."""
    module = discover.load(formats.SINKS, config.name)
    found = catalog.scan(module.source(config, "RGB"), store)
    reader = catalog.open_reader(found.readers[0])
    names = [found.identities[label] for label in found.labels.tolist()]
    return {reader.read(ref): n for ref, n in zip(found.refs.tolist(), names, strict=True)}


def _wanted(apply: Apply) -> dict[bytes, str]:
    wanted = {}
    for person, files in EVERYONE.items():
        for file, data in files.items():
            proposed = VERDICTS.get(f"{person}/{file}")
            is_moved = proposed == 2 and apply != "drop"
            if proposed is None or is_moved or apply == "relabel":
                wanted[data] = "p02" if is_moved else person
    return wanted


@pytest.mark.parametrize("apply", KEPT)
def test_write_when_applied_then_the_images_and_labels_that_are_asked_for(
    apply: Apply, manifest: Manifest, tmp_path: Path
) -> None:
    target = parquet_sink.Config(path=str(tmp_path / "out"))
    done = written.write(manifest, _findings(manifest, VERDICTS), apply, target)
    assert _read(target, tmp_path / "store") == _wanted(apply)
    assert done.set.verified
    assert done.set.images == len(_wanted(apply))
    assert done.facts["relabelled"] == (apply != "drop")
    assert not done.named_by_id


@pytest.mark.parametrize("name", formats.sinks())
def test_write_when_in_any_format_then_the_same_set(
    name: str, manifest: Manifest, tmp_path: Path
) -> None:
    target = formats.target_at(str(tmp_path / "out"), name)
    done = written.write(manifest, _findings(manifest, VERDICTS), "both", target)
    found = _read(done_target(target, done), tmp_path / "store")
    assert found == _wanted("both")


def done_target(target: Any, done: written.Written) -> Any:
    return target.model_copy(update={"path": str(done.set.target)})


def test_write_when_a_class_is_lost_then_the_map_says_so_beside_the_set(
    manifest: Manifest, tmp_path: Path
) -> None:
    target = parquet_sink.Config(path=str(tmp_path / "in/clean.parquet"))
    done = written.write(manifest, _findings(manifest, VERDICTS), "both", target)
    assert done.classes == tmp_path / "in/clean.parquet.classes.csv"
    with done.classes.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [["name", "old", "new"], ["p00", "0", "0"], ["p01", "1", ""], ["p02", "2", "1"]]
    assert done.facts["classes_lost_names"] == ["p01"]


def test_write_when_short_names_meet_in_a_class_then_files_are_named_by_ids(
    manifest: Manifest, tmp_path: Path
) -> None:
    target = folder_sink.Config(path=str(tmp_path / "out"))
    done = written.write(manifest, _findings(manifest, VERDICTS), "relabel", target)
    assert done.named_by_id
    assert "p00%2F2.jpg" in {path.name for path in (tmp_path / "out/p02").iterdir()}
    apart = folder_sink.Config(path=str(tmp_path / "apart"))
    done = written.write(manifest, _findings(manifest, VERDICTS), "drop", apart)
    assert not done.named_by_id
    assert {path.name for path in (tmp_path / "apart/p00").iterdir()} == {"0.jpg", "1.jpg"}


def test_write_when_labels_are_in_no_order_then_sinks_get_them_in_order(
    manifest: Manifest, tmp_path: Path
) -> None:
    shuffled = manifest.take(np.random.default_rng(0).permutation(len(manifest)))
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for own, path in zip((manifest, shuffled), paths, strict=True):
        target = parquet_sink.Config(path=str(path))
        written.write(own, _findings(own, VERDICTS), "both", target)
    one, other = ((path / "part-00000.parquet").read_bytes() for path in paths)
    assert one == other


def test_write_when_pixels_are_flawed_then_counts_those_that_stay(
    manifest: Manifest, tmp_path: Path
) -> None:
    kinds = np.array([flaws.BLUR] * 4 + [flaws.NONE] * 4, dtype=np.int8)
    none = flaws.none(len(manifest))
    flawed = replace(manifest, flaws=replace(none, kinds=kinds))
    target = parquet_sink.Config(path=str(tmp_path / "out"))
    done = written.write(flawed, _findings(manifest, VERDICTS), "both", target)
    assert done.flawed == 3


def test_write_when_the_target_exists_then_error_and_its_map_stays(
    manifest: Manifest, tmp_path: Path
) -> None:
    target = parquet_sink.Config(path=str(tmp_path / "out"))
    done = written.write(manifest, _findings(manifest, VERDICTS), "both", target)
    before = done.classes.read_text()
    with pytest.raises(DataError, match="exists"):
        written.write(manifest, _findings(manifest, {"p02/1.jpg": 0}), "both", target)
    assert done.classes.read_text() == before


def test_write_when_the_source_has_no_bytes_then_no_map_is_left(
    manifest: Manifest, tmp_path: Path
) -> None:
    made = replace(manifest, readers=(synth.Config(identities=3, images=4),))
    target = parquet_sink.Config(path=str(tmp_path / "out"))
    with pytest.raises(ConfigError, match="no stored bytes"):
        written.write(made, _findings(made, VERDICTS), "both", target)
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith("out")] == []


class _Stopped(BaseException):
    """As the user stops it."""


class _Stops:
    def begin(self, what: str, total: int, done: int) -> None:
        self.done = done

    def advance(self, images: int) -> None:
        raise _Stopped

    def end(self) -> None:
        pass


def test_write_when_stopped_then_goes_on_and_refuses_other_findings(
    manifest: Manifest, tmp_path: Path
) -> None:
    target = parquet_sink.Config(path=str(tmp_path / "out"), rows=1)
    found, often = _findings(manifest, VERDICTS), Options(commit_images=1, memory=1)
    with pytest.raises(_Stopped):
        written.write(manifest, found, "both", target, often, _Stops())
    with pytest.raises(DataError, match="interrupted conversion"):
        written.write(manifest, _findings(manifest, {"p02/1.jpg": 0}), "both", target, often)
    done = written.write(manifest, found, "both", target, often)
    assert done.set.before > 0
    assert _read(target, tmp_path / "store") == _wanted("both")
