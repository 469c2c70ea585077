"""What `frlib eval run` looks at before it gives a number: colours, alignment, training sets."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from frlib.core.config import Config
    from frlib.evaluate.model import Model

_NOT_CHECKED = "not checked"


def checked(
    config: "Config",
    models: Mapping[str, "Model | None"],
    trained: list["Config"],
    store: Path,
    few: int,
) -> tuple[dict[str, Any], list[str]]:
    """What was looked at before a number is given, and what was not.

    models: by side, `""` for the one that asks; None: embeddings are given.
    """
    facts, told = {}, []
    for side, model in models.items():
        found, warnings = looks(config, model, store, few)
        facts[f"{side}_colour_and_alignment" if side else "colour_and_alignment"] = found
        told += [f"{side} side: {text}" if side else text for text in warnings]
    facts["overlap"], more = _overlap(config, trained, store)
    return facts, [*told, *more]


def looks(config: "Config", model: "Model | None", store: Path, few: int) -> tuple[Any, list[str]]:
    """Colour order and alignment on a few pairs: facts for a report, and warnings."""
    from frlib.evaluate import checks, protocol

    module = protocol.module_of(config)
    source = module.source(config)
    if model is None:
        return _NOT_CHECKED, [
            "embeddings are given: colour order and alignment could not be checked"
        ]
    unchecked = "colour order and alignment were not checked"
    if not few or source is None:
        return _NOT_CHECKED, [unchecked]
    if hasattr(module, "questions"):
        asked = module.questions(config)
    else:
        glanced = module.glance(config, few) if hasattr(module, "glance") else None
        asked = [] if glanced is None else [glanced]
    if not asked:
        return _NOT_CHECKED, [
            f"{unchecked}: the lists name no images of one person and of two to compare"
        ]
    found = {
        one.name: checks.seen(model.embed, model.size, one, source, store, few) for one in asked
    }
    return (
        {name: finding.facts for name, finding in found.items()},
        [text for finding in found.values() for text in finding.warnings],
    )


def _overlap(config: "Config", trained: list["Config"], store: Path) -> tuple[Any, list[str]]:
    from frlib.evaluate import asked_images, checks, protocol

    source = protocol.module_of(config).source(config)
    if not trained or source is None:
        lacking = "no --train set is given" if not trained else "the images are not known"
        return _NOT_CHECKED, [f"overlap with training was not checked: {lacking}"]
    ids = asked_images.ids(config)
    found = [checks.known(source, ids, other, store) for other in trained]
    return (
        [finding.facts for finding in found],
        [text for finding in found for text in finding.warnings],
    )
