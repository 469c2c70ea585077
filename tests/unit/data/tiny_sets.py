"""A few small pictures of a few people, written in every format of the project."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from frlib.data.manifest import Manifest, from_table
from frlib.data.recordio.writer import write_identities

People = Mapping[str, Mapping[str, bytes]]


def jpeg(seed: int, side: int = 20) -> bytes:
    """A smooth coloured picture that JPEG keeps well, different for every seed."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side] / side
    a, b, c = rng.uniform(0, 255, size=(3, 3))
    picture = a * (1 - x[..., None]) + b * (x * (1 - y))[..., None] + c * (x * y)[..., None]
    return encoded(picture.astype(np.uint8), "JPEG", quality=95)


def encoded(picture: np.ndarray, kind: str, **how: Any) -> bytes:
    """`[rows, columns, 3]` or `[rows, columns]` as an image file of this kind."""
    out = io.BytesIO()
    Image.fromarray(picture).save(out, kind, **how)
    return out.getvalue()


def people(*sizes: int, first_seed: int = 0) -> dict[str, dict[str, bytes]]:
    """Person k (`p00`, `p01`, ...) has sizes[k] pictures `0.jpg`, `1.jpg`, ..."""
    return {
        f"p{k:02d}": {f"{i}.jpg": jpeg(first_seed + 100 * k + i) for i in range(size)}
        for k, size in enumerate(sizes)
    }


def rows(everyone: People) -> list[tuple[str, str, bytes]]:
    """(id, identity, bytes) of every picture."""
    return [
        (f"{person}/{file}", person, data)
        for person, files in everyone.items()
        for file, data in files.items()
    ]


def write_folder(root: Path, everyone: People) -> Path:
    for name, person, data in rows(everyone):
        (root / person).mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def write_list(root: Path, everyone: People) -> Path:
    write_folder(root / "images", everyone)
    lines = [f"images/{name}  {person}\n" for name, person, _ in reversed(rows(everyone))]
    path = root / "list.txt"
    path.write_text("".join(lines))
    return path


def write_parquet(
    path: Path, everyone: People, roles: Mapping[str, str] | None = None, group: int = 3
) -> Path:
    table = rows(everyone)[::-1]
    columns = {
        "image": pa.array([data for _, _, data in table], pa.binary()),
        "identity": [person for _, person, _ in table],
        "label": pa.array([-1] * len(table), pa.int64()),
        "path": [name for name, _, _ in table],
        "source": ["made"] * len(table),
    }
    if roles is not None:
        columns["role"] = [roles[person] for _, person, _ in table]
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path, row_group_size=group)
    return path


def write_arrow(path: Path, everyone: People, *, stream: bool = False, batch: int = 3) -> Path:
    table = rows(everyone)[::-1]
    columns = {
        "image": pa.array([data for _, _, data in table], pa.binary()),
        "identity": [person for _, person, _ in table],
        "path": [name for name, _, _ in table],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    made = pa.table(columns)
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(path, made.schema) as writer:
        writer.write_table(made, max_chunksize=batch)
    return path


def write_zips(root: Path, everyone: People, *, deflated: bool = True) -> Path:
    """An archive per person, `k_0.zip` for the k-th, with pictures below `made/`."""
    root.mkdir(parents=True, exist_ok=True)
    method = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
    for number, (person, files) in enumerate(everyone.items()):
        with zipfile.ZipFile(root / f"{number}_0.zip", "w", method) as archive:
            for name, data in files.items():
                archive.writestr(f"made/{person}/{name}", data)
    return root


def write_records(root: Path, everyone: People) -> Path:
    write_identities(root, [list(files.values()) for files in everyone.values()], 20, 20)
    return root / "train.rec"


def manifest(*sizes: int, trusted: bool = True, prefix: str = "p") -> Manifest:
    """A manifest of classes of these sizes with no pictures behind it."""
    names = [f"{prefix}{c:04d}" for c, size in enumerate(sizes) for _ in range(size)]
    ids = [f"{name}/{i:05d}.jpg" for i, name in enumerate(names)]
    return from_table(
        ids=ids,
        names=names,
        checksums=[f"{prefix}-{i:030d}" for i in range(len(ids))],
        refs=range(len(ids)),
        reader=None,
        colour="RGB",
        trusted=trusted,
    )
