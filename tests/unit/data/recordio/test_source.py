"""The source: what is counted, left out, reported and refused."""

import logging
from pathlib import Path

import numpy as np
import pytest

from frlib.core.errors import DataError
from frlib.data import catalog
from frlib.data.config import DataConfig, NoiseConfig
from frlib.data.manifest import checksum
from frlib.data.pixels.choose import open_pixels
from frlib.data.prepare import prepare
from frlib.data.recordio import writer
from frlib.data.sources import recordio
from tests.unit.data.recordio.by_hand import scalar, vector, write
from tests.unit.data.tiny_sets import people, write_records

EVERYONE = people(2, 3)


@pytest.mark.parametrize("style", ["list", "builder"])
def test_scan_when_insightface_then_images_only(style: str, tmp_path: Path) -> None:
    images = [[b"a", b"b"], [b"c"]]
    writer.write_identities(tmp_path, images, 112, 112, style)  # type: ignore[arg-type]
    found = recordio.scan(recordio.Config(path=str(tmp_path)))
    assert found.ids.tolist() == ["00000001", "00000002", "00000003"]
    assert found.refs.tolist() == [1, 2, 3]
    assert found.identities == ("00000000", "00000001")
    assert found.labels.tolist() == [0, 0, 1]
    assert found.checksums.tolist() == [checksum(data) for data in (b"a", b"b", b"c")]
    assert found.facts["source"]["records_without_image"] == 3
    assert found.facts["source"]["classes_in_property"] == 2


def test_scan_when_shuffled_and_classes_have_gaps_then_ordered_by_class(tmp_path: Path) -> None:
    records = ((2, scalar(2, 100, b"x")), (0, scalar(0, 20, b"y")), (1, scalar(1, 3, b"z")))
    path = write(tmp_path / "set.rec", *records)
    found = recordio.scan(recordio.Config(path=str(path)))
    assert found.identities == ("00000003", "00000020", "00000100")
    assert found.refs.tolist() == [1, 0, 2]


def test_scan_when_index_is_missing_then_the_same_manifest(tmp_path: Path) -> None:
    path = write_records(tmp_path, EVERYONE)
    config = recordio.Config(path=str(path))
    found, before = recordio.scan(config), recordio.fingerprint(config)
    path.with_suffix(".idx").unlink()
    again, reader = recordio.scan(config), recordio.open_reader(config)
    assert again.digest == found.digest
    assert recordio.fingerprint(config) != before
    assert reader.images(found.refs, 20).shape == (5, 20, 20, 3)


def test_scan_when_property_says_otherwise_then_images_count_and_it_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_records(tmp_path, EVERYONE)
    (tmp_path / "property").write_text("1000,112,112\n")
    with caplog.at_level(logging.WARNING):
        found = recordio.scan(recordio.Config(path=str(tmp_path)))
    assert found.num_classes == 2
    assert "1,000 classes, the images have 2" in caplog.text


def test_scan_when_record_zero_is_rounded_then_it_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    header = vector(0, (2.0**24, 2.0**24), b"")
    write(tmp_path / "train.rec", (1, scalar(1, 0, b"x")), (0, header))
    with caplog.at_level(logging.WARNING):
        found = recordio.scan(recordio.Config(path=str(tmp_path)))
    assert len(found) == 1
    assert "2**24" in caplog.text


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (scalar(1, 0, b""), "offset 36: key 1 has no image"),
        (scalar(1, 0.5, b"x"), "offset 36: found label 0.5"),
        (scalar(1, 2.0**24, b"x"), r"offset 36: found label 16777216.0 .*2\*\*24"),
        (b"short", "offset 36: found a record of 5 bytes"),
    ],
)
def test_scan_when_a_record_is_no_image_then_error_gives_offset(
    record: bytes, message: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "train.rec", (0, scalar(0, 0, b"good")), (1, record))
    with pytest.raises(DataError, match=rf"train\.rec, {message}"):
        recordio.scan(recordio.Config(path=str(path)))


def test_open_when_the_named_index_is_missing_then_error(tmp_path: Path) -> None:
    path = write_records(tmp_path, EVERYONE)
    with pytest.raises(DataError, match=r"index .*gone\.idx does not exist"):
        recordio.open_reader(recordio.Config(path=str(path), index=str(tmp_path / "gone.idx")))


def test_images_when_one_does_not_decode_then_error_names_file_and_key(tmp_path: Path) -> None:
    path = write(tmp_path / "train.rec", (12, scalar(12, 0, b"no picture")))
    reader = recordio.open_reader(recordio.Config(path=str(path)))
    with pytest.raises(DataError, match=r"train\.rec: 00000012: 10 bytes that cannot be decoded"):
        reader.images(np.array([12]), 16)


def test_pixels_when_cached_then_those_of_the_reader(tmp_path: Path) -> None:
    config = recordio.Config(path=str(write_records(tmp_path / "set", EVERYONE)))
    found = catalog.scan(config, tmp_path / "store")
    assert catalog.scan(config, tmp_path / "store").digest == found.digest
    pixels = open_pixels(found, 16, tmp_path / "store").batch(np.arange(len(found)))
    np.testing.assert_array_equal(pixels, recordio.open_reader(config).images(found.refs, 16))


def test_prepare_when_trained_and_tested_on_records_then_equal_numbers_are_not_equal_people(
    tmp_path: Path,
) -> None:
    write_records(tmp_path / "train", people(6, 5, 8, 2, 2))
    write_records(tmp_path / "test", people(3, 3, first_seed=8000))
    data = DataConfig.parse(
        {
            "train": {"name": "recordio", "path": str(tmp_path / "train")},
            "min_images": 3,
            "holdout": {"num_pairs": 20, "folds": 1},
            "benchmarks": [
                {
                    "name": "drawn",
                    "images": {"name": "recordio", "path": str(tmp_path / "test")},
                    "num_pairs": 20,
                    "folds": 1,
                }
            ],
        }
    )
    noise = NoiseConfig.parse({"closed": {"ratio": 0.2}})
    found = prepare(data, noise, 0, tmp_path / "store")
    assert found.train.class_sizes.sum() == 19
    assert found.train.num_classes == 3
    assert found.facts == {"drawn": {"image_overlap": 0}}
