"""What every rule about samples keeps, whichever modules there are."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import numpy as np
import pytest

from frlib.cleaning import evidence as kept
from frlib.cleaning.evidence import Evidence, Need, Truth
from frlib.cleaning.findings import NO_PROPOSAL
from frlib.core import discover
from frlib.core.config import digest, override
from frlib.core.errors import ConfigError
from frlib.core.paper import Paper
from frlib.data.manifest import OUTLIER
from frlib.denoise import Findings, Rule
from tests.unit.denoise.worlds import CLASSES, EMPTY, course, permuted, planted

PACKAGE = "frlib.denoise"
NAMES = discover.choices(PACKAGE)
KINDS = {"groups": "progressive"}
"""Kind of the decisions that a rule wants in the course; of a boundary head where it is none."""
FURTHER: dict[str, list[dict[str, Any]]] = {
    "boundary": [{"memory": 5, "votes": 0.6}],
    "groups": [{"memory": 3, "votes": 1.0}],
    "subcenter_drop": [{"drop_angle_deg": 40.0}],
    "low_confidence": [{"threshold": 0.6}],
    "credible_centroid": [{"keep_share": 0.7, "column_scale": False}, {"keep_share": 1.0}],
    "confident_learning": [{"filter_by": "both"}, {"filter_by": "low_self_confidence"}],
    "loss_quantile": [{"per_class": True, "propose": True}, {"share": 1.0}],
    "oracle": [{"relabel": False}],
}
"""Settings besides the default ones."""
CASES = [
    pytest.param(name, changed, id=f"{name}-{i}" if i else name)
    for name in NAMES
    for i, changed in enumerate([{}, *FURTHER.get(name, [])])
]

every_rule = pytest.mark.parametrize("name", NAMES)
every_setting = pytest.mark.parametrize(("name", "changed"), CASES)


def _world(name: str, **told: Any) -> Evidence:
    return planted(KINDS.get(name, "boundary"), **told)


def _module(name: str) -> ModuleType:
    return discover.load(PACKAGE, name)


def _decide(name: str, seen: Evidence, changed: dict[str, Any] | None = None) -> Findings:
    module = _module(name)
    found: Findings = module.decide(seen, module.Config(**(changed or {})))
    return found


def _same(one: Findings, other: Findings) -> None:
    for column in ("is_flagged", "proposed"):
        np.testing.assert_array_equal(getattr(one, column), getattr(other, column), column)
    np.testing.assert_allclose(one.suspicion, other.suspicion, rtol=0, atol=1e-6)


def _holds(found: Findings, seen: Evidence, name: str) -> None:
    assert found.kind == name
    assert found.ids.tolist() == seen.ids.tolist()
    assert found.identities == seen.identities
    assert np.isfinite(found.suspicion).all()
    assert 0 <= found.suspicion.min() <= found.suspicion.max() <= 1
    assert (found.proposed[~found.is_flagged] == NO_PROPOSAL).all()
    moved = found.relabelled()
    assert (found.proposed[moved] != found.given[moved]).all()
    kept_facts = digest(dict(found.facts))
    assert kept_facts


@every_rule
def test_module_when_loaded_then_has_config_and_paper(name: str) -> None:
    module = _module(name)
    config = module.Config()
    assert isinstance(config, Rule) and config.name == name
    assert next(iter(module.Config.model_fields)) == "name"
    assert config.needs and set(config.needs) <= set(get_args(Need))
    assert isinstance(module.PAPER, Paper) and module.PAPER.title
    assert override(config, []) == config
    assert module.label(config).startswith(module.PAPER.title)


def _others(config: Rule, setting: str) -> list[Any]:
    """Further values of a setting: of a choice all, of a number two that are valid."""
    kind, usual = type(config).model_fields[setting].annotation, getattr(config, setting)
    if get_args(kind):
        return [one for one in get_args(kind) if one != usual]
    return [not usual] if kind is bool else [usual * 7 / 8, usual / 2] if kind is float else [3, 5]


@every_rule
def test_label_when_a_setting_differs_from_the_default_then_is_another_one(name: str) -> None:
    module = _module(name)
    configs = [module.Config(), *(module.Config(**changed) for changed in FURTHER.get(name, []))]
    for setting in module.Config.model_fields:
        if setting != "name":
            configs += [module.Config(**{setting: v}) for v in _others(configs[0], setting)]
    differing = {digest(config): config for config in configs}.values()
    labels = {module.label(config) for config in differing}
    assert len(labels) == len(differing), labels


def test_labels_when_all_are_at_their_defaults_then_rules_are_told_apart() -> None:
    labels = [_module(name).label(_module(name).Config()) for name in NAMES]
    assert len(set(labels)) == len(NAMES) and not set(labels) & set(NAMES)


@every_setting
def test_decide_when_labels_are_wrong_then_a_verdict_on_every_sample(
    name: str, changed: dict[str, Any]
) -> None:
    seen = _world(name)
    assert not (seen.given == EMPTY).any(), "a class without images is there"
    _holds(_decide(name, seen, changed), seen, name)


@every_setting
def test_decide_when_asked_twice_then_the_same_and_the_evidence_is_untouched(
    name: str, changed: dict[str, Any]
) -> None:
    one, other = (_decide(name, _world(name), changed) for _ in range(2))
    np.testing.assert_array_equal(one.suspicion, other.suspicion)
    _same(one, other)
    seen, fresh = _world(name), _world(name)
    _decide(name, seen, changed)
    for part in ("answers", "embedded", "course", "truth"):
        for key, column in vars(getattr(seen, part)).items():
            np.testing.assert_array_equal(column, vars(getattr(fresh, part))[key])


@every_setting
def test_decide_when_samples_are_in_another_order_then_so_are_the_verdicts(
    name: str, changed: dict[str, Any]
) -> None:
    seen = _world(name, seed=3)
    order = np.random.default_rng(1).permutation(len(seen))
    _same(_decide(name, permuted(seen, order), changed), _decide(name, seen, changed).take(order))


@every_setting
def test_decide_when_every_label_is_wrong_then_still_verdicts(
    name: str, changed: dict[str, Any]
) -> None:
    seen = _world(name, flips=1.0)
    found = _decide(name, seen, changed)
    _holds(found, seen, name)
    if name in ("oracle", "label_mix"):
        assert found.is_flagged.mean() > 0.9


@every_setting
def test_decide_when_a_class_has_nothing_but_wrong_images_then_still_verdicts(
    name: str, changed: dict[str, Any]
) -> None:
    seen = _world(name)
    true = np.where(seen.given == 2, OUTLIER, seen.truth.true)
    lost = replace(seen, truth=Truth(true=true, kinds=seen.truth.kinds))
    found = _decide(name, lost, changed)
    _holds(found, lost, name)
    if name == "oracle":
        assert found.is_flagged[seen.given == 2].all()
    else:
        _same(found, _decide(name, seen, changed))  # only the oracle looks at the truth


@every_rule
@pytest.mark.parametrize("images", [1, 2])
def test_decide_when_classes_are_tiny_then_still_verdicts(name: str, images: int) -> None:
    seen = _world(name, images=images, flips=0.0)
    _holds(_decide(name, seen), seen, name)


@every_rule
def test_decide_when_the_evidence_was_written_and_mapped_then_equal(
    name: str, tmp_path: Path
) -> None:
    seen = _world(name)
    assert seen.embedded is not None
    kept.write(
        tmp_path,
        ids=seen.ids,
        identities=seen.identities,
        given=seen.given,
        truth=seen.truth,
        course=seen.course,
        answers=seen.answers,
        loss_k=seen.embedded.loss_k,
        scale=seen.embedded.scale,
    )
    np.save(tmp_path / "embeddings.npy", seen.embedded.embeddings)
    np.save(tmp_path / "weight.npy", seen.embedded.weight)
    _same(_decide(name, kept.read(tmp_path)), _decide(name, seen))


@every_rule
def test_decide_when_a_part_is_missing_then_says_so_and_only_then(name: str) -> None:
    seen, needs = _world(name), _module(name).Config().needs
    for part, field, error in (
        ("answers", "answers", "answers"),
        ("embeddings", "embedded", "emb"),
    ):
        bare = replace(seen, **{field: None})
        if part in needs:
            with pytest.raises(ConfigError, match=f"no {error}"):
                _decide(name, bare)
        else:
            _same(_decide(name, bare), _decide(name, seen))
    bare = replace(seen, course=course("", 6, []))
    if "course" in needs:
        with pytest.raises(ConfigError, match=r"took no decisions|no losses were kept"):
            _decide(name, bare)
    else:
        _same(_decide(name, bare), _decide(name, seen))


def _precision(suspicion: np.ndarray, wrong: np.ndarray) -> float:
    """Area under the precision-recall curve, equal suspicions together."""
    order = np.argsort(-suspicion)
    ends = np.append(np.diff(suspicion[order]) != 0, True)
    hits, seen = np.cumsum(wrong[order])[ends], np.flatnonzero(ends) + 1
    return float((np.diff(hits, prepend=0) * hits / seen).sum() / wrong.sum())


def _targets(name: str, seen: Evidence) -> Iterator[np.ndarray]:
    """What a rule is to find. Unequal's list looks for nobody of the set, and says so."""
    wrong = seen.truth.true != seen.given
    yield wrong
    is_open = seen.truth.true == OUTLIER
    yield is_open if name == "low_confidence" else wrong & ~is_open


@every_rule
@pytest.mark.parametrize("seed", range(3))
def test_suspicion_when_labels_are_wrong_then_finds_more_than_chance(name: str, seed: int) -> None:
    seen = _world(name, seed=seed)
    found = _decide(name, seen)
    for wrong in _targets(name, seen):
        assert 0.03 < wrong.mean() < 0.3
        assert _precision(found.suspicion, wrong) > 1.2 * wrong.mean()
        assert found.suspicion[wrong].mean() > found.suspicion[~wrong].mean()


def test_precision_when_by_hand_then_the_average_precision() -> None:
    wrong = np.array([True, False, True, False])
    assert _precision(np.array([0.9, 0.8, 0.7, 0.1]), wrong) == pytest.approx((1 + 2 / 3) / 2)
    assert _precision(np.full(4, 0.5), wrong) == 0.5


def test_world_when_made_then_is_as_told() -> None:
    seen = planted()
    assert seen.num_classes == CLASSES and len(np.unique(seen.given)) == CLASSES - 1
    flips = (seen.truth.true >= 0) & (seen.truth.true != seen.given)
    assert (seen.answered.rival_class[flips] == seen.truth.true[flips]).mean() > 0.9
