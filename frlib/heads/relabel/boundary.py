"""Label self-correction at the decision boundary (BoundaryF1, first step of BoundaryFace).

From the first corrected epoch on, a sample x with given label y and t = cos θ_y is handed over to
the class j = argmax_{k≠y} c_k of its nearest negative if

    margin(c_j) > max(0, t)

The margin is applied to the negative, so x must lie beyond *its* margin to be handed over. The
zero comes from the source, which takes maxima over products with a one-hot mask; the published
tables were made with it. `floor_zero = False` compares with t itself, so that x with t < 0 can be
flagged too.

Each epoch starts again from the given labels. Of equal negatives the lowest class is taken.

Where the margin does not rise with the cosine, the class is that of the largest margin-ed cosine,
found by evaluating the margin on all classes; otherwise one maximum of cosines is enough. A margin
that depends on the class (`learned`) counts with the given label's amount.

Source: Wu and Gong, BoundaryFace, ECCV 2022, arXiv 2210.04567, and their repository
(SWJTU-3DVision), head/boundaryMargin1.py (BoundaryF1) and head/boundaryMargin.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from frlib.core.config import setting
from frlib.heads.slots import Margin, Relabel, Surveyor, Verdict

if TYPE_CHECKING:
    from torch import Tensor

    from frlib.heads.batch import Batch
    from frlib.heads.survey import Survey


class Config(Relabel):
    """When correction starts, and what the given label's side is compared with."""

    name: Literal["boundary"] = "boundary"
    first_corrected_epoch: int = setting(
        7, ge=0, doc="first epoch, counted from 0, in which labels are corrected", unit="epoch"
    )
    floor_zero: bool = setting(True, doc="the given label's cosine counts as at least 0")

    def is_on(self, epoch: int) -> bool:
        """From the first corrected epoch."""
        return epoch >= self.first_corrected_epoch

    def decide(
        self,
        columns: Surveyor,
        survey: Survey,
        margin: Margin,
        amounts: Tensor | None,
        batch: Batch,
        state: Any,
    ) -> Verdict:
        """Hand over what lies beyond the nearest negative's margin."""
        from frlib.heads.output import Decisions

        rises = margin.rises_where_positive if self.floor_zero else margin.rises
        if rises:
            best_B, rival_B = margin.apply(survey.first_B, amounts).target, survey.first_class_B
        else:
            ranked = columns.survey_by(
                batch.given_B,
                lambda cos_bC, rows: (
                    margin.apply(cos_bC, None if amounts is None else amounts[rows, None]).target
                ),
            )
            best_B, rival_B = ranked.first_B, ranked.first_class_B
        own_B = survey.own_B.clamp(min=0) if self.floor_zero else survey.own_B
        is_moved_B = best_B > own_B
        decisions = Decisions("boundary", is_moved_B, batch.given_B, rival_B, best_B - own_B)
        return Verdict(is_moved_B, rival_B, decisions, is_first=rises)
