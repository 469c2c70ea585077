"""From a study's words to a rule that stops arms of one cell."""

from frlib.core import discover
from frlib.pruning import Design, Pruning, Rule
from frlib.study.arms import Cell
from frlib.study.schema import Study


def of(pruning: Pruning, study: Study, cell: Cell, seed: int | None = None) -> Rule:
    """The rule for a cell, which has heard of nothing yet. seed: other than the study's."""
    design = Design(
        epochs=cell.config.epochs,
        replicates=len(study.replicates.seeds),
        mode=study.selection.mode,
        space=cell.space,
        seed=study.search.seed if seed is None else seed,
    )
    made: Rule = discover.load("frlib.pruning", pruning.name).build(pruning, design)
    return made
