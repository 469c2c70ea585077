"""Section: the figures that the records of a study allow, and why the others are not there."""

from collections.abc import Mapping
from html import escape

from analysis.grid import Grid
from analysis.web.markup import folded, section
from analysis.web.pictures import embedded, figure
from frlib.core.errors import RecordError

WORDS: Mapping[str, tuple[str, str]] = {
    "noise_curve": (
        "Accuracy against noise",
        "The first reported metric against the ratio of noise, a line a method, with bands over "
        "seeds.",
    ),
    "sensitivity": (
        "Sensitivity to settings",
        "The selection metric against the values that were tried of every setting, the chosen one "
        "marked.",
    ),
    "importance": (
        "Importance of settings",
        "How much of the spread of the selection metric every searched setting explains.",
    ),
    "learning_curves": (
        "Learning curves",
        "The selection metric of every arm over epochs; arms that were stopped end early.",
    ),
    "decision_curves": (
        "Decisions over epochs",
        "Precision and recall of what heads and rules decided about samples, epoch by epoch.",
    ),
    "angles": (
        "Angles of clean and noisy samples",
        "How training samples of every kind lie to the class that they are labelled with.",
    ),
    "differences": (
        "Differences between methods",
        "What separates every method from the one it is compared with, seed by seed, with "
        "intervals.",
    ),
    "critical_difference": (
        "Average ranks",
        "Average ranks of methods over benchmarks and noises; those joined by a bar are not told "
        "apart.",
    ),
    "pruning_timeline": (
        "When arms ran",
        "Which arm ran when, and which ones were stopped or failed.",
    ),
    "cost": (
        "Result against cost",
        "The first reported metric against training images seen and against seconds, means with "
        "intervals over seeds, and the Pareto front of the means.",
    ),
    "search_cost": (
        "Regret of searches against what they spent",
        "How far the answer of every strategy is from the grid's best, against its share of the "
        "grid's seconds.",
    ),
    "denoise_bench": (
        "Precision and recall of the rules",
        "What every rule flags against what is wrong, a panel a noise, and below it what "
        "retraining won back of what the noise cost.",
    ),
    "boundary_lambda": (
        "Weight of BoundaryFace's gap",
        "Accuracy against the weight λ, a panel a number of classes.",
    ),
    "compatible": (
        "Rank 1 while the old gallery is indexed again",
        "Rank-1 rate against the share of the gallery that the new model has indexed, a line a "
        "method, with the old model's own search as the bar.",
    ),
}
"""Figure of a study -> its title, and what it shows, for those who do not see it."""
_UNTOLD = "A figure of this study's records."
_DPI = 160


def drawings(found: Grid) -> str:
    """All of them that apply, and the reason of each that does not."""
    from analysis.figures import of_study, style

    names = found.matching(tuple(found.records.study.get("report") or ()))
    if not names:
        return ""
    asked = of_study.Asked(found, names[0], style.PAGE)
    shown, absent = [], []
    for name, draw in of_study.FIGURES.items():
        title, says = WORDS.get(name, (name.replace("_", " ").capitalize(), _UNTOLD))
        try:
            picture = style.rendered(draw(asked), ".svg", _DPI)
        except RecordError as error:
            absent.append(f"<li>{escape(title)}: {escape(str(error))}</li>")
            continue
        alt = f"{title}. {says} The numbers are in the table of results and the entries of cells."
        shown.append(figure(f"figure-{name}", title, embedded(picture, "svg", alt), says))
    count = len(absent)
    heading = f"{count} other figure{'' if count == 1 else 's'}, and why not drawn"
    left = folded(heading, f"<ul>{''.join(absent)}</ul>") if absent else ""
    return section("figures", "Figures", *shown, left)
