"""What a check says of photographs: the counts of their README, and what was found by eye."""

import os
from pathlib import Path

import numpy as np
import pytest

from frlib.data import catalog, vectors
from frlib.data.check import hashes
from frlib.data.check.looks import look
from frlib.data.check.questions import colour
from frlib.data.check.report import Report
from frlib.data.check.run import check
from frlib.data.convert.watch import Logged
from frlib.data.sources import parquet
from tests.unit.data.check.made import answer, found

pytestmark = [
    pytest.mark.faces,
    pytest.mark.skipif(
        not os.environ.get("FRLIB_FACES"),
        reason="FRLIB_FACES is not set to a folder with train.parquet, eval_images.parquet, ...",
    ),
]


def _source(name: str, **how: str) -> parquet.Config:
    path = Path(os.environ["FRLIB_FACES"]) / f"{name}.parquet"
    return parquet.Config(path=str(path), **how)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def report(store: Path) -> Report:
    file = vectors.read(Path(os.environ["FRLIB_FACES"]) / "reference_embeddings.npz")
    train, test = _source("train"), _source("eval_images")
    return check(train, store, against=[test], vectors=[file])[0]


def test_check_when_photographs_then_counts_of_the_readme(report: Report) -> None:
    facts = answer(report, "counts").facts
    assert (facts["identities"], facts["images"]) == (548, 4872)
    assert (facts["fewest images"], facts["most images"]) == (3, 200)
    assert not report.failed(strict=False)


def test_check_when_photographs_then_two_are_in_it_twice(report: Report) -> None:
    """Seen by eye: the same photograph, cropped a little otherwise."""
    near = found(report)["near-copy"]
    assert [example.partition("/")[0] for example in near.examples] == [
        "Julie_Gerberding",
        "Prince_Willem-Alexander",
    ]
    assert near.count == 2


def test_check_when_sets_share_nobody_then_nobody_but_a_few_look_alikes(report: Report) -> None:
    (row,) = answer(report, "overlap").rows
    assert (row["names"], row["files"], row["near copies"]) == (0, 0, 0)
    assert found(report)["person-alike"].count <= 0.01 * 548


def test_check_when_one_photograph_has_two_names_then_found(store: Path) -> None:
    """A known error of LFW: the only image of Bart Hendricks is one of Ricky Ray."""
    near = found(check(_source("distractors"), store)[0])["near-copy-two-people"]
    assert near.examples == (
        "Bart_Hendricks/Bart_Hendricks_0001.jpg ~ Ricky_Ray/Ricky_Ray_0001.jpg",
    )


@pytest.mark.parametrize(
    ("name", "verdict"),
    [("train", "RGB"), ("eval_images", "RGB"), ("distractors", "RGB"), ("orl_small", "grey")],
)
def test_colour_when_photographs_then_right_and_changed_over_when_turned(
    store: Path, name: str, verdict: str
) -> None:
    seen = look(catalog.scan(_source(name), store), Logged(), sample=600)
    votes = seen.chroma >= colour.GREY_BELOW
    red = (seen.red_minus_blue[votes] > 0).sum()
    turned = (seen.red_minus_blue[votes] < 0).sum()
    assert colour.judge(600 if verdict == "RGB" else 390, int(votes.sum()), int(red)) == verdict
    expected = "looks like BGR" if verdict == "RGB" else verdict
    assert colour.judge(600 if verdict == "RGB" else 390, int(votes.sum()), int(turned)) == expected


def test_colour_when_the_config_is_wrong_then_error(store: Path) -> None:
    report = check(_source("eval_images", colour="BGR"), store)[0]
    assert found(report)["colour-order"].severity == "error"


def test_hashes_when_strangers_are_compared_then_none_are_near(store: Path) -> None:
    seen = look(catalog.scan(_source("eval_images"), store), Logged())
    first, second = np.triu_indices(len(seen.rows), 1)
    coarse = np.bitwise_count(seen.coarse[first] ^ seen.coarse[second])
    assert (coarse <= 3).sum() <= 2
    assert 20 < coarse.mean() < hashes.BITS / 2
