"""Every reader of foreign files: how to make small good files for it, and reading all of them."""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from frlib.core import discover
from frlib.core.config import Config
from frlib.data import decode, ijb, pairs, searches, vectors
from frlib.data.features import lists as image_lists
from frlib.data.features import single
from frlib.data.features.packed import Packed
from frlib.data.pairsets import bin as bin_file
from frlib.data.pairsets import folder, lists
from frlib.data.recordio import companions, writer
from frlib.data.recordio.reader import RecordFile
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


def _write(root: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)


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
    _write(
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
    _write(root, {f"imgs/{k}.jpg": tiny_sets.jpeg(k) for k in range(4)})
    np.save(root / "pair_label.npy", np.array([True, False]))


def _make_lists(root: Path) -> None:
    same = "".join(f"Zoe_A\t{k}\t{k + 1}\n" for k in range(1, 4))
    different = "".join(f"Zoe_A\t{k}\tLi_B\t{k}\n" for k in range(1, 4))
    flagged = "".join(f"a/{k}.jpg b/{k}.jpg {1 if k % 2 else -1}\n" for k in range(600))
    _write(
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
    _write(root, {name: data for name, _, data in rows} | {"pool/x.jpg": tiny_sets.jpeg(99)})
    lines = [f"{name}  {int(person[1:])}\n" for name, person, _ in rows]
    flipped, replaced = rows[0][0], len(rows) - 2
    lines[0] = f"{flipped}  2\n"
    outlier = "pool/x.jpg  1\n"
    lines[replaced:] = [outlier, outlier]
    _write(
        root,
        {
            "data_file_outlier_20.txt": "".join(lines).encode(),
            "noise_flip_20.txt": f"{flipped}  0\n".encode(),
            "noise_outlier_20.txt": (outlier * 2).encode(),
        },
    )


def _make_vectors(root: Path) -> None:
    ids, values = ["a", "b", "c"], np.eye(3, 4, dtype=np.float16)
    np.savez(root / "plain.npz", ids=np.array(ids), embeddings=values)
    np.savez_compressed(root / "packed.npz", train_path=np.array(ids), train_emb=values)
    pq.write_table(
        pa.table({"id": ids, "embedding": values.astype(np.float32).tolist()}),
        root / "table.parquet",
    )


def _read_vectors(root: Path) -> None:
    for path in sorted(root.iterdir()):
        vectors.read(path)


def _make_features(root: Path) -> None:
    values = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    np.save(root / "one.npy", values[0])
    single.write_bin(root / "one.bin", values[0])
    np.save(root / "packed.npy", values)
    probes = [f"A/A_{k}.png" for k in range(3)]
    listed = {"path": probes, "id": ["A"] * 3}
    (root / "probes.json").write_text(json.dumps(listed))
    (root / "others").write_text("".join(f"{k}/b/{k}.jpg\n" for k in range(4)))
    (root / "probe_noise").write_text("# some\nA_1.jpg\n")
    (root / "other_noise").write_text("# some\n1/b/1.jpg\n7\t2/b/2.jpg\n")


def _read_features(root: Path) -> None:
    for name in ("one.npy", "one.bin"):
        single.read(root / name)
    file = Packed(root / "packed.npy")
    try:
        file[1:4]
    finally:
        file.close()
    probes = image_lists.read_images(root / "probes.json", has_persons=True)
    image_lists.noisy_probes(root / "probe_noise", probes)
    others = image_lists.read_images(root / "others", has_persons=False)
    image_lists.noisy_distractors(root / "other_noise", others)


def _make_search(root: Path) -> None:
    _write(
        root,
        {
            "gallery.csv": b"path,subject\na/0,a\nb/0,b\n",
            "probe.csv": b"path,subject,template,media,score\na/1,a,s,m,0.9\nb/1,b,t,n,0.8\n",
            "distractors.csv": b"path\nc/0\nc/1\n",
            "protocol.json": b'{"ranks": [1, 5], "fars": [0.1], "flip": "none"}',
            "roles.csv": b"path,identity,role\na/0,a,gallery\na/1,a,probe\nc,c,gallery_extra\n",
        },
    )


def _read_search(root: Path) -> None:
    searches.read(root)
    searches.read(root / "roles.csv", root / "distractors.csv")


def _make_ijb(root: Path) -> None:
    points = "10 20 40 20 25 35 14 48 37 48"
    meta = {
        "face_tid_mid.txt": "".join(f"{k}.jpg {k // 2} {k}\n" for k in range(4)),
        "name_5pts_score.txt": "".join(f"{k}.jpg {points} 0.9\n" for k in range(4)),
        "template_pair_label.txt": "0 0 1\n0 1 0\n",
        "1N_gallery_S1.csv": "T,S,F\n0,0,0.jpg\n",
        "1N_gallery_S2.csv": "T,S,F\n1,1,2.jpg\n",
        "1N_probe_mixed.csv": "T,S,F\n0,0,1.jpg\n1,1,3.jpg\n",
    }
    _write(root, {f"meta/ijbb_{name}": text.encode() for name, text in meta.items()})
    _write(root, {f"loose_crop/{k}.jpg": tiny_sets.jpeg(k, 60) for k in range(4)})


def _read_ijb(root: Path) -> None:
    ijb.pairs(root, "ijbb")
    ijb.search(root, "ijbb")
    module: Any = discover.load("frlib.data.sources", "ijb_crops")
    config = module.Config(path=str(root))
    module.fingerprint(config)
    module.open_reader(config).images(module.scan(config).refs, _SIDE)


SUBJECTS: dict[str, Subject] = {
    "pictures": Subject(lambda root: _write(root, PICTURES), _read_pictures),
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
    "vectors": Subject(_make_vectors, _read_vectors),
    "bin": Subject(_make_bins, _read_bins),
    "pair folder": Subject(_make_pair_folder, folder.read),
    "pair lists": Subject(_make_lists, _read_lists),
    "pairs csv": Subject(_make_csv, _read_csv),
    "features": Subject(_make_features, _read_features),
    "search": Subject(_make_search, _read_search),
    "ijb": Subject(_make_ijb, _read_ijb),
}
