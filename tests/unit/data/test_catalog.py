import logging
from pathlib import Path

import numpy as np
import pytest

from frlib.data import catalog
from frlib.data.sources import image_folder
from tests.unit.data.storage.far_away import serve
from tests.unit.data.tiny_sets import jpeg, people, write_folder


@pytest.fixture
def config(tmp_path: Path) -> image_folder.Config:
    return image_folder.Config(path=str(write_folder(tmp_path / "faces", people(2, 3))))


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths scanned, one entry per real scan."""
    done: list[str] = []
    real = image_folder.scan

    def counted(config: image_folder.Config):
        done.append(config.path)
        return real(config)

    monkeypatch.setattr(image_folder, "scan", counted)
    return done


def _kept(store: Path) -> Path:
    (found,) = (store / "datasets" / "manifests").glob("*.parquet")
    return found


def test_scan_when_repeated_then_recalled_equal(config, scans, tmp_path: Path) -> None:
    first = catalog.scan(config, tmp_path / "store")
    second = catalog.scan(config, tmp_path / "store")
    assert len(scans) == 1
    assert second.digest == first.digest
    assert second.identities == first.identities
    assert second.facts == first.facts
    assert second.readers == (config,)
    for column in ("ids", "refs", "sources", "labels", "true_labels", "kinds", "checksums"):
        found, expected = getattr(second, column), getattr(first, column)
        assert found.dtype.kind == expected.dtype.kind
        np.testing.assert_array_equal(found, expected)


def test_scan_when_a_file_is_replaced_then_scanned_again(config, scans, tmp_path: Path) -> None:
    before = catalog.scan(config, tmp_path / "store")
    (Path(config.path) / "p00" / "0.jpg").write_bytes(jpeg(999))
    after = catalog.scan(config, tmp_path / "store")
    assert len(scans) == 2
    assert before.digest != after.digest


def test_scan_when_a_file_is_added_then_scanned_again(config, scans, tmp_path: Path) -> None:
    catalog.scan(config, tmp_path / "store")
    (Path(config.path) / "p01" / "9.jpg").write_bytes(jpeg(999))
    assert len(catalog.scan(config, tmp_path / "store")) == 6
    assert len(scans) == 2


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "other"])
def test_scan_when_kept_file_is_damaged_then_scanned_again_with_a_warning(
    damage: str, config, scans, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = tmp_path / "store"
    first = catalog.scan(config, store)
    path = _kept(store)
    data = bytearray(path.read_bytes())
    if damage == "flipped":
        data[data.index(first.checksums[0])] ^= 1
    new = {"cut": data[: len(data) // 2], "flipped": data, "empty": b"", "other": b"x" * 99}[damage]
    path.write_bytes(bytes(new))
    with caplog.at_level(logging.WARNING):
        again = catalog.scan(config, store)
    assert again.digest == first.digest
    assert len(scans) == 2
    assert "damaged" in caplog.text
    catalog.scan(config, store)
    assert len(scans) == 2


def test_scan_when_source_has_no_fingerprint_then_scanned_every_time(
    config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scans
) -> None:
    monkeypatch.delattr(image_folder, "fingerprint")
    one, two = (catalog.scan(config, tmp_path / "store") for _ in range(2))
    assert len(scans) == 2
    assert one.digest == two.digest
    assert not (tmp_path / "store").exists()


def test_scan_when_names_are_not_ascii_then_recalled_equal(tmp_path: Path) -> None:
    everyone = {"Zoë Ægir": people(2)["p00"], "李": people(1)["p00"]}
    config = image_folder.Config(path=str(write_folder(tmp_path / "faces", everyone)))
    first = catalog.scan(config, tmp_path / "store")
    assert catalog.scan(config, tmp_path / "store").ids.tolist() == first.ids.tolist()
    assert first.ids.tolist() == ["Zoë Ægir/0.jpg", "Zoë Ægir/1.jpg", "李/0.jpg"]


def test_scan_when_behind_a_uri_then_scanned_once_and_again_when_it_changes(
    config, scans, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, uri = serve(tmp_path, monkeypatch)
    far = image_folder.Config(path=f"{uri}/faces")
    first = catalog.scan(far, tmp_path / "store")
    assert catalog.scan(far, tmp_path / "store").digest == first.digest
    assert scans == [far.path]
    assert catalog.scan(config, tmp_path / "store").digest == first.digest
    (Path(config.path) / "p00" / "0.jpg").write_bytes(jpeg(999))
    assert catalog.scan(far, tmp_path / "store").digest != first.digest
