"""Settings that change on the way: what may, and that a run with them is two runs in a row."""

from pathlib import Path
from typing import Any

import pytest
import torch

from frlib.core.config import canonical, digest, override, to_dict
from frlib.core.errors import ConfigError, NumericsError
from frlib.heads.presets import magface
from frlib.optimisers import adamw, sgd
from frlib.train import loop, replay
from frlib.train.config import TrainConfig
from frlib.train.course import Change, at, stages
from frlib.train.loop import Epoch, epochs
from tests.unit.train.worlds import (
    HERE,
    Heard,
    are_equal,
    config,
    copied,
    keeper,
    manifest,
    pixels,
    poison,
    save,
)

Settings = dict[str, Any]


def _course(*changes: tuple[int, Settings]) -> list[Settings]:
    return [{"epoch": epoch, "settings": settings} for epoch, settings in changes]


def _parsed(course: list[Settings], **changes: Any) -> TrainConfig:
    return TrainConfig.parse({**dict(config(**changes)), "course": course})


def _run(run: TrainConfig, folder: Path | None = None) -> list[Epoch]:
    kept = None if folder is None else keeper(folder)
    found = list(epochs(run, manifest(6), pixels(), seed=0, place=HERE, keeper=kept))
    if kept is not None:
        kept.wait()
    return found


def _end(run: TrainConfig, folder: Path | None = None) -> dict[str, torch.Tensor]:
    return copied(_run(run, folder)[-1].state.tensors())


def _cut(run: TrainConfig, folder: Path, epoch: int) -> None:
    """Train so many passes and leave a checkpoint."""
    passes = epochs(run, manifest(6), pixels(), seed=0, place=HERE)
    for one in passes:
        if one.number == epoch:
            save(one.state, folder)
            return


COMPOSED = {
    "name": "composed",
    "scale": 16.0,
    "margin": {"name": "arc", "margin": 0.1},
    "relabel": {"name": "boundary", "first_corrected_epoch": 0},
    "negatives": {"name": "curricular"},
}
MOVING = {"name": "moving_haar", "alpha": 0.3, "beta": 0.7, "lam": 100.0, "tau": 0.2}
CHANGES: dict[str, tuple[Settings, Settings, Settings]] = {
    "margin and scale": (
        {"head": {"name": "arcface"}},
        {"head.margin": 0.1, "head.scale": 8.0},
        {"head": {"name": "arcface", "margin": 0.1, "scale": 8.0}},
    ),
    "lambda": (
        {"head": {"name": "boundary", "margin": 0.1, "first_corrected_epoch": 0}},
        {"head.lam": 0.5, "head.floor_zero": False},
        {
            "head": {
                "name": "boundary",
                "margin": 0.1,
                "first_corrected_epoch": 0,
                "lam": 0.5,
                "floor_zero": False,
            }
        },
    ),
    "fields of slots": (
        {"head": COMPOSED},
        {"head.margin.margin": 0.3, "head.negatives.ema_rate": 0.5},
        {
            "head": {
                **COMPOSED,
                "margin": {"name": "arc", "margin": 0.3},
                "negatives": {"name": "curricular", "ema_rate": 0.5},
            }
        },
    ),
    "classes sampled from then on": (
        {"head": {"name": "adam_softmax", "lam": 1.0}},
        {"head.sample_rate": 0.5},
        {"head": {"name": "adam_softmax", "lam": 1.0, "sample_rate": 0.5}},
    ),
    "no longer sampled": (
        {"head": {"name": "boundary", "margin": 0.1, "sample_rate": 0.5}, "ema": 0.8},
        {"head.sample_rate": 1.0},
        {"head": {"name": "boundary", "margin": 0.1}, "ema": 0.8},
    ),
    "offloaded": (
        {"head": {"name": "arcface", "sample_rate": 0.5}, "class_rows": "offloaded"},
        {"head.margin": 0.1, "optimiser.head_rate": 3.0},
        {
            "head": {"name": "arcface", "sample_rate": 0.5, "margin": 0.1},
            "class_rows": "offloaded",
            "optimiser": sgd.Config(lr=0.05, head_rate=3.0),
        },
    ),
    "all of sgd": (
        {"schedule": MOVING},
        {
            "optimiser.lr": 0.02,
            "optimiser.weight_decay": 0.01,
            "optimiser.momentum": 0.5,
            "optimiser.nesterov": True,
            "optimiser.head_rate": 2.0,
            "optimiser.clip_norm": 0.5,
        },
        {
            "schedule": MOVING,
            "optimiser": sgd.Config(
                lr=0.02,
                weight_decay=0.01,
                momentum=0.5,
                nesterov=True,
                head_rate=2.0,
                clip_norm=0.5,
            ),
        },
    ),
    "all of adamw": (
        {"optimiser": adamw.Config(), "accumulate": 2},
        {
            "optimiser.layer_decay": 0.5,
            "optimiser.decay": "weights",
            "optimiser.beta1": 0.8,
            "optimiser.eps": 1e-4,
            "optimiser.clip_norm": 0,
        },
        {
            "optimiser": adamw.Config(
                layer_decay=0.5, decay="weights", beta1=0.8, eps=1e-4, clip_norm=0.0
            ),
            "accumulate": 2,
        },
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_run_when_settings_change_then_is_one_run_and_another_that_takes_it_up(
    name: str, tmp_path: Path
) -> None:
    base, change, then = CHANGES[name]
    found = _end(config(**base, course=_course((1, change))))
    _cut(config(**base), tmp_path, 1)
    wanted = _end(config(**then), tmp_path)
    assert are_equal(found, wanted)
    assert not are_equal(found, _end(config(**base)))


@pytest.mark.parametrize("name", CHANGES)
def test_run_when_the_course_sets_what_is_set_then_is_the_run_without_it(name: str) -> None:
    _, same, then = CHANGES[name]
    found = _end(config(**then, course=_course((1, same), (2, same))))
    assert are_equal(found, _end(config(**then)))


def test_run_when_it_changes_twice_then_the_first_change_holds_where_the_second_says_nothing(
    tmp_path: Path,
) -> None:
    found = _end(config(course=_course((1, {"head.margin": 0.1}), (2, {"optimiser.lr": 0.01}))))
    _cut(config(course=_course((1, {"head.margin": 0.1}))), tmp_path, 2)
    then = config(head={"name": "arcface", "margin": 0.1}, optimiser=sgd.Config(lr=0.01))
    assert are_equal(found, _end(then, tmp_path))


@pytest.mark.parametrize("taken", range(1, 9))
def test_run_when_resumed_before_at_or_after_the_change_then_ends_with_the_same_bits(
    taken: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class CutError(Exception):
        pass

    def cutting(state: Any, *given: Any, **named: Any) -> Any:
        if state.step == taken:
            raise CutError
        return step(state, *given, **named)

    step = loop.step
    run = config(
        head={"name": "boundary", "margin": 0.1, "first_corrected_epoch": 0},
        course=_course((1, {"head.margin": 0.3, "optimiser.head_rate": 2.0}), (2, {"head.lam": 1})),
        ema=0.5,
        checkpoint_every=1,
    )
    wanted = _end(run)
    monkeypatch.setattr(loop, "step", cutting)
    kept = keeper(tmp_path)
    with pytest.raises(CutError):
        list(epochs(run, manifest(6), pixels(), seed=0, place=HERE, keeper=kept))
    kept.wait()
    monkeypatch.setattr(loop, "step", step)
    assert are_equal(_end(run, tmp_path), wanted)


def test_run_when_it_goes_back_over_a_change_then_has_the_settings_of_that_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The checkpoint of step 2 is in the first epoch, the bad step in the second."""
    seen: list[tuple[int, float, float, float]] = []

    def noted(state: Any, net: Any, pieces: Any, manner: Any, *, lr: float, **named: Any) -> Any:
        head = state.trainee.head
        seen.append((state.step, head.config.margin, head.slots.margin.margin, manner.clip_norm))
        return step(state, net, pieces, manner, lr=lr, **named)

    step = loop.step
    monkeypatch.setattr(loop, "step", noted)
    poison(monkeypatch, 3)
    run = config(
        course=_course((1, {"head.margin": 0.2, "optimiser.clip_norm": 1.0})),
        on_nonfinite="roll_back",
        checkpoint_every=2,
    )
    kept, heard = keeper(tmp_path), Heard()
    passes = epochs(
        run, manifest(), pixels(), seed=0, place=HERE, keeper=kept, folder=tmp_path, listener=heard
    )
    with pytest.raises(NumericsError, match="went back 3 times"):
        list(passes)
    assert [name for name, _ in heard.events].count("rolled back") == 3
    once = [(2, 0.5, 0.5, 5.0), (3, 0.2, 0.2, 1.0)]
    assert seen == [(0, 0.5, 0.5, 5.0), (1, 0.5, 0.5, 5.0), *once * 4]


def test_rate_when_its_base_changes_then_keeps_the_shape_of_the_whole_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rates: list[float] = []

    def noted(*given: Any, lr: float, **named: Any) -> Any:
        rates.append(lr)
        return step(*given, lr=lr, **named)

    step = loop.step
    monkeypatch.setattr(loop, "step", noted)
    _run(config())
    plain = list(rates)
    rates.clear()
    _run(config(course=_course((2, {"optimiser.lr": 0.1}))))
    assert rates == [*plain[:6], *(0.1 * (rate / 0.05) for rate in plain[6:])]


def test_replay_when_the_step_came_after_a_change_then_is_done_with_its_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = config(head={"name": "cosface"}, course=_course((1, {"head.margin": 0.1})))
    poison(monkeypatch, 4)
    with pytest.raises(NumericsError):
        list(epochs(run, manifest(), pixels(), seed=0, place=HERE, folder=tmp_path))
    monkeypatch.undo()
    (kept,) = (tmp_path / "failures").iterdir()
    seen: list[float] = []
    build = replay.build

    def noted(now: TrainConfig, *given: Any, **named: Any) -> Any:
        seen.append(now.head.margin)  # type: ignore[attr-defined]
        return build(now, *given, **named)

    monkeypatch.setattr(replay, "build", noted)
    assert replay.replay(kept).is_finite
    assert replay.replay(kept, ["head.margin=0.3"]).differs == ("head.margin=0.3",)
    assert seen == [0.1, 0.3]


def test_at_when_asked_then_gives_the_values_of_the_epoch_and_no_course() -> None:
    run = config(course=_course((1, {"head.margin": 0.1}), (2, {"head.margin": 0.2})))
    assert [at(run, epoch).head.margin for epoch in range(4)] == [0.5, 0.1, 0.2, 0.2]  # type: ignore[attr-defined]
    assert [one.head.margin for one in stages(run)] == [0.5, 0.1, 0.2]  # type: ignore[attr-defined]
    assert at(run, 0) == config() and at(run, 2).course == ()


def test_change_when_fields_limit_each_other_then_are_taken_together() -> None:
    both = {"head.l_margin": 0.9, "head.u_margin": 1.1}
    run = config(head=magface.Config(), course=_course((1, both)))
    for order in (both, dict(reversed(both.items()))):
        later = at(run.model_copy(update={"course": (Change(epoch=1, settings=order),)}), 1)
        assert later.head == magface.Config(l_margin=0.9, u_margin=1.1)


def test_digest_when_there_is_a_course_then_counts_it_and_nothing_else() -> None:
    run = config(course=_course((1, {"head.margin": 0.1})))
    assert "course" not in canonical(config(), places=False)
    assert digest(run) not in (
        digest(config()),
        digest(config(course=_course((2, {"head.margin": 0.1})))),
    )
    assert TrainConfig.parse(to_dict(run)) == run


def test_override_when_a_course_is_given_as_a_text_then_is_read() -> None:
    sets = ['course=[{"epoch": 2, "settings": {"head.margin": 0.1}}]']
    assert override(config(), sets).course == (Change(epoch=2, settings={"head.margin": 0.1}),)


BASE = {"head.margin": 0.1}


@pytest.mark.parametrize(
    ("course", "message"),
    [
        (_course((3, BASE)), r"course\[0\] \(from epoch 3\): the run has epochs=3.* 1 to 2"),
        (_course((1, BASE), (1, BASE)), r"course\[1\] .*follows a change at epoch 1"),
        (_course((2, BASE), (1, BASE)), r"course\[1\] \(from epoch 1\): follows .* epoch 2"),
        (_course((0, BASE)), r"course\.0\.epoch=0"),
        (_course((1, {})), r"course\.0\.settings: .*at least 1"),
        (_course((1, {"head.margn": 0.1})), r"course\[0\].*did you mean 'margin'"),
        (_course((1, {"head.margin.margin": 0.1})), r"head\.margin is 0\.5, which has no fields"),
        (_course((1, {"head.margin": 9.0})), r"head\.margin=9\.0: .*less than or equal to 1\.5"),
        (_course((1, {"optimiser.lr": 0})), r"optimiser\.lr=0: .*greater than 0"),
        (_course((1, {"epochs": 9})), r"epochs: stays as it is during a run"),
        (_course((1, {"schedule.power": 2})), r"schedule\.power: "),
        (_course((1, {"head": "cosface"})), r"head: is not a single setting"),
        (_course((1, {"head.name": "cosface"})), r"head\.name: a choice stays the same"),
        (_course((1, {"head.form": "reference"})), r"head\.form: changes no result"),
        (
            _course((1, {"head.interclass_filter": 0.4})),
            r"the head's negatives from none to interclass_filter",
        ),
        (
            _course((1, BASE), (2, {"optimiser.momentum": 0})),
            r"course\[1\].*momentum_buffer of the optimiser from kept to none",
        ),
    ],
)
def test_course_when_it_cannot_be_followed_then_names_the_change(
    course: list[Settings], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        _parsed(course)


@pytest.mark.parametrize(
    ("head", "change", "message"),
    [
        ({"name": "boundary"}, {"head.lam": 0}, "the head's term boundary_gap from boundary_gap"),
        ({"name": "subcenter"}, {"head.loss_k": 2}, "centres per class from 3 to 2"),
        (COMPOSED, {"head.similarity.init": "unit"}, "centres are drawn from"),
        (COMPOSED, {"head.terms": 1}, r"head\.terms: is not a single setting"),
        (COMPOSED, {"head.margin": "cos"}, r"head\.margin: is not a single setting"),
        (COMPOSED, {"head.margin.name": "cos"}, r"head\.margin\.name: a choice"),
    ],
)
def test_course_when_it_would_rebuild_the_head_then_is_refused(
    head: Settings, change: Settings, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        _parsed(_course((1, change)), head=head)


def test_offloaded_rows_when_a_change_needs_all_centres_then_are_refused() -> None:
    head = {"name": "arcface", "sample_rate": 0.5}
    run = config(head=head, class_rows="offloaded", course=_course((1, {"head.sample_rate": 1.0})))
    with pytest.raises(ConfigError, match=r"class_rows=offloaded with head\.sample_rate=1"):
        _run(run)
