"""The BoundaryFace lists: manifest to lists to manifest, and lists from elsewhere."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from frlib.core.errors import DataError
from frlib.data import text_lists
from frlib.data.config import NoiseConfig
from frlib.data.lab.corrupt import corrupt
from frlib.data.manifest import CLEAN, CLOSED, OPEN, OUTLIER, UNKNOWN, Manifest
from frlib.data.sources import boundary_lists, image_folder
from tests.unit.data.tiny_sets import people, write_folder


@pytest.fixture
def clean(tmp_path: Path) -> Manifest:
    root = write_folder(tmp_path / "faces", people(5, 3, 8, 2))
    return image_folder.scan(image_folder.Config(path=str(root)))


@pytest.fixture
def pool(tmp_path: Path) -> Manifest:
    root = write_folder(tmp_path / "pool", {"x y": people(3, first_seed=900)["p00"]})
    return image_folder.scan(image_folder.Config(path=str(root)))


def _paths(manifest: Manifest) -> list[str]:
    readers = [image_folder.open_reader(config) for config in manifest.readers]
    return [
        str(readers[number].path(ref))
        for number, ref in zip(manifest.sources.tolist(), manifest.refs.tolist(), strict=True)
    ]


def _write(folder: Path, clean: Manifest, noisy: Manifest, ratios: tuple[float, float]):
    return text_lists.write(folder, noisy, clean, _paths(noisy), _paths(clean), ratios)


@pytest.mark.parametrize(
    ("closed", "open_"), [(0.4, 0.4), (0.4, 0.0), (0.0, 0.5), (0.0, 0.0), (1.0, 0.0), (0.1, 0.0)]
)
def test_lists_when_read_back_then_labels_truth_and_kinds_are_equal(
    closed: float, open_: float, clean: Manifest, pool: Manifest, tmp_path: Path
) -> None:
    noise = NoiseConfig.parse({"closed": {"ratio": closed}, "open": {"ratio": open_}})
    noisy = corrupt(clean, noise, pool, seed=3)
    written = _write(tmp_path / "lists", clean, noisy, (closed, open_))
    back = boundary_lists.scan(
        boundary_lists.Config(path=str(written.last), root=str(tmp_path / "faces"))
    )
    pool_root = str(tmp_path / "pool")
    mine = {name: row for row, name in enumerate(noisy.ids.tolist())}
    for row, name in enumerate(back.ids.tolist()):
        before = mine.pop(name.replace(f"open:{pool_root}/", "open:"))
        for column in ("labels", "true_labels", "kinds", "checksums"):
            assert getattr(back, column)[row] == getattr(noisy, column)[before], name
    assert not mine
    assert back.identities == noisy.identities


def test_files_when_both_kinds_then_named_and_laid_out_as_the_scripts_do(
    clean: Manifest, pool: Manifest, tmp_path: Path
) -> None:
    noise = NoiseConfig.parse({"closed": {"ratio": 0.29}, "open": {"ratio": 0.4}})
    noisy = corrupt(clean, noise, pool, seed=0)
    _write(tmp_path / "lists", clean, noisy, (0.29, 0.4))
    names = sorted(p.name for p in (tmp_path / "lists").iterdir())
    assert names == [
        "data_file_flip_28.txt",
        "data_file_outlier_40.txt",
        "noise_flip_28.txt",
        "noise_outlier_40.txt",
    ]
    flip = text_lists.read(tmp_path / "lists/data_file_flip_28.txt")
    assert sorted(flip.paths) == sorted(_paths(clean))
    original = text_lists.read(tmp_path / "lists/noise_flip_28.txt")
    assert original.labels.tolist() == clean.labels[noisy.kinds == CLOSED].tolist()
    last = text_lists.read(tmp_path / "lists/data_file_outlier_40.txt")
    replaced = [path.startswith(str(tmp_path / "pool")) for path in last.paths]
    of_class = np.repeat(np.arange(4), clean.class_sizes)
    for label in range(4):
        lines = np.flatnonzero(of_class == label)
        count = int(clean.class_sizes[label] * 0.4)
        expected = [False] * (len(lines) - count) + [True] * count
        assert [replaced[line] for line in lines] == expected
    text = (tmp_path / "lists/noise_flip_28.txt").read_text()
    assert text.splitlines()[0] == f"{original.paths[0]}  {original.labels[0]}"


def test_write_when_a_row_is_merged_then_refused(clean: Manifest, tmp_path: Path) -> None:
    noisy = corrupt(clean, NoiseConfig.parse({"merged": {"ratio": 0.3}}), None, 0)
    with pytest.raises(DataError, match=r"rows are merged, .*Use the truth table"):
        _write(tmp_path, noisy, noisy, (0.0, 0.0))
    assert not list(tmp_path.glob("*.txt"))


def test_write_when_a_path_breaks_a_line_then_refused(clean: Manifest, tmp_path: Path) -> None:
    paths = _paths(clean)
    with pytest.raises(DataError, match="line"):
        text_lists.write(tmp_path, clean, clean, [*paths[:-1], "a\nb.jpg"], paths, (0.0, 0.0))


@pytest.mark.parametrize("line", ["a.jpg", "a.jpg  x", "a.jpg  -1", "a.jpg  1.0", "a.jpg  ²"])
def test_read_when_a_line_is_wrong_then_error_gives_its_number(line: str, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text(f"ok.jpg  0\n\n{line}\n", encoding="utf-8")
    with pytest.raises(DataError, match="line 3"):
        text_lists.read(path)


def _foreign(root: Path, data: str, **files: str) -> boundary_lists.Config:
    """Lists as they come from elsewhere, beside the pictures of three people and one outlier."""
    write_folder(root, {"An A": people(2)["p00"], "B": people(1, 2)["p01"]})
    write_folder(root, {"out": people(1, first_seed=700)["p00"]})
    (root / "data_file_outlier_20.txt").write_text(data)
    for name, text in files.items():
        (root / f"{name}.txt").write_text(text)
    return boundary_lists.Config(path=str(root / "data_file_outlier_20.txt"))


def _table(found: Manifest) -> dict[str, tuple[str, str, int]]:
    names = {OUTLIER: "nobody", UNKNOWN: "unknown"} | dict(enumerate(found.identities))
    return {
        name: (found.identities[given], names[true], kind)
        for name, given, true, kind in zip(
            found.ids.tolist(),
            found.labels.tolist(),
            found.true_labels.tolist(),
            found.kinds.tolist(),
            strict=True,
        )
    }


def test_scan_when_a_class_is_emptied_and_an_outlier_is_used_twice_then_both_are_kept(
    tmp_path: Path,
) -> None:
    config = _foreign(
        tmp_path,
        "B/0.jpg  0\nAn A/0.jpg  0\nout/0.jpg  0\nout/0.jpg  0\n",
        noise_flip_10="B/0.jpg  1\nB/1.jpg  1\n",
        noise_outlier_20="out/0.jpg  0\nout/0.jpg  0\n",
    )
    found = boundary_lists.scan(config)
    assert found.identities == ("An A", "B")
    assert found.class_sizes.tolist() == [4, 0]
    assert _table(found) == {
        "An A/0.jpg": ("An A", "An A", CLEAN),
        "B/0.jpg": ("An A", "B", CLOSED),
        "open:out/0.jpg": ("An A", "nobody", OPEN),
        "open:out/0.jpg#2": ("An A", "nobody", OPEN),
    }
    assert found.facts["source"]["flips_replaced"] == 1
    reader = boundary_lists.open_reader(config)
    row = found.ids.tolist().index("open:out/0.jpg#2")
    assert reader.read(int(found.refs[row])) == (tmp_path / "out/0.jpg").read_bytes()


def test_scan_when_paths_are_of_windows_or_another_machine_then_found_under_root(
    tmp_path: Path,
) -> None:
    config = _foreign(
        tmp_path,
        "F:\\casia\\An A\\0.jpg  0\nF:\\casia\\B\\0.jpg  1\nF:\\casia\\out\\0.jpg  1\n",
        noise_outlier_20="F:\\casia\\out\\0.jpg  1\n",
    )
    with pytest.raises(DataError, match=r"3 listed images are not under .*F:/casia/An A/0\.jpg"):
        boundary_lists.scan(config)
    found = boundary_lists.scan(config.model_copy(update={"was": "F:\\casia"}))
    assert set(_table(found)) == {"An A/0.jpg", "B/0.jpg", "open:out/0.jpg"}
    data = (tmp_path / "data_file_outlier_20.txt").read_text().replace("F:\\casia\\", "")
    (tmp_path / "data_file_outlier_20.txt").write_text(data)
    (tmp_path / "noise_outlier_20.txt").write_text("out\\0.jpg  1\n")
    assert set(_table(boundary_lists.scan(config))) == set(_table(found))


def test_scan_when_absolute_paths_lie_under_root_then_ids_are_relative(tmp_path: Path) -> None:
    config = _foreign(tmp_path, f"{tmp_path}/An A/0.jpg  0\nB/0.jpg  1\n", noise_outlier_20="")
    assert set(_table(boundary_lists.scan(config))) == {"An A/0.jpg", "B/0.jpg"}


def test_scan_when_folders_and_labels_disagree_then_named_by_label(tmp_path: Path) -> None:
    config = _foreign(tmp_path, "An A/0.jpg  7\nAn A/1.jpg  11\nB/0.jpg  7\n", noise_outlier_20="")
    found = boundary_lists.scan(config)
    assert found.identities == ("07", "11")
    assert found.facts["source"]["identities_named_by"] == "label"


def test_scan_when_not_trusted_then_truth_is_unknown(tmp_path: Path) -> None:
    config = _foreign(tmp_path, "An A/0.jpg  0\nout/0.jpg  0\n", noise_outlier_20="out/0.jpg  0\n")
    found = boundary_lists.scan(config.model_copy(update={"trusted": False}))
    assert (found.true_labels == UNKNOWN).all()
    assert (found.kinds == CLEAN).all()


@pytest.mark.parametrize(
    ("data", "files", "message"),
    [
        ("B/0.jpg  0\n", {}, r"noise_outlier_20\.txt cannot be read"),
        (
            "B/0.jpg  0\nout/0.jpg  0\n",
            {"noise_outlier_20": "out/0.jpg  1\n"},
            r"differ in their outliers, first in 'out/0\.jpg' with label 0",
        ),
        (
            "B/0.jpg  0\n",
            {"noise_outlier_20": "", "noise_flip_20": "x.jpg  1\n"},
            r"none of the 1 images in noise_flip_20\.txt is in",
        ),
        (
            "B/0.jpg  0\n",
            {"noise_outlier_20": "", "noise_flip_20": "B/0.jpg  0\n"},
            r"flipped from 0 by noise_flip_20\.txt, and .* gives it that same label",
        ),
        (
            "B/0.jpg  0\n",
            {"noise_outlier_20": "", "noise_flip_20": "B/0.jpg  1\nB/0.jpg  2\n"},
            "more than once",
        ),
        (
            "B/0.jpg  0\n",
            {"noise_outlier_20": "", "noise_flip_20": "", "noise_flip_10": ""},
            r"holds 2 lists of flips \(noise_flip_10\.txt, noise_flip_20\.txt\); set flips",
        ),
        ("", {"noise_outlier_20": ""}, "names no image"),
    ],
)
def test_scan_when_lists_do_not_belong_together_then_error_says_where(
    data: str, files: dict[str, str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message):
        boundary_lists.scan(_foreign(tmp_path, data, **files))


def test_fingerprint_when_the_truth_changes_then_differs(tmp_path: Path) -> None:
    config = _foreign(tmp_path, "An A/0.jpg  0\n", noise_outlier_20="")
    before = boundary_lists.fingerprint(config)
    assert boundary_lists.fingerprint(config) == before
    (tmp_path / "noise_outlier_20.txt").write_text("\n")
    assert boundary_lists.fingerprint(config) != before


def test_recognise_when_named_as_the_scripts_do_then_claimed(tmp_path: Path) -> None:
    config = _foreign(tmp_path, "An A/0.jpg  0\n")
    assert boundary_lists.recognise(Path(config.path)) == config
    assert boundary_lists.recognise(tmp_path / "data_file_flip_20.txt") is None
    (tmp_path / "list.txt").write_text("a  0")
    assert boundary_lists.recognise(tmp_path / "list.txt") is None


def test_asymmetric_flips_when_written_then_read_as_flips(clean: Manifest, tmp_path: Path) -> None:
    noisy = corrupt(clean, NoiseConfig.parse({"closed": {"ratio": 0.5}}), None, 0)
    as_asymmetric = replace(noisy, kinds=np.where(noisy.kinds == CLOSED, 5, noisy.kinds))
    one = _write(tmp_path / "one", clean, noisy, (0.5, 0.0))
    two = _write(tmp_path / "two", clean, as_asymmetric, (0.5, 0.0))
    assert one.noise_flip is not None
    assert two.noise_flip is not None
    assert one.noise_flip.read_text() == two.noise_flip.read_text()
