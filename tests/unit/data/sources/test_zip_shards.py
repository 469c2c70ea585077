"""Zip archives: WebFace's shards, zip64, and everything that must be refused."""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from frlib.core.errors import DataError
from frlib.data.manifest import checksum
from frlib.data.sources import _zip_directory, zip_shards
from tests.unit.data.tiny_sets import jpeg, people, write_zips

EVERYONE = people(3, 1, 4)
NAME = "made/p00/0.jpg"


def _zip(path: Path, *members: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def _open(path: Path, **how: object):
    config = zip_shards.Config(path=str(path), **how)
    return zip_shards.scan(config), zip_shards.open_reader(config)


def _patched(path: Path, change: Callable[[bytearray, int, int], None]) -> Path:
    """The archive after `change(data, local header, central entry)` of its first member."""
    data = bytearray(path.read_bytes())
    change(data, data.index(b"PK\x03\x04"), data.index(b"PK\x01\x02"))
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("deflated", [False, True])
def test_members_when_stored_or_deflated_then_the_bytes(deflated: bool, tmp_path: Path) -> None:
    found, reader = _open(write_zips(tmp_path, EVERYONE, deflated=deflated))
    assert found.ids.tolist()[:4] == ["p00/0.jpg", "p00/1.jpg", "p00/2.jpg", "p01/0.jpg"]
    for name, ref, total in zip(found.ids, found.refs.tolist(), found.checksums, strict=True):
        person, file = str(name).split("/")
        assert reader.read(ref) == EVERYONE[person][file]
        assert checksum(reader.read(ref)) == total
        assert str(name) in reader.where(ref)


def test_members_when_others_lie_about_then_left_out_and_counted(tmp_path: Path) -> None:
    data = jpeg(1)
    _zip(
        tmp_path / "a.zip",
        ("made/", b""),
        ("made/readme.txt", b"x"),
        ("loose.jpg", data),
        ("__MACOSX/made/p00/0.jpg", data),
        ("made/p00/._0.jpg", data),
        ("made/.trash/0.jpg", data),
        ("made/p00/0.jpg", data),
        ("p01/1.PNG", data),
    )
    found, _ = _open(tmp_path / "a.zip")
    assert found.ids.tolist() == ["p00/0.jpg", "p01/1.PNG"]
    assert found.facts["source"]["ignored_files"] == 5


def test_names_when_not_ascii_then_as_written(tmp_path: Path) -> None:
    _zip(tmp_path / "a.zip", ("Zoë Ægir/李.jpg", jpeg(1)))
    found, reader = _open(tmp_path / "a.zip")
    assert found.identities == ("Zoë Ægir",)
    assert "Zoë Ægir/李.jpg" in reader.where(0)


def test_subsets_when_chosen_then_only_their_shards(tmp_path: Path) -> None:
    for name, person in (("0_0", "a"), ("0_1", "b"), ("1_0", "c"), ("10_0", "d")):
        _zip(tmp_path / f"{name}.zip", (f"made/{person}/1.jpg", jpeg(ord(person))))
    _zip(tmp_path / "extra.zip", ("made/e/1.jpg", jpeg(5)))
    assert _open(tmp_path)[0].identities == ("a", "b", "c", "d", "e")
    assert _open(tmp_path, subsets=(0,))[0].identities == ("a", "b")
    assert _open(tmp_path, subsets=(1, 10))[0].identities == ("c", "d")
    with pytest.raises(DataError, match=r"no archive of subsets \[2\]; it has \[0, 1, 10\]"):
        _open(tmp_path, subsets=(0, 2))


def test_zip64_when_fields_are_wide_then_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`zipfile` writes wide fields early when its limits are low."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 600)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 3)
    monkeypatch.setattr(zipfile, "ZIP_MAX_COMMENT", 0)
    path = write_zips(tmp_path, EVERYONE) / "2_0.zip"
    data = path.read_bytes()
    assert b"PK\x06\x06" in data
    assert b"\xff\xff\xff\xff" in data[data.index(b"PK\x01\x02") :]
    found, reader = _open(path)
    assert [reader.read(ref) for ref in found.refs.tolist()] == list(EVERYONE["p02"].values())


@pytest.mark.parametrize(
    "name",
    [
        "../p00/0.jpg",
        "made/../../p00/0.jpg",
        "made/p00/..",
        "/etc/p00/0.jpg",
        "C:/made/p00/0.jpg",
        "made\\p00\\0.jpg",
        "made//p00/0.jpg",
        "made/p00/0\n.jpg",
        "made/p00/\x01.jpg",
    ],
)
def test_names_when_they_leave_their_folder_then_refused(name: str, tmp_path: Path) -> None:
    entry = zipfile.ZipInfo("x")
    entry.filename = name
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("made/p00/1.jpg", jpeg(1))
        archive.writestr(entry, jpeg(2))
    with pytest.raises(DataError, match=r"a\.zip: .* is no plain relative path"):
        _open(tmp_path / "a.zip")


@pytest.mark.parametrize("name", ["made/p00/a..b.jpg", "made/p..00/...jpg.jpg", "made/12:30/0.jpg"])
def test_names_when_odd_but_harmless_then_read(name: str, tmp_path: Path) -> None:
    _zip(tmp_path / "a.zip", ("made/p01/0.jpg", jpeg(0)), (name, jpeg(1)))
    found, _ = _open(tmp_path / "a.zip")
    assert len(found) == (2 if "/..." not in name else 1)


def _u16(offset: int, value: int) -> Callable[[bytearray, int, int], None]:
    return lambda data, local, central: struct.pack_into("<H", data, central + offset, value)


def _u32(offset: int, value: int) -> Callable[[bytearray, int, int], None]:
    return lambda data, local, central: struct.pack_into("<I", data, central + offset, value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_u16(8, 1), f"'{NAME}' is encrypted"),
        (_u16(8, 0x40), "is encrypted"),
        (_u16(10, 12), "is compressed by an unknown method"),
        (_u32(24, 0), "has 0 bytes"),
        (_u32(24, 0x7FFFFFFF), "claims more bytes than any face image has"),
        (_u32(24, 60_000_000), "claims more bytes than its compressed ones can hold"),
        (_u32(20, 400_000_000), "reaches into what follows it"),
        (_u16(34, 3), "lies in another volume"),
        (_u32(24, 0xFFFFFFFF), f"no zip64 size of '{NAME}'"),
        (_u16(28, 9), "at byte"),
        (_u16(30, 60_000), "at byte|members in its directory"),
    ],
)
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_directory_when_it_claims_harm_then_refused(
    method: int, change: Callable[[bytearray, int, int], None], message: str, tmp_path: Path
) -> None:
    path = _zip(tmp_path / "a.zip", (NAME, jpeg(1)), ("made/p00/1.jpg", jpeg(2)), method=method)
    with pytest.raises(DataError, match=rf"a\.zip: .*({message})"):
        _open(_patched(path, change))


def test_members_when_two_share_bytes_then_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.zip", (NAME, jpeg(1)), ("made/p00/1.jpg", jpeg(1)))
    data = bytearray(path.read_bytes())
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    struct.pack_into("<I", data, second + 42, 0)
    path.write_bytes(data)
    with pytest.raises(DataError, match="reaches into what follows it"):
        _open(path)


def test_members_when_a_name_occurs_twice_then_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        _zip(tmp_path / "a.zip", (NAME, jpeg(1)), (NAME, jpeg(2)))
    with pytest.raises(DataError, match=f"'{NAME}' occurs twice"):
        _open(tmp_path / "a.zip")


def test_scan_when_two_archives_hold_one_id_then_refused(tmp_path: Path) -> None:
    for name in "ab":
        _zip(tmp_path / f"{name}.zip", (NAME, jpeg(1)))
    with pytest.raises(DataError, match=r"sample ids occur more than once.*p00/0\.jpg"):
        _open(tmp_path)


def test_read_when_a_bomb_lies_about_its_size_then_stops_at_what_it_said(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.zip", (NAME, bytes(10_000_000)), method=zipfile.ZIP_DEFLATED)

    def claim(data: bytearray, local: int, central: int) -> None:
        struct.pack_into("<I", data, central + 24, 5000)

    with pytest.raises(DataError, match="5,001 bytes or more; expected 5,000 bytes"):
        _open(_patched(path, claim))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_read_when_a_bit_flips_then_crc_or_deflate_says_so(method: int, tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.zip", (NAME, jpeg(1)), method=method)
    _, reader = _open(path)

    def flip(data: bytearray, local: int, central: int) -> None:
        data[local + 30 + len(NAME) + 40] ^= 4

    _patched(path, flip)
    with pytest.raises(DataError, match=r"a\.zip: found at 0: "):
        reader.read(0)
    with pytest.raises(DataError, match=r"a\.zip: found at 0: "):
        _open(path)


def test_read_when_the_local_header_is_gone_then_error(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.zip", (NAME, jpeg(1)))
    _patched(path, lambda data, local, central: data.__setitem__(local, 0))
    with pytest.raises(DataError, match="expected the header of a member"):
        _open(path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"PK\x03\x04 and nothing more", "no end of a central directory"),
        (b"", "0 bytes; expected a zip archive"),
    ],
)
def test_archive_when_no_zip_then_error(data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(DataError, match=message):
        _open(tmp_path / "a.zip")


def test_archive_when_bytes_stand_before_or_after_then_error(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.zip", (NAME, jpeg(1)))
    whole = path.read_bytes()
    for data in (b"#!/bin/sh\n" + whole, whole + b"more"):
        path.write_bytes(data)
        with pytest.raises(DataError, match=r"a\.zip: found"):
            _open(path)


def test_archive_when_cut_or_flipped_anywhere_then_its_bytes_or_data_error(tmp_path: Path) -> None:
    whole = (write_zips(tmp_path / "whole", EVERYONE) / "2_0.zip").read_bytes()
    expected = {f"p02/{name}": data for name, data in EVERYONE["p02"].items()}
    rng = random.Random(4)
    path = tmp_path / "a.zip"
    refused = 0
    for number in range(300):
        data = bytearray(whole)
        if number % 3:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        else:
            del data[rng.randrange(len(data)) :]
        path.unlink(missing_ok=True)
        path.write_bytes(data)
        try:
            found, reader = _open(path)
            for name, ref in zip(found.ids.tolist(), found.refs.tolist(), strict=True):
                assert reader.read(ref) == expected.get(name, reader.read(ref))
        except DataError as error:
            refused += 1
            assert "a.zip" in str(error)
    assert refused > 200


def test_read_when_archive_is_cut_while_open_then_error_not_a_crash(tmp_path: Path) -> None:
    path = _zip(tmp_path / "a.zip", *((f"made/p/{i}.jpg", jpeg(i)) for i in range(20)))
    _, reader = _open(path)
    with path.open("r+b") as file:
        file.truncate(100)
    with pytest.raises(DataError, match=r"100 bytes, [\d,]+ when it was opened"):
        reader.read(3)


def test_directory_when_read_then_equal_to_zipfile(tmp_path: Path) -> None:
    """The standard library's reading of the same archive, field by field."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(50):
            archive.writestr(
                f"made/p{number % 7}/{number}.jpg", bytes([number]) * number * 9 + b"x"
            )
        archive.comment = b"a comment"
    data = out.getvalue()
    found, others = _zip_directory.members(data, tmp_path / "a.zip", lambda name: True)
    listed = zipfile.ZipFile(out).infolist()
    assert others == 0
    assert found.names == [one.filename for one in listed]
    assert found.offsets.tolist() == [one.header_offset for one in listed]
    assert found.stored.tolist() == [one.compress_size for one in listed]
    assert found.sizes.tolist() == [one.file_size for one in listed]
    assert found.sums.tolist() == [one.CRC for one in listed]
    assert zlib.crc32(bytes([3]) * 27 + b"x") == found.sums[3]
