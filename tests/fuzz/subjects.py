"""Every reader of foreign files: how to make small good files for it, and reading all of them.

Those of the evaluation are in `evaluation`.
"""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from frlib.core import discover
from frlib.core.config import Config
from frlib.data import decode, pairs
from frlib.data.pairsets import bin as bin_file
from frlib.data.pairsets import folder, lists
from frlib.data.recordio import companions, writer
from frlib.data.recordio.reader import RecordFile
from tests.fuzz import evaluation
from tests.fuzz.evaluation import write
from tests.unit.data import tiny_sets
from tests.unit.data.pairsets import made

_SIDE = 24
_PEOPLE = tiny_sets.people(3, 2, 1)


@dataclass(frozen=True)
class Subject:
    """`make(root)` writes good files into an empty folder; `read(root)` reads all there is."""

    make: Callable[[Path], object]
    read: Callable[[Path], object]


def _source(config: Callable[[Path], Config]) -> Callable[[Path], None]:
    """Scan, then every image as bytes and as pixels."""

    def read(root: Path) -> None:
        chosen = config(root)
        module: Any = discover.load("frlib.data.sources", chosen.name)  # type: ignore[attr-defined]
        module.fingerprint(chosen)
        found = module.scan(chosen)
        reader = module.open_reader(chosen)
        for ref in found.refs.tolist():
            reader.where(ref)
            reader.read(ref)
        reader.images(found.refs, _SIDE)

    return read


def _named(name: str, file: str = "", **fields: Any) -> Callable[[Path], None]:
    def config(root: Path) -> Config:
        module: Any = discover.load("frlib.data.sources", name)
        made_config: Config = module.Config(path=str(root / file), **fields)
        return made_config

    return _source(config)


def _picture(kind: str, mode: str = "RGB", **how: Any) -> bytes:
    out = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (_SIDE, _SIDE, 3), dtype=np.uint8)
    Image.fromarray(pixels).convert(mode).save(out, kind, **how)
    return out.getvalue()


PICTURES = {
    "a.jpg": _picture("JPEG"),
    "grey.jpg": _picture("JPEG", "L"),
    "cmyk.jpg": _picture("JPEG", "CMYK"),
    "progressive.jpg": _picture("JPEG", progressive=True),
    "b.png": _picture("PNG"),
    "palette.png": _picture("PNG", "P"),
    "c.webp": _picture("WEBP"),
    "d.bmp": _picture("BMP"),
}


def _read_pictures(root: Path) -> None:
    for path in sorted(root.iterdir()):
        decode.image(path.read_bytes(), _SIDE, "RGB", str(path))


def _read_records(root: Path) -> None:
    records = RecordFile(root / "train.rec")
    for key in records.index.keys.tolist():
        records.head(key)
        records.image(key)
    companions.read_property(root / "property")


def _make_plain(root: Path) -> None:
    images = [data for _, _, data in tiny_sets.rows(_PEOPLE)]
    writer.write_plain(root / "train.rec", [(k, k // 2, data) for k, data in enumerate(images)])
    listed = "".join(f"{k}\t{k // 2:f}\tp{k // 2}/{k}.jpg\n" for k in range(len(images)))
    (root / "train.lst").write_text(listed)


def _make_bins(root: Path) -> None:
    items, flags = made.images(6), [True, False, True]
    write(
        root,
        {
            "old.bin": made.python2_protocol0(items, flags),
            "python2.bin": made.python2_protocol2(items, flags),
        },
    )


def _read_bins(root: Path) -> None:
    for path in sorted(root.iterdir()):
        bin_file.read(path)


def _make_pair_folder(root: Path) -> None:
    write(root, {f"imgs/{k}.jpg": tiny_sets.jpeg(k) for k in range(4)})
    np.save(root / "pair_label.npy", np.array([True, False]))


def _make_lists(root: Path) -> None:
    same = "".join(f"Zoe_A\t{k}\t{k + 1}\n" for k in range(1, 4))
    different = "".join(f"Zoe_A\t{k}\tLi_B\t{k}\n" for k in range(1, 4))
    flagged = "".join(f"a/{k}.jpg b/{k}.jpg {1 if k % 2 else -1}\n" for k in range(600))
    write(
        root,
        {"lfw": f"1\t3\n{same}{different}".encode(), "agedb_30": flagged.encode()},
    )


def _read_lists(root: Path) -> None:
    for path in sorted(root.iterdir()):
        lists.read(path.name, path)


def _make_csv(root: Path) -> None:
    rows = ["protocol,fold,path_a,path_b,same\n"]
    rows += [f"all,{k % 2},p0000/0000{k}.jpg,p0001/0000{k + 4}.jpg,{k % 2}\n" for k in range(3)]
    (root / "pairs.csv").write_text("".join(rows))


def _read_csv(root: Path) -> None:
    pairs.read_csv(root / "pairs.csv", "", tiny_sets.manifest(4, 4))


def _make_arrow(root: Path) -> None:
    rows = tiny_sets.rows(_PEOPLE)
    table = pa.table(
        {
            "image": pa.array([data for _, _, data in rows], pa.binary()),
            "identity": [person for _, person, _ in rows],
            "path": [name for name, _, _ in rows],
        }
    )
    with pa.ipc.new_file(root / "a.arrow", table.schema) as whole:
        whole.write_table(table.slice(0, 3), max_chunksize=2)
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(root / "b.feather", table.schema, options=options) as packed:
        packed.write_table(table.slice(3, 2))
    with pa.ipc.new_stream(root / "c.arrow", table.schema) as stream:
        stream.write_table(table.slice(5))


def _make_zips(root: Path) -> None:
    rows = tiny_sets.rows(_PEOPLE)
    for file, packing, part in (
        ("0_0.zip", zipfile.ZIP_STORED, rows[:3]),
        ("0_1.zip", zipfile.ZIP_DEFLATED, rows[3:]),
    ):
        with zipfile.ZipFile(root / file, "w", packing) as made_zip:
            for name, _, data in part:
                made_zip.writestr(f"WebFace260M/{name}", data)


def _make_noisy_lists(root: Path) -> None:
    rows = tiny_sets.rows(_PEOPLE)
    write(root, {name: data for name, _, data in rows} | {"pool/x.jpg": tiny_sets.jpeg(99)})
    lines = [f"{name}  {int(person[1:])}\n" for name, person, _ in rows]
    flipped, replaced = rows[0][0], len(rows) - 2
    lines[0] = f"{flipped}  2\n"
    outlier = "pool/x.jpg  1\n"
    lines[replaced:] = [outlier, outlier]
    write(
        root,
        {
            "data_file_outlier_20.txt": "".join(lines).encode(),
            "noise_flip_20.txt": f"{flipped}  0\n".encode(),
            "noise_outlier_20.txt": (outlier * 2).encode(),
        },
    )


SUBJECTS: dict[str, Subject] = {
    "pictures": Subject(lambda root: write(root, PICTURES), _read_pictures),
    "image_folder": Subject(
        lambda root: tiny_sets.write_folder(root, _PEOPLE), _named("image_folder")
    ),
    "image_list": Subject(
        lambda root: tiny_sets.write_list(root, _PEOPLE), _named("image_list", "list.txt")
    ),
    "parquet": Subject(
        lambda root: tiny_sets.write_parquet(root / "faces.parquet", _PEOPLE),
        _named("parquet", "faces.parquet"),
    ),
    "recordio": Subject(lambda root: tiny_sets.write_records(root, _PEOPLE), _named("recordio")),
    "recordio by record": Subject(
        lambda root: tiny_sets.write_records(root, _PEOPLE), _read_records
    ),
    "recordio with a list": Subject(_make_plain, _named("recordio", ids="list")),
    "arrow": Subject(_make_arrow, _named("arrow")),
    "zip_shards": Subject(_make_zips, _named("zip_shards")),
    "boundary_lists": Subject(
        _make_noisy_lists, _named("boundary_lists", "data_file_outlier_20.txt")
    ),
    "vectors": Subject(evaluation.make_vectors, evaluation.read_vectors),
    "bin": Subject(_make_bins, _read_bins),
    "pair folder": Subject(_make_pair_folder, folder.read),
    "pair lists": Subject(_make_lists, _read_lists),
    "pairs csv": Subject(_make_csv, _read_csv),
    "features": Subject(evaluation.make_features, evaluation.read_features),
    "search": Subject(evaluation.make_search, evaluation.read_search),
    "embeddings": Subject(evaluation.make_embeddings, evaluation.read_embeddings),
    "named lists": Subject(evaluation.make_named, evaluation.read_named),
    "own protocols": Subject(evaluation.make_protocols, evaluation.read_protocols),
    "ijb": Subject(evaluation.make_ijb, evaluation.read_ijb),
}
