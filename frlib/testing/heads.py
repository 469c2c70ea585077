"""What a margin, a treatment of negatives or a preset must keep: checks to run over one's own.

A choice is named as it is found (`"square"`), or is its module. Checked are its defaults, every
other value of its named options, its numbers at both ends of their limits, and further `variants`
given as fields. `held` says that part of the value is taken as constant on purpose, so that the
slope is not that of the value; a field `margin_grad = "detached"` says so by itself.
"""

from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import Any

from frlib.core.paper import Paper
from frlib.core.space import OneOf
from frlib.heads.config import HeadConfig
from frlib.heads.margins import arc, cos
from frlib.heads.margins import none as no_margin
from frlib.heads.negatives import curricular, mv_fixed
from frlib.heads.negatives import none as plain
from frlib.heads.objectives import cross_entropy, noise_resistant, unified
from frlib.heads.relabel import boundary
from frlib.heads.relabel import none as as_given
from frlib.heads.scales import adaptive, fixed
from frlib.heads.similarity import cosine, dot, subcenter
from frlib.heads.slots import Margin, Negatives, Slots
from frlib.testing import margins, negatives, training
from frlib.testing.checks import (
    Check,
    Fields,
    alternatives,
    config_checks,
    described,
    distinct,
    ends,
    found,
    import_check,
    name_check,
    parametrized,
)

__all__ = ["Check", "margin_checks", "negatives_checks", "parametrized", "preset_checks"]

_MARGINS, _NEGATIVES, _PRESETS = (
    f"frlib.heads.{kind}" for kind in ("margins", "negatives", "presets")
)
_BOUNDARY = boundary.Config(first_corrected_epoch=0)
_LITERAL = boundary.Config(first_corrected_epoch=0, floor_zero=False)


def margin_checks(choice: str | ModuleType, *variants: Fields, held: bool = False) -> list[Check]:
    """Of a module of `frlib.heads.margins`, or of its entry-point group."""
    module = found(_MARGINS, choice)
    result = _of_module(module, choice)
    usual = distinct([*alternatives(module.Config), *_parsed(module, variants)])
    for margin in distinct([*usual, *ends(module.Config)]):
        result += _named(
            described(margin),
            finite=partial(margins.finite, margin),
            shapes=partial(margins.shapes, margin),
            rises=partial(margins.rises, margin),
            slope=partial(margins.slope, margin, held),
        )
    for margin in usual:
        result += config_checks(margin)
        result += _trained(described(margin), _around_margin(margin))
    return result


def negatives_checks(
    choice: str | ModuleType, *variants: Fields, held: bool = False
) -> list[Check]:
    """Of a module of `frlib.heads.negatives`, or of its entry-point group."""
    module = found(_NEGATIVES, choice)
    result = _of_module(module, choice)
    usual = distinct([*alternatives(module.Config), *_parsed(module, variants)])
    for slot in distinct([*usual, *ends(module.Config)]):
        result += _named(
            described(slot),
            finite=partial(negatives.finite, slot),
            bent=partial(negatives.bent, slot),
            elementwise=partial(negatives.elementwise, slot),
            slope=partial(negatives.slope, slot, held),
        )
    for slot in usual:
        result += config_checks(slot)
        result += _trained(described(slot), _around_negatives(slot))
    return result


def preset_checks(choice: str | ModuleType, *variants: Fields) -> list[Check]:
    """Of a module of `frlib.heads.presets`, or of its entry-point group."""
    module = found(_PRESETS, choice)
    result = [*_of_module(module, choice), *_named(_short(module), page=partial(_page, module))]
    usual = [*alternatives(module.Config, HeadConfig), *_parsed(module, variants)]
    for config in distinct(usual):
        result += config_checks(config)
        result += _trained(described(config), partial(_whole_and_sampled, module, config))
    return result


Makers = Callable[[], Iterator[tuple[str, training.Maker]]]


def _of_module(module: ModuleType, choice: str | ModuleType) -> list[Check]:
    checks = [import_check(module)]
    return checks if isinstance(choice, ModuleType) else [*checks, name_check(module, choice)]


def _parsed(module: ModuleType, variants: tuple[Fields, ...]) -> list[Any]:
    return [module.Config.parse(dict(fields)) for fields in variants]


def _named(of: str, **runs: Callable[[], None]) -> list[Check]:
    return [Check(of, name, run) for name, run in runs.items()]


def _trained(of: str, makers: Makers) -> list[Check]:
    """Checks of whole heads, each over all of `makers`."""

    def over_all(check: Callable[[training.Maker], None]) -> None:
        for what, make in makers():
            try:
                check(make)
            except AssertionError as error:
                raise AssertionError(f"{what}: {error}") from error

    return _named(
        of,
        trains_finite=partial(over_all, training.finite),
        evaluates=partial(over_all, training.evaluates),
        crosses=partial(over_all, training.crosses),
        reshards=partial(over_all, training.reshards),
    )


def _around_margin(margin: Margin) -> Makers:
    """The margin with what it will meet: centres, relabelling, objectives, negatives, sampling."""

    def makers() -> Iterator[tuple[str, training.Maker]]:
        yield _made(margin=margin)
        yield _made(
            0.5,
            margin=margin,
            similarity=subcenter.Config(loss_k=2),
            relabel=_BOUNDARY,
            objective=noise_resistant.Config(beta=0.7),
        )
        yield _made(
            margin=margin, relabel=_LITERAL, negatives=curricular.Config(), scale=adaptive.Config()
        )
        yield _made(
            0.5,
            margin=margin,
            similarity=subcenter.Config(loss_k=3),
            objective=unified.Config(),
            negatives=mv_fixed.Config(),
        )
        if not margin.is_angular:
            yield _made(margin=margin, similarity=dot.Config(), relabel=_BOUNDARY)

    return makers


def _around_negatives(slot: Negatives) -> Makers:
    """The slot with what it will meet."""

    def makers() -> Iterator[tuple[str, training.Maker]]:
        yield _made(negatives=slot)
        yield _made(
            0.5,
            negatives=slot,
            similarity=subcenter.Config(loss_k=2),
            relabel=_BOUNDARY,
            objective=noise_resistant.Config(beta=0.7),
        )
        yield _made(
            negatives=slot,
            margin=cos.Config(easy=True),
            relabel=_LITERAL,
            scale=adaptive.Config(),
        )
        yield _made(
            0.5,
            negatives=slot,
            margin=no_margin.Config(),
            similarity=subcenter.Config(loss_k=3),
            objective=unified.Config(),
        )

    return makers


def _whole_and_sampled(
    preset: ModuleType, config: HeadConfig
) -> Iterator[tuple[str, training.Maker]]:
    for rate in (1.0, 0.5):
        sampled = config.model_copy(update={"sample_rate": rate})
        yield f"sample_rate={rate}", training.maker(preset.compose(sampled), sampled)


def _made(rate: float = 1.0, **chosen: Any) -> tuple[str, training.Maker]:
    """A head of the slots named and plain ones, and a line that says which."""
    slots: dict[str, Any] = {
        "scale": fixed.Config(scale=8.0),
        "similarity": cosine.Config(),
        "margin": arc.Config(),
        "negatives": plain.Config(),
        "relabel": as_given.Config(),
        "objective": cross_entropy.Config(),
    }
    config = HeadConfig.parse({"name": "composed", "sample_rate": rate})
    what = " ".join(f"{name}={described(slot)}" for name, slot in chosen.items())
    return f"{what} sample_rate={rate}", training.maker(Slots(**(slots | chosen)), config)


def _page(preset: ModuleType) -> None:
    """What tables and `frlib head show` print of it."""
    config = preset.Config()
    assert isinstance(preset.PAPER, Paper), f"PAPER is {preset.PAPER!r}, expected a Paper"
    label = preset.label(config)
    assert label.startswith(preset.PAPER.title), f"label {label!r} without {preset.PAPER.title!r}"
    assert preset.__doc__, "the module has no docstring, which is its page"
    for name, space in preset.SPACE.items():
        for end in space.values if isinstance(space, OneOf) else (space.low, space.high):
            value = getattr(preset.Config.parse({name: end}), name)
            assert value == end, (
                f"SPACE[{name!r}] goes to {end!r}, which the config makes {value!r}"
            )


def _short(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]
