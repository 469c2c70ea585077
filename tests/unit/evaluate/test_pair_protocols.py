"""Pair sets from every kind of file to a report."""

from pathlib import Path

import numpy as np
import pytest

from frlib.core.errors import ConfigError, DataError
from frlib.data.pairsets import bin as bins
from frlib.data.pairsets.images import ImagePairs
from frlib.data.texts import texts
from frlib.evaluate import protocol
from frlib.evaluate.features import Features
from frlib.evaluate.protocols import pair_csv, pair_images, pair_list, rfw
from tests.unit.data.tiny_sets import jpeg
from tests.unit.evaluate.made_pairs import features, listed


def _csv(path: Path) -> Path:
    pairs = listed()
    lines = ["protocol,fold,path_a,path_b,same"]
    for name in ("one", "two"):
        rows = zip(pairs.fold, pairs.left, pairs.right, pairs.same, strict=True)
        lines += [f"{name},{fold},{a},{b},{int(same)}" for fold, a, b, same in rows]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_pair_csv_when_several_protocols_then_judged_apart(tmp_path: Path) -> None:
    config = protocol.named(str(_csv(tmp_path / "own.csv")))
    assert isinstance(config, pair_csv.Config)
    report = pair_csv.evaluate(config, features(listed()), None)
    names = [row.protocol for row in report.rows if row.metric == "accuracy"]
    assert names == ["own/one", "own/two"]
    only = config.model_copy(update={"protocol": "two"})
    assert {row.protocol for row in pair_csv.evaluate(only, features(listed()), None).rows} == {
        "own/two"
    }


def test_pair_images_when_the_set_is_known_then_its_count_is_held(tmp_path: Path) -> None:
    same = np.arange(12) % 2 == 0
    made = ImagePairs(images=tuple(jpeg(n) for n in range(24)), same=same)
    bins.write(tmp_path / "cfp_fp.bin", made)
    config = protocol.named(str(tmp_path / "cfp_fp.bin"))
    assert isinstance(config, pair_images.Config)
    with pytest.raises(DataError, match=r"12 pairs.*7,000"):
        pair_images.questions(config)
    (found,) = pair_images.questions(config.model_copy(update={"expected_pairs": 0, "folds": 2}))
    assert found.ids[:3] == ["0", "2", "4"]
    rng = np.random.default_rng(0)
    given = Features(texts([str(n) for n in range(24)]), rng.normal(size=(24, 4)).astype("f4"))
    few = config.model_copy(update={"expected_pairs": 0, "folds": 2})
    assert pair_images.evaluate(few, given, None).rows[0].variant == "insightface2-single"


def test_pair_list_when_official_calfw_then_put_in_order(tmp_path: Path) -> None:
    lines = [
        f"{kind}{p}_{side}.jpg {label}"
        for kind, label in (("s", 1), ("d", 0))
        for p in range(300)
        for side in (0, 1)
    ]
    path = tmp_path / "pairs.txt"
    path.write_text("\n".join(lines) + "\n")
    config = pair_list.Config(set="cplfw_official", path=str(path), expected_pairs=0)
    (found,) = pair_list.questions(config)
    assert found.name == "cplfw"
    with pytest.raises(DataError, match=r"600 pairs.*6,000"):
        pair_list.questions(pair_list.Config(set="cplfw_official", path=str(path)))


def _rfw(root: Path) -> None:
    for group in rfw.GROUPS:
        lines = [f"{group}{p}\t1\t2" for p in range(300)]
        lines += [f"{group}{p}\t1\t{group}{(p + 1) % 300}\t2" for p in range(300)]
        (root / group).mkdir(parents=True)
        (root / group / f"{group}_pairs.txt").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("prefix", ["", "{0}/"])
def test_rfw_when_evaluated_then_groups_and_their_spread(prefix: str, tmp_path: Path) -> None:
    _rfw(tmp_path / "txts")
    config = protocol.named(str(tmp_path / "txts"))
    assert isinstance(config, rfw.Config)
    with pytest.raises(DataError, match=r"600 pairs.*6,000"):
        rfw.questions(config)
    rng = np.random.default_rng(0)
    ids, rows = [], []
    for spread, group in enumerate(rfw.GROUPS, start=2):
        for p in range(300):
            centre = rng.normal(size=8)
            for n in (1, 2):
                name = f"{group}{p}"
                ids.append(prefix.format(group) + f"{name}/{name}_{n:04d}.jpg")
                rows.append(centre + 0.2 * spread * rng.normal(size=8))
    given = Features(texts(ids), np.array(rows, dtype=np.float32))
    any_count = config.model_copy(update={"expected_pairs": 0, "grouped": bool(prefix)})
    report = rfw.evaluate(any_count, given, ("facexzoo10", "insightface10"))
    accuracy = {
        r.protocol: r.value
        for r in report.rows
        if r.variant == "insightface1-single" and r.metric == "accuracy"
    }
    assert set(accuracy) == {f"rfw/{group}" for group in rfw.GROUPS}
    spread_rows = {
        r.metric: r.value
        for r in report.rows
        if r.protocol == "rfw" and r.variant == "insightface1-single"
    }
    values = [value for value in accuracy.values() if value is not None]
    assert spread_rows["mean_of_groups"] == pytest.approx(np.mean(values))
    assert spread_rows["std_of_groups"] == pytest.approx(np.std(values))


def test_named_when_nothing_is_known_then_error_lists_protocols(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(ConfigError, match=r"pair_list: Published pair sets"):
        protocol.named(str(tmp_path / "notes.txt"))
    with pytest.raises(ConfigError, match="no such file"):
        protocol.named(str(tmp_path / "gone.csv"))
