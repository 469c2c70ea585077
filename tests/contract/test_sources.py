"""Every source: the same pictures and people whatever the format, and errors that help."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from frlib.core import discover
from frlib.core.config import digest
from frlib.core.errors import ConfigError, DataError
from frlib.data.manifest import checksum
from frlib.data.reader import BatchReader, ByteReader, Reader
from frlib.data.recognise import recognise
from tests.unit.data.storage.far_away import serve
from tests.unit.data.tiny_sets import (
    encoded,
    people,
    rows,
    write_arrow,
    write_folder,
    write_list,
    write_parquet,
    write_records,
    write_zips,
)

PACKAGE = "frlib.data.sources"
SOURCES = discover.choices(PACKAGE)
EVERYONE = people(3, 1, 4)


def _folder(root: Path) -> dict[str, Any]:
    return {"path": str(write_folder(root, EVERYONE))}


def _list(root: Path) -> dict[str, Any]:
    return {"path": str(write_list(root, EVERYONE))}


def _parquet(root: Path) -> dict[str, Any]:
    return {"path": str(write_parquet(root / "set.parquet", EVERYONE))}


def _records(root: Path) -> dict[str, Any]:
    return {"path": str(write_records(root, EVERYONE))}


def _arrow(root: Path) -> dict[str, Any]:
    return {"path": str(write_arrow(root / "set.arrow", EVERYONE))}


def _zips(root: Path) -> dict[str, Any]:
    return {"path": str(write_zips(root / "zips", EVERYONE))}


def _boundary_lists(root: Path) -> dict[str, Any]:
    path = write_folder(root, EVERYONE) / "data_file_flip_0.txt"
    people_of = {person: number for number, person in enumerate(EVERYONE)}
    path.write_text("".join(f"{i}  {people_of[person]}\n" for i, person, _ in rows(EVERYONE)))
    return {"path": str(path)}


WRITERS = {
    "boundary_lists": _boundary_lists,
    "arrow": _arrow,
    "image_folder": _folder,
    "image_list": _list,
    "parquet": _parquet,
    "recordio": _records,
    "zip_shards": _zips,
}
LOCAL = {"boundary_lists"}
"""Sources of files that scripts write on a machine of their own: no URIs."""
NUMBERED = {"recordio": ("00000000", "00000001", "00000002")}


def _config(name: str, **values: Any) -> Any:
    return discover.load(PACKAGE, name).Config(**values)


def _open(config: Any) -> tuple[Any, Any]:
    module = discover.load(PACKAGE, config.name)
    return module.scan(config), module.open_reader(config)


@pytest.mark.parametrize("name", SOURCES)
def test_module_when_listed_then_defines_the_contract(name: str) -> None:
    module = discover.load(PACKAGE, name)
    first = next(iter(module.Config.model_fields))
    assert first == "name"
    assert module.Config.model_fields["name"].default == name
    assert callable(module.scan)
    assert callable(module.open_reader)


@pytest.mark.parametrize("name", WRITERS)
def test_round_trip_when_written_in_this_format_then_same_people_bytes_and_pixels(
    name: str, tmp_path: Path
) -> None:
    folder, folder_reader = _open(_config("image_folder", **_folder(tmp_path / "reference")))
    found, reader = _open(_config(name, **WRITERS[name](tmp_path / "made")))
    assert found.identities == NUMBERED.get(name, ("p00", "p01", "p02"))
    assert found.class_sizes.tolist() == [3, 1, 4]
    by_id = {i: data for i, _, data in rows(EVERYONE)}
    by_id |= {f"{key:08d}": data for key, (_, _, data) in enumerate(rows(EVERYONE), start=1)}
    expected = [checksum(by_id[str(i).removeprefix("images/")]) for i in found.ids]
    assert found.checksums.tolist() == expected
    np.testing.assert_array_equal(found.checksums, folder.checksums)
    assert isinstance(reader, Reader)
    np.testing.assert_array_equal(
        reader.images(found.refs, 16), folder_reader.images(folder.refs, 16)
    )


@pytest.mark.parametrize("name", WRITERS)
def test_images_when_refs_in_any_order_then_pixels_follow_the_refs(
    name: str, tmp_path: Path
) -> None:
    found, reader = _open(_config(name, **WRITERS[name](tmp_path)))
    pixels = reader.images(found.refs, 20)
    assert pixels.shape == (8, 20, 20, 3)
    assert pixels.dtype == np.uint8
    order = np.array([5, 0, 7, 0, 3])
    np.testing.assert_array_equal(reader.images(found.refs[order], 20), pixels[order])
    assert len(np.unique(pixels.reshape(8, -1), axis=0)) == 8


@pytest.mark.parametrize("name", WRITERS)
def test_reader_when_files_then_bytes_match_the_manifest(name: str, tmp_path: Path) -> None:
    found, reader = _open(_config(name, **WRITERS[name](tmp_path)))
    assert isinstance(reader, ByteReader)
    assert [checksum(reader.read(int(r))) for r in found.refs] == found.checksums.tolist()
    assert str(found.ids[2]) in reader.where(int(found.refs[2]))


@pytest.mark.parametrize("name", WRITERS)
def test_reader_when_it_reads_many_then_as_one_by_one_in_any_order(
    name: str, tmp_path: Path
) -> None:
    found, reader = _open(_config(name, **WRITERS[name](tmp_path)))
    if not isinstance(reader, BatchReader):
        pytest.skip("reads one by one")
    for refs in (np.sort(found.refs), found.refs[[5, 0, 7, 0]]):
        assert reader.read_many(refs) == [reader.read(int(ref)) for ref in refs]
    with pytest.raises(DataError, match="no row 99"):
        reader.read_many(np.array([0, 99]))


@pytest.mark.parametrize("name", WRITERS)
def test_recognise_when_written_in_this_format_then_its_config(name: str, tmp_path: Path) -> None:
    values = WRITERS[name](tmp_path)
    assert recognise(values["path"]) == _config(name, **values)


@pytest.mark.parametrize("name", sorted(WRITERS.keys() - LOCAL))
def test_source_when_behind_a_uri_then_same_manifest_bytes_and_recognised(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = WRITERS[name](tmp_path)
    system, uri = serve(tmp_path, monkeypatch)
    there = {"path": here["path"].replace(str(tmp_path), uri)}
    found, reader = _open(_config(name, **there))
    expected, _ = _open(_config(name, **here))
    assert found.digest == expected.digest
    np.testing.assert_array_equal(found.refs, expected.refs)
    assert [checksum(reader.read(int(r))) for r in found.refs] == found.checksums.tolist()
    assert str(found.ids[2]) in reader.where(int(found.refs[2]))
    module = discover.load(PACKAGE, name)
    assert module.fingerprint(_config(name, **there)) == module.fingerprint(_config(name, **there))
    assert recognise(there["path"]) == _config(name, **there)
    with pytest.raises(DataError, match="nowhere"):
        _open(_config(name, path=f"{uri}/nowhere"))
    as_file = {"path": f"file://{here['path']}"}
    assert _open(_config(name, **as_file))[0].digest == expected.digest
    assert system.reads


@pytest.mark.parametrize("name", WRITERS)
def test_images_when_grey_or_cmyk_then_pixels_and_when_16_bits_then_error_names_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grey = np.full((20, 20), 90, dtype=np.uint8)
    ink = Image.new("CMYK", (20, 20), (255, 0, 0, 0))
    deep = np.full((20, 20), 40_000, dtype=np.uint16)
    out = io.BytesIO()
    ink.save(out, "JPEG", quality=100)
    odd = {
        "p00": {"0.jpg": encoded(grey, "JPEG"), "1.jpg": out.getvalue()},
        "p01": {"0.jpg": encoded(deep, "PNG")},
    }
    monkeypatch.setattr("tests.contract.test_sources.EVERYONE", odd)
    found, reader = _open(_config(name, **WRITERS[name](tmp_path)))
    pixels = reader.images(found.refs[:2], 20)
    assert (pixels[0] == 90).all()
    np.testing.assert_allclose(pixels[1, 5, 5], (0, 255, 255), atol=6)
    with pytest.raises(DataError, match=str(found.ids[2])):
        reader.images(found.refs[2:], 20)


@pytest.mark.parametrize("name", WRITERS)
def test_config_when_set_lies_elsewhere_then_same_digest_and_untrusted_differs(
    name: str, tmp_path: Path
) -> None:
    one, two = _config(name, path="here"), _config(name, path="there")
    assert digest(one) == digest(two)
    assert digest(one) != digest(_config(name, path="here", trusted=False))


@pytest.mark.parametrize("name", WRITERS)
def test_fingerprint_when_a_file_changes_then_differs(name: str, tmp_path: Path) -> None:
    config = _config(name, **WRITERS[name](tmp_path))
    module = discover.load(PACKAGE, name)
    before = module.fingerprint(config)
    assert module.fingerprint(config) == before
    changed = max((p for p in tmp_path.rglob("*") if p.is_file()), key=lambda p: p.name)
    changed.write_bytes(changed.read_bytes() + b" ")
    assert module.fingerprint(config) != before


@pytest.mark.parametrize("name", WRITERS)
def test_scan_when_nothing_is_there_then_error_names_the_path(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere"):
        _open(_config(name, path=str(tmp_path / "nowhere")))


@pytest.mark.parametrize("name", WRITERS)
def test_config_when_path_is_missing_then_error_says_so(name: str) -> None:
    with pytest.raises(ConfigError, match="path: missing"):
        discover.load(PACKAGE, name).Config.parse({"name": name})


@pytest.mark.parametrize("name", WRITERS)
def test_images_when_stored_bgr_then_channels_are_turned(name: str, tmp_path: Path) -> None:
    values = WRITERS[name](tmp_path)
    found, plain = _open(_config(name, **values))
    turned_manifest, turned = _open(_config(name, **values, colour="BGR"))
    np.testing.assert_array_equal(
        turned.images(found.refs, 16), plain.images(found.refs, 16)[..., ::-1]
    )
    assert turned_manifest.digest != found.digest


def test_image_folder_when_an_identity_is_empty_then_error_names_it(tmp_path: Path) -> None:
    write_folder(tmp_path, EVERYONE)
    (tmp_path / "nobody").mkdir()
    (tmp_path / "nobody" / "notes.txt").write_text("x")
    with pytest.raises(DataError, match=r"1 identity folders hold no image .*nobody"):
        _open(_config("image_folder", path=str(tmp_path)))


def test_image_folder_when_no_identities_then_error_shows_the_layout(tmp_path: Path) -> None:
    (tmp_path / "loose.jpg").write_bytes(b"x")
    with pytest.raises(DataError, match="no identity folders"):
        _open(_config("image_folder", path=str(tmp_path)))


def test_image_folder_when_other_files_lie_about_then_left_out_and_counted(tmp_path: Path) -> None:
    write_folder(tmp_path, EVERYONE)
    (tmp_path / "p00" / ".hidden.jpg").write_bytes(b"x")
    (tmp_path / "p01" / "readme.txt").write_text("x")
    (tmp_path / "list.csv").write_text("x")
    found, _ = _open(_config("image_folder", path=str(tmp_path)))
    assert len(found) == 8
    assert found.facts["source"]["ignored_files"] == 3


def test_image_folder_when_grouped_then_identities_are_named_with_their_group(
    tmp_path: Path,
) -> None:
    for group in ("Asian", "African"):
        write_folder(tmp_path / group, EVERYONE)
    (tmp_path / "Asian" / "readme.txt").write_text("x")
    (tmp_path / "Asian" / ".thumbs").mkdir()
    (tmp_path / "Asian" / ".thumbs" / "1.jpg").write_bytes(b"x")
    found, reader = _open(_config("image_folder", path=str(tmp_path), grouped=True))
    assert found.identities == tuple(
        f"{group}/{name}" for group in ("African", "Asian") for name in EVERYONE
    )
    assert found.ids[0] == "African/p00/0.jpg"
    assert found.facts["source"]["ignored_files"] == 2
    one, single = _open(_config("image_folder", path=str(tmp_path / "Asian")))
    np.testing.assert_array_equal(reader.images(found.refs[8:], 16), single.images(one.refs, 16))


def test_image_folder_when_a_group_is_empty_then_error_names_it(tmp_path: Path) -> None:
    write_folder(tmp_path / "Asian", EVERYONE)
    (tmp_path / "African").mkdir()
    with pytest.raises(DataError, match=r"1 identity folders hold no image .*: African\. Was"):
        _open(_config("image_folder", path=str(tmp_path), grouped=True))


def test_image_folder_when_groups_are_not_expected_then_error_says_what_to_set(
    tmp_path: Path,
) -> None:
    write_folder(tmp_path / "Asian", EVERYONE)
    with pytest.raises(DataError, match=r"Asian.* or set grouped if"):
        _open(_config("image_folder", path=str(tmp_path)))


def test_image_folder_when_not_grouped_then_digest_as_if_the_field_were_not_there() -> None:
    plain = _config("image_folder", path="x")
    assert "grouped" not in plain.counted()
    assert digest(plain) != digest(_config("image_folder", path="x", grouped=True))


def test_image_folder_when_suffixes_vary_then_all_are_read(tmp_path: Path) -> None:
    picture = encoded(np.full((9, 9, 3), 77, dtype=np.uint8), "PNG")
    (tmp_path / "a").mkdir()
    for name in ("1.png", "2.PNG", "3.JPEG", "4.bmp", "5.webp"):
        (tmp_path / "a" / name).write_bytes(picture)
    found, reader = _open(_config("image_folder", path=str(tmp_path)))
    assert len(found) == 5
    assert (reader.images(found.refs, 9) == 77).all()


def test_image_list_when_paths_hold_blanks_then_split_at_the_last(tmp_path: Path) -> None:
    (tmp_path / "my faces").mkdir()
    (tmp_path / "my faces" / "a 1.jpg").write_bytes(EVERYONE["p00"]["0.jpg"])
    (tmp_path / "list.txt").write_text("my faces/a 1.jpg \t 7\n\n")
    found, reader = _open(_config("image_list", path=str(tmp_path / "list.txt")))
    assert found.ids.tolist() == ["my faces/a 1.jpg"]
    assert found.identities == ("7",)
    assert reader.read(0) == EVERYONE["p00"]["0.jpg"]


def test_image_list_when_paths_are_absolute_then_ids_are_relative_to_root(tmp_path: Path) -> None:
    write_folder(tmp_path / "faces", EVERYONE)
    (tmp_path / "list.txt").write_text(f"{tmp_path}/faces/p00/0.jpg 0\n")
    found, _ = _open(
        _config("image_list", path=str(tmp_path / "list.txt"), root=str(tmp_path / "faces"))
    )
    assert found.ids.tolist() == ["p00/0.jpg"]


def test_image_list_when_files_are_missing_then_first_five_and_count(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("".join(f"gone{i}.jpg 0\n" for i in range(7)))
    with pytest.raises(DataError, match=r"7 of 7 listed.*gone0.*gone4\.jpg and 2 more") as caught:
        _open(_config("image_list", path=str(tmp_path / "list.txt")))
    assert "gone5" not in str(caught.value)


def test_image_list_when_a_line_has_no_label_then_error_gives_its_number(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("a.jpg 0\nb.jpg\n")
    with pytest.raises(DataError, match=r"line 2: 'b\.jpg'"):
        _open(_config("image_list", path=str(tmp_path / "list.txt")))


def test_parquet_when_role_is_asked_then_only_its_rows(tmp_path: Path) -> None:
    roles = {"p00": "train", "p01": "other", "p02": "train"}
    path = write_parquet(tmp_path / "set.parquet", EVERYONE, roles)
    found, reader = _open(_config("parquet", path=str(path), role="train"))
    assert found.identities == ("p00", "p02")
    assert reader.read(int(found.refs[0])) == EVERYONE["p00"]["0.jpg"]
    with pytest.raises(DataError, match=r"no row matches .*'tran'.*'train': 7"):
        _open(_config("parquet", path=str(path), role="tran"))


def test_parquet_when_source_is_asked_then_only_its_rows(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "set.parquet", EVERYONE)
    assert len(_open(_config("parquet", path=str(path), source="made"))[0]) == 8
    with pytest.raises(DataError, match="no row matches"):
        _open(_config("parquet", path=str(path), source="bought"))


def test_parquet_when_a_folder_of_files_then_read_as_one_set(tmp_path: Path) -> None:
    write_parquet(tmp_path / "b.parquet", people(2))
    write_parquet(tmp_path / "a.parquet", {"q": people(2, first_seed=50)["p00"]})
    found, reader = _open(_config("parquet", path=str(tmp_path)))
    assert found.identities == ("p00", "q")
    assert [checksum(reader.read(int(r))) for r in found.refs] == found.checksums.tolist()


def test_parquet_when_a_column_is_missing_then_error_lists_what_is_there(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "set.parquet", EVERYONE)
    with pytest.raises(DataError, match=r"no column role; it has image, identity"):
        _open(_config("parquet", path=str(path), role="train"))


def test_parquet_when_file_is_cut_short_then_error_names_it(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "set.parquet", EVERYONE)
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(DataError, match=r"set\.parquet cannot be read"):
        _open(_config("parquet", path=str(path)))


def test_images_when_one_is_damaged_then_error_names_source_and_sample(tmp_path: Path) -> None:
    write_folder(tmp_path, EVERYONE)
    damaged = tmp_path / "p02" / "1.jpg"
    damaged.write_bytes(damaged.read_bytes()[:100])
    found, reader = _open(_config("image_folder", path=str(tmp_path)))
    with pytest.raises(DataError, match=rf"{tmp_path.name}: p02/1\.jpg: 100 bytes"):
        reader.images(found.refs, 16)
