"""IJB, MegaFace, identification and all pairs: golden numbers, marks and errors."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from frlib.core import discover
from frlib.core.errors import DataError
from frlib.data.benchmarks import ijb as files
from frlib.data.texts import texts
from frlib.evaluate.features import Features, from_vectors
from frlib.evaluate.protocols import _views, all_pairs, identification, ijb, megaface
from frlib.evaluate.report import Report
from tests.unit.data import tiny_sets

GOLDEN = Path(__file__).parents[2] / "golden" / "data" / "eval"
golden = pytest.mark.skipif(not GOLDEN.exists(), reason="no golden data here")


def _value(report: Report, variant: str, metric: str) -> Any:
    (row,) = [r for r in report.rows if (r.variant, r.metric) == (variant, metric)]
    return row.value


@golden
@pytest.mark.parametrize("name", ["small", "mid"])
def test_ijb_when_golden_then_numbers_of_the_original(name: str) -> None:
    path = GOLDEN / "ijb" / name / "IJBC"
    stored = np.load(path.parent / "embeddings.npz")
    listed = files.images(path, "ijbc")
    features = Features(listed.images, stored["emb"], stored["emb_flip"])
    with pytest.raises(DataError, match="expected=false"):
        ijb.evaluate(ijb.Config(path=str(path)), features)
    config = ijb.Config(path=str(path), expected=False)
    report = ijb.evaluate(config, features, ijb.VARIANTS)
    expected = json.loads((path.parent / "expected.json").read_text())
    for variant, rules in expected["one_to_one"].items():
        for point in rules["default"]:
            metric = f"tar@far={point['far']:g},nearest"
            assert _value(report, variant, metric) == pytest.approx(point["tar"], abs=1e-12)
    joined = expected["one_to_n_joined_gallery"]
    assert _value(report, "N1D1F1", "rank1,joined") == pytest.approx(joined["top1"], abs=1e-12)
    assert len(report.scores) == 16
    single = ijb.evaluate(config, Features(listed.images, stored["emb"]), ("N1D1F0", "N1D1F1"))
    assert any("mirrored" in r.mark and r.value is None for r in single.rows)


@golden
@pytest.mark.parametrize(("name", "num"), [("noisy", 600), ("exact_ties", 60), ("dups", 400)])
def test_megaface_when_golden_then_curve_of_the_original(name: str, num: int) -> None:
    folder = GOLDEN / "megaface" / name
    stored = np.load(folder / "features.npz")
    lists = [
        folder / "facescrub_features_list.json",
        folder / f"megaface_features_list.json_{num}_1",
    ]
    ids = [one for file in lists for one in json.loads(file.read_text())["path"]]
    features = Features(texts(ids), np.concatenate([stored["probe"], stored["distractor"]]))
    config = megaface.Config(
        path=str(lists[0]),
        distractors=str(lists[1]),
        probe_noise=str(folder / "facescrub_noises.txt"),
        distractor_noise=str(folder / "megaface_noises.txt"),
        expected=False,
    )
    report = megaface.evaluate(config, features, megaface.VARIANTS)
    expected = json.loads((folder / "expected.json").read_text())
    for variant, key in (("megaface-raw-F0", "raw_cmc"), ("megaface-R-facexzoo-F0", "refined_cmc")):
        for rank in (1, 5, 10):
            found = _value(report, variant, f"rank{rank}")
            assert found == pytest.approx(expected[key][rank - 1], abs=1e-12)
    assert _value(report, "megaface-raw-F1", "rank1") is None


def test_megaface_when_feature_files_then_as_with_embeddings(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    probe, other = (rng.normal(size=(n, 6)).astype(np.float32) for n in (6, 30))
    (tmp_path / "p").write_text("".join(f"A{k // 2}/{k}.jpg\n" for k in range(6)))
    (tmp_path / "d").write_text("".join(f"x/y/{k}.jpg\n" for k in range(30)))
    np.save(tmp_path / "p.npy", probe)
    np.save(tmp_path / "d.npy", other)
    fields = {"path": str(tmp_path / "p"), "distractors": str(tmp_path / "d"), "expected": False}
    ids = texts([*(f"A{k // 2}/{k}.jpg" for k in range(6)), *(f"x/y/{k}.jpg" for k in range(30))])
    one = megaface.evaluate(
        megaface.Config(**fields), Features(ids, np.concatenate([probe, other]))
    )
    stored = megaface.Config(
        **fields,
        probe_features=str(tmp_path / "p.npy"),
        distractor_features=str(tmp_path / "d.npy"),
    )
    assert megaface.source(stored) is None
    assert megaface.evaluate(stored, None).rows == one.rows


def _search(root: Path) -> Features:
    (root / "gallery.csv").write_text("path,subject\na0,a\nb0,b\n")
    (root / "probe.csv").write_text(
        "path,subject,template,media\na1,a,t1,m\na2,a,t1,m\nb1,b,t2,n\nc1,c,t3,o\n"
    )
    (root / "distractors.csv").write_text("path\nd0\n")
    ids = ["a0", "b0", "a1", "a2", "b1", "c1", "d0"]
    axis = np.eye(4, dtype=np.float32)
    mixed = axis[1] + 2 * axis[3]
    return Features(
        texts(ids), np.stack([axis[0], axis[1], *axis[[0, 0]], mixed, axis[2], axis[3]])
    )


def test_identification_when_a_list_is_missing_then_named(tmp_path: Path) -> None:
    features = _search(tmp_path)
    (tmp_path / "probe.csv").unlink()
    config = identification.recognise(tmp_path)
    assert config is not None
    with pytest.raises(DataError, match=r"probe\.csv"):
        identification.evaluate(config, features)


@pytest.mark.parametrize("variant", ["F0", "F1"])
def test_summed_when_read_in_slices_then_as_rows_at_once(variant: str) -> None:
    draws = np.random.default_rng(0)
    plain, mirrored = draws.normal(size=(2, 9, 4)).astype(np.float32)
    features = Features(texts([f"i{n}" for n in range(9)]), plain, mirrored)
    places = np.array([8, 0, 3, 3, 5])
    summed = _views.Summed(features, places, variant)
    whole = _views.rows(features, places, variant)
    assert summed.shape == whole.shape
    found = np.concatenate([summed[0:2], summed[2:4], summed[4:9]])
    np.testing.assert_array_equal(found, whole)


def test_identification_when_templates_and_distractors_then_counted_by_hand(tmp_path: Path) -> None:
    features = _search(tmp_path)
    config = identification.recognise(tmp_path)
    assert config is not None
    report = identification.evaluate(config, features)
    ranks = {r.protocol: r.value for r in report.rows if r.metric == "rank1"}
    assert ranks == {
        "identification-best-template": 1.0,
        "identification-best-template+distractors": 0.5,
    }
    table = report.scores["identification-best-template+distractors/N1D0F0"]
    assert table["probe"].to_pylist() == ["t1", "t2", "t3"]
    assert table["rank"].to_pylist() == [1, 2, 0]
    assert any(r.metric == "tpir@fpir=0.01" and "impostors" in r.mark for r in report.rows)
    assert report.about["variants"]["N1D0F0"]["flip"] == "original view only"


def test_identification_when_an_image_has_no_vector_or_a_person_two_then_error(
    tmp_path: Path,
) -> None:
    features = _search(tmp_path)
    config = identification.Config(path=str(tmp_path))
    with pytest.raises(DataError, match="d0"):
        identification.evaluate(config, features.take(np.arange(6)))
    (tmp_path / "gallery.csv").write_text("path,subject,template\na0,a,t\nb0,b,t\n")
    with pytest.raises(DataError, match="one subject"):
        identification.evaluate(config, features)


def test_all_pairs_when_groups_then_each_and_all_and_one_person_is_marked(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [(f"{k}.jpg", f"p{k // 4}", "x" if k < 20 else "y") for k in range(24)]
    (tmp_path / "l.csv").write_text(
        "path,identity,group\n" + "".join(",".join(row) + "\n" for row in rows)
    )
    features = Features(texts([r[0] for r in rows]), rng.normal(size=(24, 5)).astype(np.float32))
    config = all_pairs.Config(path=str(tmp_path / "l.csv"), fars=(0.1, 1e-6))
    report = all_pairs.evaluate(config, features)
    found = {(r.protocol, r.metric): r for r in report.rows}
    assert found["all-to-all:ALL", "tar@far=0.1"].n == 24 * 23 // 2
    assert "needs 1,000,000" in found["all-to-all:x", "tar@far=1e-06"].mark
    assert "needs both kinds" in found["all-to-all:y", "tar"].mark
    assert len(report.scores["all-to-all:ALL/cosine-F0"]) == 6 * 6
    two = all_pairs.Config(path=config.path, other=config.path, fars=(0.1,))
    assert all_pairs.evaluate(two, features).rows[-1].n == 24 * 24


def _tiny_ijb(root: Path) -> Path:
    (root / "meta").mkdir(parents=True)
    (root / "loose_crop").mkdir()
    for k in range(4):
        (root / "loose_crop" / f"{k}.jpg").write_bytes(tiny_sets.jpeg(k, 60))
    points = "10 20 40 20 25 35 14 48 37 48"
    meta = root / "meta"
    (meta / "ijbb_face_tid_mid.txt").write_text(
        "".join(f"{k}.jpg {k // 2} {k}\n" for k in range(4))
    )
    (meta / "ijbb_name_5pts_score.txt").write_text(
        "".join(f"{k}.jpg {points} 0.9\n" for k in range(4))
    )
    (meta / "ijbb_template_pair_label.txt").write_text("0 0 1\n0 1 0\n")
    return root


def test_ijb_crops_when_scanned_then_aligned_pixels_and_damage_is_named(tmp_path: Path) -> None:
    root = _tiny_ijb(tmp_path / "set")
    assert ijb.recognise(root) is not None
    config = ijb.source(ijb.Config(path=str(root)))
    module = discover.load("frlib.data.sources", "ijb_crops")
    found, reader = module.scan(config), module.open_reader(config)
    pixels = reader.images(found.refs, 112)
    assert pixels.shape == (4, 112, 112, 3)
    assert len(np.unique(pixels.reshape(4, -1), axis=0)) == 4
    assert module.recognise(root) == config
    before = module.fingerprint(config)
    (root / "loose_crop" / "2.jpg").write_bytes(b"no image")
    assert module.fingerprint(config) != before
    with pytest.raises(DataError, match=r"2\.jpg"):
        reader.images(found.refs, 112)
    (root / "meta" / "ijbb_template_pair_label.txt").write_text("0 0 1\n0 1 7\n")
    with pytest.raises(DataError, match="line 2: label 7"):
        files.pairs(root, "ijbb")


def test_named_files_when_lists_and_folders_then_ids_as_listed(tmp_path: Path) -> None:
    tiny_sets.write_folder(tmp_path / "people", tiny_sets.people(2, 1))
    tiny_sets.write_folder(tmp_path / "others", {"q/r": {"0.jpg": tiny_sets.jpeg(7)}})
    config = megaface.source(
        megaface.Config(path=str(tmp_path / "people"), distractors=str(tmp_path / "others"))
    )
    assert config is not None
    module = discover.load("frlib.data.sources", "named_files")
    found = module.scan(config)
    assert sorted(found.ids.tolist()) == ["p00/0.jpg", "p00/1.jpg", "p01/0.jpg", "q/r/0.jpg"]
    assert module.open_reader(config).images(found.refs, 16).shape == (4, 16, 16, 3)
    (tmp_path / "l.csv").write_text("path\npeople/p01/0.jpg\n")
    assert module.recognise(tmp_path / "l.csv") == module.Config(path=str(tmp_path / "l.csv"))
    (tmp_path / "people" / "p01" / "0.jpg").unlink()
    assert module.recognise(tmp_path / "l.csv") is None
    with pytest.raises(DataError, match="1 of 1 images are not there"):
        module.scan(module.Config(path=str(tmp_path / "l.csv")))


@pytest.mark.faces
@pytest.mark.skipif(not os.environ.get("FRLIB_FACES"), reason="FRLIB_FACES is not set")
def test_identification_when_real_faces_then_as_their_readme_states(tmp_path: Path) -> None:
    root = Path(os.environ["FRLIB_FACES"])
    table = pq.read_table(root / "distractors.parquet", columns=["path", "role"]).to_pylist()
    names = [row["path"] for row in table if row["role"] == "gallery"]
    (tmp_path / "more.csv").write_text("\n".join(["path", *names]) + "\n")
    config = identification.Config(
        path=str(root / "eval_identification.csv"), distractors=str(tmp_path / "more.csv")
    )
    report = identification.evaluate(config, from_vectors(root / "reference_embeddings.npz"))
    rank1 = [round(r.value or 0, 3) for r in report.rows if r.metric == "rank1"]
    assert rank1 == [0.969, 0.893]
    assert report.about["distractors"] == 518 + 2_444
