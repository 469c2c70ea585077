"""Hundreds of flipped bits and cut files: an answer or a `DataError`, soon and in little room."""

import random
import tracemalloc
from pathlib import Path

from frlib.core.errors import DataError
from frlib.data.recordio import companions, writer
from frlib.data.recordio.identities import layout
from frlib.data.recordio.reader import RecordFile
from frlib.data.sources import recordio as source
from tests.unit.data.recordio.by_hand import MAGIC

FLIPS, CUTS = 300, 100
ROOM = 16 << 20


def _files(root: Path) -> dict[str, bytes]:
    people = [[b"abcd" + MAGIC + b"x" * 21, b"y" * 30], [b"z" * 9], [MAGIC * 3, b"w" * 50]]
    writer.write_identities(root, people, 112, 112)
    return {path.name: path.read_bytes() for path in sorted(root.iterdir())}


def _everything(root: Path, *, with_index: bool) -> None:
    index = root / ("train.idx" if with_index else "absent")
    for work in (_all_records, _layout, _scan, _property):
        try:
            work(root, index)
        except DataError as error:
            assert str(root) in str(error)
            assert len(str(error)) < 800


def _all_records(root: Path, index: Path) -> None:
    records = RecordFile(root / "train.rec", index)
    for key in records.index.keys.tolist():
        records.head(key)
        records.image(key)


def _layout(root: Path, index: Path) -> None:
    layout(RecordFile(root / "train.rec", index))


def _scan(root: Path, index: Path) -> None:
    config = source.Config(path=str(root), index=str(index) if index.exists() else "")
    source.scan(config)


def _property(root: Path, index: Path) -> None:
    companions.read_property(root / "property")


def test_files_when_bits_flip_or_ends_are_cut_then_only_data_errors(tmp_path: Path) -> None:
    whole = _files(tmp_path)
    rng = random.Random(5)
    _everything(tmp_path, with_index=True)
    tracemalloc.start()
    try:
        for round_number in range(FLIPS + CUTS):
            name = rng.choice(["train.rec", "train.rec", "train.idx", "property"])
            data = bytearray(whole[name])
            if round_number < FLIPS:
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            else:
                del data[rng.randrange(len(data)) :]
            (tmp_path / name).write_bytes(data)
            _everything(tmp_path, with_index=bool(round_number % 3))
            (tmp_path / name).write_bytes(whole[name])
        assert tracemalloc.get_traced_memory()[1] < ROOM
    finally:
        tracemalloc.stop()
