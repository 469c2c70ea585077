"""Cells, arms and their digests."""

import json
from typing import Any

import pytest

from frlib.core.config import override, with_paths
from frlib.core.errors import ConfigError
from frlib.data.parts import class_split
from frlib.heads.presets import arcface, softmax
from frlib.study.arms import cells
from frlib.study.schema import Study
from frlib.train.compatible import Compat
from tests.unit.study.designs import DATASETS, digests, small


def test_cells_when_spelled_out_then_are_the_product_of_the_axes_in_order() -> None:
    shown = [tuple(c.shown.values()) for c in cells(small(), digests)]
    names = ["ArcFace", "BoundaryF1", "BoundaryFace (λ=π)"]
    assert shown == [(n, r) for n in names for r in (0.0, 0.2)]


def test_space_when_a_cell_lacks_the_field_or_its_value_lies_outside_then_is_not_searched() -> None:
    by_head = {c.shown["head"]: set(c.space) for c in cells(small(), digests)}
    assert by_head["ArcFace"] == {"head.margin", "batch_size"}
    assert by_head["BoundaryF1"] == {"head.margin", "batch_size"}
    assert by_head["BoundaryFace (λ=π)"] == {"head.margin", "head.lam", "batch_size"}


def test_arm_when_given_the_default_values_then_is_the_default_arm() -> None:
    cell = next(cells(small(), digests))
    assert cell.arm({"head.margin": 0.3, "batch_size": 128}).is_default
    assert not cell.arm({"head.margin": 0.31, "batch_size": 128}).is_default


def test_digest_when_only_searched_values_differ_then_cell_is_the_same_and_arm_is_not() -> None:
    first, second = (
        next(cells(small(space=space), digests))
        for space in ({}, {"head.margin": {"kind": "uniform", "low": 0.1, "high": 0.5}})
    )
    assert first.default.digest == second.default.digest
    assert first.digest != second.digest
    arms = {second.arm({"head.margin": m}).digest for m in (0.2, 0.3)}
    assert len(arms) == 2


def test_digest_when_a_neutral_step_is_searched_then_its_own_value_does_not_tell_cells_apart() -> (
    None
):
    space = {"noise.blur.ratio": {"kind": "uniform", "low": 0, "high": 0.5}}
    axes = {"noise.closed.ratio": (0.2,)}
    still, moved = (
        next(cells(small(axes=axes, space=space, base=base), digests))
        for base in (
            small().base,
            override(small().base, ["noise.blur.ratio=0.1", "noise.closed.ratio=0.2"]),
        )
    )
    assert (
        still.arm({"noise.blur.ratio": 0.3}).digest == moved.arm({"noise.blur.ratio": 0.3}).digest
    )
    assert len({still.arm({"noise.blur.ratio": r}).digest for r in (0.0, 0.2, 0.3)}) == 3
    plain = next(cells(small(axes=axes, space={}), digests))
    assert still.default.digest == plain.default.digest
    assert still.digest != plain.digest


def test_digest_when_the_content_of_the_data_differs_then_differs() -> None:
    one = next(cells(small(), digests))
    other = next(cells(small(), lambda _: DATASETS | {"train": "cccc"}))
    assert one.default.digest != other.default.digest
    assert one.digest != other.digest


def test_study_when_written_as_json_then_reads_back_equal_with_equal_arms() -> None:
    study = small()
    again = Study.parse(json.loads(json.dumps(study.to_json())))
    assert [c.default.digest for c in cells(again, digests)] == [
        c.default.digest for c in cells(study, digests)
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"axes": {}}, "at least one axis"),
        ({"axes": {"head.margn": (0.1,)}}, r"did you mean 'margin'"),
        ({"axes": {"noise.closed.ratio": (0.0, 1.5)}}, r"ratio=1\.5"),
        ({"space": {"head.lambda": {"kind": "uniform", "low": 0, "high": 1}}}, "no such field"),
        ({"report": ("lfw/insightface10/accuracy",)}, "nothing measures"),
        ({"space": {"head.margin": {"kind": "uniform", "low": -5, "high": 9}}}, "margin=-5"),
        ({"space": {"head.margin": {"kind": "uniform", "low": 0.6, "high": 0.7}}}, "nowhere"),
        (
            {"pruning": {"name": "halving", "first_epoch": 3}, "base": None},
            "measures nothing there",
        ),
        ({"resources": {"cpus_per_worker": 0}}, "above 0"),
        ({"replicates": {"seeds": (1, 1)}}, "repeat"),
        ({"selection": {"metric": "pairs/insightface10/accuracy"}}, "metric"),
    ],
)
def test_study_when_contradictory_then_is_refused(changes: dict[str, object], message: str) -> None:
    if "base" in changes:
        base = small().to_json()["base"]
        changes = changes | {"base": base | {"epochs": 9, "select_every": 2}}
    with pytest.raises(ConfigError, match=message):
        Study.parse(small().to_json() | json.loads(json.dumps(changes)))


def together(**changes: Any) -> Study:
    """A schedule with the length that goes with it, at two noise ratios."""
    pairs = (({"name": "poly"}, 4), ({"name": "cosine"}, 2), ({"name": "poly"}, 2))
    axes = {"schedule+epochs": pairs, "noise.closed.ratio": (0.0, 0.2)}
    return small(**{"axes": axes, "space": {}, "pruning": "none"} | changes)


def test_cells_when_fields_vary_together_then_every_pair_is_a_row_with_both_shown() -> None:
    found = list(cells(together(), digests))
    assert [tuple(c.shown.items()) for c in found] == [
        (("schedule", rule), ("epochs", epochs), ("noise.closed.ratio", ratio))
        for rule, epochs in (("poly", 4), ("cosine", 2), ("poly", 2))
        for ratio in (0.0, 0.2)
    ]
    assert [(c.config.schedule.name, c.config.epochs) for c in found][2] == ("cosine", 2)
    assert len({c.digest for c in found}) == len(found)


def test_digest_when_fields_vary_together_then_is_that_of_axes_of_their_own() -> None:
    alone = small(
        axes={"schedule": ("poly",), "epochs": (2,), "noise.closed.ratio": (0.2,)},
        space={},
        pruning="none",
    )
    (wanted,) = cells(alone, digests)
    found = [c for c in cells(together(), digests) if dict(c.shown) == dict(wanted.shown)]
    assert [(c.digest, c.default.digest) for c in found] == [(wanted.digest, wanted.default.digest)]


def test_study_when_fields_vary_together_then_reads_back_from_json() -> None:
    study = together()
    again = Study.parse(json.loads(json.dumps(study.to_json())))
    assert [c.digest for c in cells(again, digests)] == [c.digest for c in cells(study, digests)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"axes": {"schedule+epochs": [["poly", 4], ["poly"]]}}, "expected 2 values, one for each"),
        ({"axes": {"schedule+epochs": [4]}}, "axis schedule.epochs: found 4"),
        ({"axes": {"schedule+epochs": [["poly", 4]], "epochs": [2]}}, "on two axes"),
        ({"axes": {"schedule+epoch": [["poly", 4]]}}, "did you mean 'epochs'"),
        ({"space": {"epochs": {"kind": "int", "low": 1, "high": 9}}}, "an axis and searched"),
        ({"axes": {"epochs": [4, 8, 4]}}, "one and the same run"),
    ],
)
def test_study_when_fields_cannot_vary_together_then_is_refused(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        Study.parse(together().to_json() | changes)


def test_override_when_the_base_is_changed_then_all_cells_follow() -> None:
    study = override(small(), ["base.epochs=7", "search.arms_per_cell=1"])
    assert {c.config.epochs for c in cells(study, digests)} == {7}


def test_shown_when_a_field_is_changed_for_an_old_model_then_is_written_as_in_its_run() -> None:
    run = with_paths(small().base, {"compat": Compat(changes={"head": "softmax"})})
    axes = {
        "compat.changes.head": (softmax.Config(), arcface.Config(margin=0.2)),
        "compat.changes.data.part": (class_split.Config(),),
        "compat.changes.epochs": (3,),
    }
    found = [dict(cell.shown) for cell in cells(small(base=run, axes=axes, space={}), digests)]
    rest = {"compat.changes.data.part": "class_split", "compat.changes.epochs": 3}
    heads = ("Softmax", "ArcFace")
    assert found == [{"compat.changes.head": head} | rest for head in heads]


@pytest.mark.parametrize(
    ("compat", "more", "message"),
    [
        ({"changes": {"epochs": 1}, "method": "unibct"}, {}, "begins with epoch 10, .* never act"),
        ({"changes": {"epochs": 1}, "seed": 1}, {}, r"compat\.seed=1 is a replicate's seed too"),
        (
            {"stage": "old"},
            {"stages": {"old": {"name": "train", "changes": {"epochs": 1}}}},
            r"set stages\.old\.shift=1000, or begin",
        ),
    ],
)
def test_study_when_an_old_model_could_not_be_compared_fairly_then_is_refused(
    compat: dict[str, object], more: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        small(base=with_paths(small().base, {"compat": Compat.parse(compat), **more}))


def test_study_when_an_old_model_has_a_seed_of_its_own_then_is_taken() -> None:
    shifted = {"old": {"name": "train", "changes": {"epochs": 1}, "shift": 1000}}
    compat = Compat.parse({"stage": "old"})
    assert small(base=with_paths(small().base, {"compat": compat, "stages": shifted}))
    begun = {"old": {"name": "train", "changes": {"epochs": 1}}}
    fields = {"compat": compat, "stages": begun, "start": {"stage": "old"}}
    assert small(base=with_paths(small().base, fields))
