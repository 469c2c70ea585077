"""Readers of the evaluation: embeddings, feature files, lists of images, searches and IJB."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from frlib.core import discover
from frlib.data import vectors
from frlib.data.benchmarks import ijb, named, searches
from frlib.data.features import lists as image_lists
from frlib.data.features import single
from frlib.data.features.packed import Packed
from frlib.data.texts import texts
from frlib.evaluate import features
from frlib.evaluate.protocols import all_pairs, pair_csv
from tests.unit.data import tiny_sets

_SIDE = 24
_PEOPLE = tiny_sets.people(3, 2, 1)


def write(root: Path, files: dict[str, bytes]) -> None:
    """Files by their paths below `root`."""
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)


def make_vectors(root: Path) -> None:
    ids, values = ["a", "b", "c"], np.eye(3, 4, dtype=np.float16)
    np.savez(root / "plain.npz", ids=np.array(ids), embeddings=values)
    np.savez_compressed(root / "packed.npz", train_path=np.array(ids), train_emb=values)
    pq.write_table(
        pa.table({"id": ids, "embedding": values.astype(np.float32).tolist()}),
        root / "table.parquet",
    )


def read_vectors(root: Path) -> None:
    for path in sorted(root.iterdir()):
        vectors.read(path)


def make_embeddings(root: Path) -> None:
    """Files of embeddings as `frlib eval` takes them: its own, and those of other programs."""
    ids, values = [f"p{k // 2}/{k}.jpg" for k in range(4)], np.eye(4, 3, dtype=np.float32) + 1
    own = features.Features(texts(ids), values, 2 * values, {"colour": "RGB"})
    own.save(root / "own.arrow")
    own.save(root / "exact.arrow", exact=True)
    columns = {"embedding": values.tolist(), "mirrored": values.astype(np.float64).tolist()}
    table = pa.table({"id": ids} | columns)
    with pa.ipc.new_file(root / "foreign.arrow", table.schema) as plain:
        plain.write_table(table, max_chunksize=3)
    fixed = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), 3)
    packed = pa.table({"path": ids, "embedding": fixed})
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.ipc.new_file(root / "packed.feather", packed.schema, options=options) as file:
        file.write_table(packed)
    pq.write_table(table, root / "foreign.parquet")
    np.savez(root / "foreign.npz", ids=np.array(ids), embeddings=values, mirrored=values)


def read_embeddings(root: Path) -> None:
    for path in sorted(root.iterdir()):
        found = features.from_vectors(path)
        found.require_sound()
        found.places(found.ids)


def make_named(root: Path) -> None:
    """Every form in which a protocol takes the names of images."""
    rows = tiny_sets.rows(_PEOPLE)
    names = [name for name, _, _ in rows]
    write(root, {f"folder/{name}": data for name, _, data in rows[:1]})
    people = [person for _, person, _ in rows]
    listed = "".join(f"{name},{who}\n" for name, who in zip(names, people, strict=True))
    write(
        root,
        {
            "subjects.csv": f"path,subject\n{listed}".encode(),
            "identities.csv": f"path,identity\n{listed}".encode(),
            "paths.csv": "\n".join(["path", *names]).encode(),
            "probes.json": json.dumps({"path": names, "id": people}).encode(),
            "others.json": json.dumps({"path": names}).encode(),
            "others": "\n".join(names).encode(),
        },
    )


def read_named(root: Path) -> None:
    for path in sorted(root.iterdir()):
        named.read(path)


def make_protocols(root: Path) -> None:
    """One's own pairs and one's own list of people, both as CSV."""
    rows = ["protocol,fold,path_a,path_b,same\n"]
    rows += [f"{k // 4},{k % 4 // 2},p{k}/0.jpg,q{k}/1.jpg,{k % 2}\n" for k in range(8)]
    (root / "pairs.csv").write_text("".join(rows))
    listed = "".join(f"p{k // 2}/{k}.jpg,p{k // 2},g{k // 4}\n" for k in range(8))
    (root / "people.csv").write_text(f"path,identity,group\n{listed}")


def read_protocols(root: Path) -> None:
    pairs = pair_csv.recognise(root / "pairs.csv")
    for asked in pair_csv.questions(pairs or pair_csv.Config(path=str(root / "pairs.csv"))):
        assert asked.ids
        _ = asked.people
    people = all_pairs.recognise(root / "people.csv")
    all_pairs.ids(people or all_pairs.Config(path=str(root / "people.csv")))


def make_features(root: Path) -> None:
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


def read_features(root: Path) -> None:
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


def make_search(root: Path) -> None:
    write(
        root,
        {
            "gallery.csv": b"path,subject\na/0,a\nb/0,b\n",
            "probe.csv": b"path,subject,template,media,score\na/1,a,s,m,0.9\nb/1,b,t,n,0.8\n",
            "distractors.csv": b"path\nc/0\nc/1\n",
            "protocol.json": b'{"ranks": [1, 5], "fars": [0.1], "flip": "none"}',
            "roles.csv": b"path,identity,role\na/0,a,gallery\na/1,a,probe\nc,c,gallery_extra\n",
        },
    )


def read_search(root: Path) -> None:
    searches.read(root)
    searches.read(root / "roles.csv", root / "distractors.csv")


def make_ijb(root: Path) -> None:
    points = "10 20 40 20 25 35 14 48 37 48"
    meta = {
        "face_tid_mid.txt": "".join(f"{k}.jpg {k // 2} {k}\n" for k in range(4)),
        "name_5pts_score.txt": "".join(f"{k}.jpg {points} 0.9\n" for k in range(4)),
        "template_pair_label.txt": "0 0 1\n0 1 0\n",
        "1N_gallery_S1.csv": "T,S,F\n0,0,0.jpg\n",
        "1N_gallery_S2.csv": "T,S,F\n1,1,2.jpg\n",
        "1N_probe_mixed.csv": "T,S,F\n0,0,1.jpg\n1,1,3.jpg\n",
    }
    write(root, {f"meta/ijbb_{name}": text.encode() for name, text in meta.items()})
    write(root, {f"loose_crop/{k}.jpg": tiny_sets.jpeg(k, 60) for k in range(4)})


def read_ijb(root: Path) -> None:
    ijb.pairs(root, "ijbb")
    ijb.search(root, "ijbb")
    module: Any = discover.load("frlib.data.sources", "ijb_crops")
    config = module.Config(path=str(root))
    module.fingerprint(config)
    module.open_reader(config).images(module.scan(config).refs, _SIDE)
