"""What each format looks like on disk, beyond what its source reads back."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from frlib.core import discover
from frlib.core.errors import DataError
from frlib.data.recordio import companions, writer
from frlib.data.recordio.reader import RecordFile
from frlib.data.sink import Item, Outline
from frlib.data.sinks import image_list, recordio
from tests.unit.data.tiny_sets import People, jpeg, people, rows

EVERYONE = people(3, 1, 4)


def _items(everyone: People) -> list[Item]:
    number = {name: label for label, name in enumerate(everyone)}
    return [Item(name, person, number[person], data) for name, person, data in rows(everyone)]


def _outline(everyone: People) -> Outline:
    sizes = np.array([len(files) for files in everyone.values()])
    return Outline(identities=tuple(everyone), class_sizes=sizes)


def _written(name: str, folder: Path, everyone: People = EVERYONE, **settings: Any) -> Path:
    """All images, with a stop after five of them: what came after the commit is thrown away."""
    module = discover.load("frlib.data.sinks", name)
    config = module.Config(path="unused", **settings)
    items, outline = _items(everyone), _outline(everyone)
    folder.mkdir()
    first = module.open_sink(config, folder, outline, None)
    for item in items[:5]:
        first.add(item)
    mark = first.commit()
    for item in items[5:7]:
        first.add(item)
    first.close()
    again = module.open_sink(config, folder, outline, mark)
    for item in items[mark["rows"] :]:
        again.add(item)
    again.finish()
    again.close()
    return folder


@pytest.mark.parametrize("style", ["list", "builder"])
def test_recordio_when_of_insightface_then_the_bytes_of_its_writer(
    style: Any, tmp_path: Path
) -> None:
    made = _written("recordio", tmp_path / "made", style=style)
    images = [list(files.values()) for files in EVERYONE.values()]
    writer.write_identities(tmp_path / "whole", images, 20, 20, style)
    for name in ("train.rec", "train.idx", "property"):
        assert (made / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_recordio_when_plain_then_the_bytes_of_im2rec_and_names_in_the_list(tmp_path: Path) -> None:
    made = _written("recordio", tmp_path / "made", style="plain")
    items = _items(EVERYONE)
    triples = [(key, item.label, item.data) for key, item in enumerate(items)]
    writer.write_plain(tmp_path / "whole.rec", triples)
    assert (made / "train.rec").read_bytes() == (tmp_path / "whole.rec").read_bytes()
    assert (made / "train.idx").read_bytes() == (tmp_path / "whole.idx").read_bytes()
    assert (made / "property").read_text() == "3,20,20\n"
    listed = list(companions.read_list(made / "train.lst"))
    assert [line.path for line in listed] == [item.id for item in items]
    assert [(line.key, line.labels[0]) for line in listed] == [t[:2] for t in triples]
    assert RecordFile(made / "train.rec").index.keys.tolist() == list(range(8))


def test_recordio_when_keys_would_not_be_exact_then_refused_before_writing(tmp_path: Path) -> None:
    outline = Outline(identities=("a",), class_sizes=np.array([1 << 24]))
    config = recordio.Config(path="unused")
    with pytest.raises(DataError, match=r"16,777,216 images .*--set to\.style=plain"):
        recordio.open_sink(config, tmp_path, outline, None)
    assert not list(tmp_path.iterdir())


def test_recordio_when_the_first_is_no_image_then_error_names_it(tmp_path: Path) -> None:
    outline = Outline(identities=("a",), class_sizes=np.array([1]))
    sink = recordio.open_sink(recordio.Config(path="unused"), tmp_path, outline, None)
    with pytest.raises(DataError, match=r"image 'x': 6 bytes that are no image"):
        sink.add(Item("x", "a", 0, b"<html>"))
    sink.close()


def test_parquet_when_written_then_parts_and_row_groups_of_the_asked_sizes(tmp_path: Path) -> None:
    made = _written("parquet", tmp_path / "made", rows=3, group=2)
    parts = sorted(made.iterdir())
    assert [p.name for p in parts] == [f"part-0000{n}.parquet" for n in range(3)]
    groups = []
    for part in parts:
        with pq.ParquetFile(part) as file:
            assert file.schema_arrow.names == ["image", "identity", "path"]
            groups.append([file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)])
            column = file.metadata.row_group(0).column(0)
            assert (column.compression, column.is_stats_set) == ("UNCOMPRESSED", False)
    assert groups == [[2, 1], [2, 1], [2]]


def test_arrow_when_written_then_uncompressed_batches_of_the_asked_size(tmp_path: Path) -> None:
    made = _written("arrow", tmp_path / "made", rows=5, batch=2)
    sizes = []
    for part in sorted(made.iterdir()):
        with pa.memory_map(str(part)) as mapped, pa.ipc.open_file(mapped) as file:
            batches = [file.get_batch(i) for i in range(file.num_record_batches)]
            sizes.append([len(batch) for batch in batches])
            del batches
        assert EVERYONE["p02"]["3.jpg"] in part.read_bytes() or part.name != "part-00001.arrow"
    assert sizes == [[2, 2, 1], [2, 1]]


def test_zip_when_written_then_stored_members_with_fixed_times(tmp_path: Path) -> None:
    made = _written("zip_shards", tmp_path / "made", rows=5)
    found = []
    for part in sorted(made.iterdir()):
        with zipfile.ZipFile(part) as file:
            assert file.testzip() is None
            found += file.infolist()
    assert [member.filename for member in found] == [item.id for item in _items(EVERYONE)]
    assert {member.compress_type for member in found} == {zipfile.ZIP_STORED}
    assert {member.date_time for member in found} == {(1980, 1, 1, 0, 0, 0)}


def test_list_when_written_then_lines_of_path_two_blanks_label(tmp_path: Path) -> None:
    made = _written("image_list", tmp_path / "made")
    lines = (made / "list.txt").read_text().splitlines()
    assert lines == [f"images/{item.id}  {item.identity}" for item in _items(EVERYONE)]
    assert (made / "images" / "p01" / "0.jpg").read_bytes() == EVERYONE["p01"]["0.jpg"]


def test_list_when_numbers_are_asked_then_classes_from_zero(tmp_path: Path) -> None:
    odd = {"a b": {"0.jpg": jpeg(0)}, "c": {"1.jpg": jpeg(1)}}
    made = _written("image_list", tmp_path / "made", odd, labels="numbers")
    text = (made / "list.txt").read_text()
    assert text == "images/a b/0.jpg  0\nimages/c/1.jpg  1\n"


@pytest.mark.parametrize("name", ["a b", " a", "a\t", "a\u2028b", ""])
def test_list_when_a_name_is_no_label_then_error_says_to_number_them(name: str) -> None:
    with pytest.raises(DataError, match=r"expected one word\. .*--set to\.labels=numbers"):
        image_list.stored_names(image_list.Config(path="x"), (name,))
