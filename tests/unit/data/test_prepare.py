import csv
import os
from pathlib import Path

import numpy as np
import pytest

from frlib.core.config import digest, to_dict
from frlib.core.errors import DataError
from frlib.data.config import DataConfig, NoiseConfig
from frlib.data.manifest import CLOSED, OPEN
from frlib.data.parts import class_size
from frlib.data.prepare import dataset_digest, noise_digest, prepare
from tests.unit.data.tiny_sets import people, rows, write_folder, write_parquet

NOISE = NoiseConfig.parse({"closed": {"ratio": 0.2}, "open": {"ratio": 0.2}})


@pytest.fixture
def data(tmp_path: Path) -> DataConfig:
    write_parquet(tmp_path / "train.parquet", people(6, 5, 8, *[2] * 8, 1))
    write_folder(tmp_path / "pool", {"x": people(5, first_seed=5000)["p00"]})
    test = {f"t{name}": files for name, files in people(3, 3, first_seed=8000).items()}
    write_folder(tmp_path / "test", test)
    ids = [name for name, _, _ in rows(test)]
    with (tmp_path / "pairs.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [["path_a", "path_b", "same"], [ids[0], ids[2], 1], [ids[2], ids[5], 0]]
        )
    return DataConfig.parse(
        {
            "train": {"name": "parquet", "path": str(tmp_path / "train.parquet")},
            "outliers": {"name": "image_folder", "path": str(tmp_path / "pool")},
            "min_images": 3,
            "holdout": {"num_pairs": 20, "folds": 2},
            "benchmarks": [
                {
                    "name": "listed",
                    "images": {"name": "image_folder", "path": str(tmp_path / "test")},
                    "pairs": str(tmp_path / "pairs.csv"),
                },
                {
                    "name": "drawn",
                    "images": {"name": "image_folder", "path": str(tmp_path / "test")},
                    "num_pairs": 20,
                    "folds": 1,
                },
            ],
        }
    )


def test_prepare_when_complete_then_every_part_is_there(data: DataConfig, tmp_path: Path) -> None:
    found = prepare(data, NOISE, 0, tmp_path / "store")
    assert found.train.identities == ("p00", "p01", "p02")
    assert (found.train.kinds == CLOSED).sum() == 1 + 1 + 1
    assert (found.train.kinds == OPEN).sum() == 1 + 1 + 1
    assert found.clean_facts["split"]["dropped_identities"] == 1
    assert found.selection is not None
    assert found.selection.name == "held_out"
    assert set(found.selection.manifest.identities) == {f"p{k:02d}" for k in range(3, 11)}
    assert [b.name for b in found.benchmarks] == ["listed", "drawn"]
    assert found.facts["listed"] == {"image_overlap": 0, "identity_overlap": 0}


def test_pairs_when_listed_then_manifest_holds_just_their_images(data, tmp_path: Path) -> None:
    listed = prepare(data, NOISE, 0, tmp_path / "store").benchmarks[0]
    assert listed.manifest.ids.tolist() == ["tp00/0.jpg", "tp00/2.jpg", "tp01/2.jpg"]
    assert listed.manifest.ids[listed.pairs.left].tolist() == ["tp00/0.jpg", "tp00/2.jpg"]
    assert listed.manifest.ids[listed.pairs.right].tolist() == ["tp00/2.jpg", "tp01/2.jpg"]


def test_prepare_when_seed_changes_then_noise_changes_and_the_rest_does_not(
    data: DataConfig, tmp_path: Path
) -> None:
    one, again, two = (prepare(data, NOISE, seed, tmp_path / "store") for seed in (1, 1, 2))
    assert one.train.digest == again.train.digest != two.train.digest
    assert one.clean_digest == two.clean_digest
    assert one.selection is not None
    assert two.selection is not None
    np.testing.assert_array_equal(one.selection.pairs.left, two.selection.pairs.left)
    assert one.selection.manifest.digest == two.selection.manifest.digest


def test_prepare_when_noise_is_off_then_train_is_the_clean_set(data, tmp_path: Path) -> None:
    found = prepare(data, NoiseConfig(), 0, tmp_path / "store")
    assert found.train.digest == found.clean_digest


def test_prepare_when_people_and_images_are_shared_then_counted_and_warned(
    data: DataConfig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "test" / "tp00").rename(tmp_path / "test" / "p00")
    stolen = tmp_path / "test" / "tp01" / "0.jpg"
    stolen.write_bytes(people(6)["p00"]["3.jpg"])
    changed = data.model_copy(update={"benchmarks": data.benchmarks[1:]})
    found = prepare(changed, NoiseConfig(), 0, tmp_path / "store")
    assert found.facts["drawn"] == {"image_overlap": 1, "identity_overlap": 1}
    assert "identity_overlap=1" in caplog.text
    assert "image_overlap=1" in caplog.text


def test_prepare_when_few_are_held_out_then_fewer_folds_and_a_warning(
    data: DataConfig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wider = data.model_copy(update={"holdout": data.holdout.model_copy(update={"folds": 10})})
    found = prepare(wider, NoiseConfig(), 0, tmp_path / "store")
    assert found.selection is not None
    assert found.selection.pairs.num_folds == 4
    assert "allow 4" in caplog.text


def test_prepare_when_a_benchmark_cannot_be_made_then_error_names_it(data, tmp_path: Path) -> None:
    last = data.benchmarks[1].model_copy(update={"folds": 5})
    changed = data.model_copy(update={"benchmarks": (last,)})
    with pytest.raises(DataError, match="benchmark drawn: 5 person-disjoint folds"):
        prepare(changed, NoiseConfig(), 0, tmp_path / "store")


def test_digest_when_set_moves_then_equal_and_when_content_changes_only_its_part_differs(
    data: DataConfig, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    before = dataset_digest(data, store)
    assert set(before) == {"train", "outliers", "listed/images", "listed/pairs", "drawn/images"}
    os.renames(tmp_path / "pool", tmp_path / "moved" / "pool")
    moved = data.outliers.model_copy(update={"path": str(tmp_path / "moved" / "pool")})
    assert dataset_digest(data.model_copy(update={"outliers": moved}), store) == before
    pairs = tmp_path / "pairs.csv"
    pairs.write_text(pairs.read_text().replace(",0", ",1"))
    after = dataset_digest(data.model_copy(update={"outliers": moved}), store)
    assert {key for key in before if before[key] != after[key]} == {"listed/pairs"}


def test_digest_when_pair_list_is_missing_then_error_names_the_benchmark(data, tmp_path) -> None:
    (tmp_path / "pairs.csv").unlink()
    with pytest.raises(DataError, match=r"benchmark listed: .*does not exist"):
        dataset_digest(data, tmp_path / "store")


def test_prepare_when_a_part_is_named_then_only_it_is_trained_on_and_held_out(
    data: DataConfig, tmp_path: Path
) -> None:
    part = data.model_copy(update={"part": class_size.Config(at_least=6)})
    found = prepare(part, NoiseConfig(), 0, tmp_path / "store")
    assert found.train.identities == ("p00", "p02")
    assert found.selection is None


def _head(data: DataConfig) -> DataConfig:
    """Trained on are p00 and p02, the people with six images or more; p01 has five."""
    return data.model_copy(update={"part": class_size.Config(at_least=6)})


def test_prepare_when_a_tail_is_wanted_then_it_is_of_other_people_with_noise_of_its_own(
    data: DataConfig, tmp_path: Path
) -> None:
    part, store = class_size.Config(below=6, at_least=2), tmp_path / "store"
    alone = prepare(_head(data), NOISE, 0, store)
    found, again = (prepare(_head(data), NOISE, 0, store, part) for _ in range(2))
    assert alone.tail is None
    assert alone.train.digest == found.train.digest
    assert found.tail is not None and again.tail is not None
    assert found.tail.identities == ("p01", *(f"p{k:02d}" for k in range(3, 11)))
    assert (found.tail.kinds == OPEN).any()
    assert found.tail.digest == again.tail.digest
    other = prepare(_head(data), NOISE, 1, store, part).tail
    assert other is not None and other.digest != found.tail.digest
    assert found.facts["tail"] == {"image_overlap": 0, "identity_overlap": 0}
    assert found.facts["tail/drawn"] == {"image_overlap": 0, "identity_overlap": 0}
    clean = prepare(_head(data), NoiseConfig(), 0, store, part).tail
    assert clean is not None and not clean.kinds.any()


def test_prepare_when_people_are_held_out_then_nobody_of_them_is_in_the_tail(
    data: DataConfig, tmp_path: Path
) -> None:
    holdout = data.holdout.model_copy(update={"folds": 1})
    cut = {"part": class_size.Config(at_least=2), "min_images": 6, "holdout": holdout}
    head = data.model_copy(update=cut)
    found = prepare(head, NoiseConfig(), 0, tmp_path / "store", class_size.Config(below=2))
    assert found.selection is not None and found.tail is not None
    held_out = set(found.selection.manifest.identities)
    assert {"p01", "p03"} < held_out
    assert found.tail.identities == ("p11",)


def test_prepare_when_the_tail_has_people_of_the_head_then_says_what_to_cut(
    data: DataConfig, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"tail: 1 of its 10 .* are in data\.part .* first 'p01'"):
        part = data.model_copy(update={"part": class_size.Config(at_least=5)})
        prepare(part, NoiseConfig(), 0, tmp_path / "store", class_size.Config(below=6))
    with pytest.raises(DataError, match=r"Take two sides of a cut"):
        prepare(data, NoiseConfig(), 0, tmp_path / "store", class_size.Config(below=6))


def test_digest_when_the_part_is_the_whole_then_as_if_there_were_no_parts(data: DataConfig) -> None:
    part = data.model_copy(update={"part": class_size.Config(at_least=6)})
    assert "part" not in to_dict(data, places=False)
    assert digest(part) != digest(data)


def test_prepare_when_outliers_are_ones_own_then_they_are_never_trained_on(
    data: DataConfig, tmp_path: Path
) -> None:
    changed = data.model_copy(
        update={"own_outliers": 0.1, "min_images": 2, "outliers": None, "benchmarks": ()}
    )
    noise = NoiseConfig.parse({"open": {"ratio": 0.4, "pool": "own"}})
    one, two = (prepare(changed, noise, seed, tmp_path / "store") for seed in (0, 1))
    shown = {name.removeprefix("open:").partition("/")[0] for name in one.train.ids.tolist()}
    apart = shown - set(one.train.identities)
    assert len(apart) == 1
    assert one.train.identities == two.train.identities
    replaced = one.train.ids[one.train.kinds == OPEN].tolist()
    assert replaced
    assert all(name.startswith(f"open:{next(iter(apart))}/") for name in replaced)
    assert one.facts["outliers"] == {"image_overlap": 0, "identity_overlap": 0}


def test_prepare_when_own_outliers_are_wanted_and_none_set_apart_then_error_says_what_to_set(
    data: DataConfig, tmp_path: Path
) -> None:
    noise = NoiseConfig.parse({"open": {"ratio": 0.4, "pool": "own"}})
    with pytest.raises(DataError, match=r"Set data\.own_outliers to a share"):
        prepare(data, noise, 0, tmp_path / "store")


def test_prepare_when_pixels_are_spoilt_then_the_manifest_says_which(data, tmp_path: Path) -> None:
    noise = NoiseConfig.parse({"occlusion": {"ratio": 0.5}, "open": {"ratio": 0.2}})
    found = prepare(data, noise, 0, tmp_path / "store")
    assert found.train.flaws is not None
    assert (found.train.flaws.kinds > 0).sum() == 3 + 2 + 4
    assert found.train.digest != found.clean_digest


def test_digest_when_no_own_outliers_then_as_if_the_field_were_not_there(data: DataConfig) -> None:
    assert "own_outliers" not in to_dict(data, places=False)
    assert digest(data.model_copy(update={"own_outliers": 0.1})) != digest(data)


def test_noise_digest_when_files_are_named_then_their_content_whatever_the_place(
    tmp_path: Path,
) -> None:
    assert noise_digest(NoiseConfig()) == {}
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "b").write_bytes(b"one")
    (tmp_path / "c").write_bytes(b"two")
    one, same, other = (
        noise_digest(NoiseConfig.parse({"asymmetric": {"embeddings": str(tmp_path / name)}}))
        for name in "abc"
    )
    assert set(one) == {"noise/asymmetric/embeddings"}
    assert one == same
    assert one != other
    with pytest.raises(DataError, match="none does not exist"):
        noise_digest(NoiseConfig.parse({"merged": {"embeddings": str(tmp_path / "none")}}))
