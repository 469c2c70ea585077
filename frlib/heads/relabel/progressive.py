"""Progressive label correction in three groups (in the manner of RepFace).

With t = cos θ_y and n the largest other cosine, the gap g = n − t says how much nearer another
class is than the given one.

* Known noise. Every sample is looked at a second time under a label drawn at random: artificial
  closed-set noise whose gaps are known to be those of wrong labels. Their moving mean and spread
  give a bar, mean − `strictness`·std, that moves as training goes on. Nothing happens until it lies
  above the typical gap of the given labels: until then known noise cannot be told from the rest.
* Groups. clean: g ≤ 0. noisy: g > 0 and above the bar. ambiguous: what is between.
* Before `first_corrected_epoch` noisy samples do not count (weight 0).
* From then on a noisy sample is trained on its nearest other class, the given label keeping
  `given_share` of a smoothed target. An ambiguous one is trained on a mixture: the share of its
  nearest other class is the model's accumulated belief in it, a moving average over epochs of how
  often that class was the prediction; none where the belief is in a third class.

The paper's abstract fixes the ingredients: auxiliary closed-set noise that stabilises early
training; three groups by the similarity to the positive and the nearest negative centre; fusion
of ambiguous labels with accumulated predictions; a smoothed label between nearest negative and
given label. Its text and code were not at hand. Ours are: that auxiliary samples are the batch's
own under drawn labels, the bar and the test that switches it on, weight 0 for early noise, one
remembered class a sample with a decaying belief, fusion only while it is the nearest one, and all
default values.

Source: Zhang, Gong and Sun, RepFace, AAAI 2025, arXiv 2412.12031 (abstract).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from frlib.core.config import setting
from frlib.core.errors import ConfigError
from frlib.heads.slots import Margin, Number, Relabel, Surveyor, Verdict

if TYPE_CHECKING:
    from torch import Tensor

    from frlib.heads.batch import Batch
    from frlib.heads.survey import Survey

_OURS = "not in the abstract of RepFace; chosen here"


class Config(Relabel):
    """When correction starts, where the bar lies, and how labels are mixed."""

    mixes_labels: ClassVar[bool] = True
    name: Literal["progressive"] = "progressive"
    first_corrected_epoch: int = setting(
        4,
        ge=0,
        doc="first epoch that corrects labels; noisy samples are left out before",
        unit="epoch",
        source=_OURS,
    )
    strictness: float = setting(
        1.0,
        ge=-3,
        le=3,
        doc="spreads that the bar lies below the mean gap of known noise",
        unit="standard deviation",
        source=_OURS,
    )
    given_share: float = setting(
        0.1, ge=0, lt=1, doc="share of the given label in a corrected target", source=_OURS
    )
    memory: float = setting(
        0.7,
        ge=0,
        lt=1,
        doc="weight of earlier predictions in the belief",
        unit="1/epoch",
        source=_OURS,
    )
    ema_rate: float = setting(
        0.02,
        gt=0,
        le=1,
        doc="weight of a new batch in the gaps' averages",
        unit="1/step",
        source=_OURS,
    )

    def state(self, num_classes: int) -> Mapping[str, Number]:
        """Moving sums of gaps, and for every training image a class and the belief in it."""
        sums = ("weight", "known", "known_square", "typical")
        return {
            **{name: Number(0.0) for name in sums},
            "candidate": Number(-1, per="sample"),
            "belief": Number(0.0, per="sample"),
        }

    def is_on(self, epoch: int) -> bool:
        """Always: it learns what noise looks like from the start."""
        return True

    def decide(
        self,
        columns: Surveyor,
        survey: Survey,
        margin: Margin,
        amounts: Tensor | None,
        batch: Batch,
        state: Any,
    ) -> Verdict:
        """Split the batch by its gaps and mix the labels."""
        from frlib.heads.output import Decisions

        gap_B, rival_B = survey.first_B - survey.own_B, survey.first_class_B
        is_nearer_B = gap_B > 0
        if batch.is_training:
            self._watch(columns, gap_B, batch, state)
            self._remember(rival_B.where(is_nearer_B, batch.given_B), batch, state)
        bar = self._bar(state)
        is_noisy_B = is_nearer_B & (gap_B > bar)
        if batch.epoch < self.first_corrected_epoch:
            counts_B = (~is_noisy_B).to(gap_B.dtype)
            return Verdict(is_noisy_B & False, rival_B, None, is_first=True, weights_B=counts_B)
        samples_B = _samples(batch)
        is_believed_B = is_nearer_B & (state.candidate[samples_B] == rival_B) & bar.isfinite()
        share_B = state.belief[samples_B].to(gap_B.dtype) * is_believed_B
        return Verdict(
            is_noisy_B,
            rival_B,
            Decisions("progressive", is_noisy_B, batch.given_B, rival_B, gap_B),
            is_first=True,
            keep_B=1 - share_B.masked_fill(is_noisy_B, self.given_share),
            other_B=batch.given_B.where(is_noisy_B, rival_B),
        )

    def _bar(self, state: Any) -> Tensor:
        """Least gap of noise, `[]`; ∞ while known noise looks like the rest."""
        weight = state.weight.clamp(min=1e-12)
        mean = state.known / weight
        spread = (state.known_square / weight - mean.square()).clamp(min=0).sqrt()
        bar: Tensor = mean - self.strictness * spread
        return bar.masked_fill(bar <= state.typical / weight, float("inf"))

    def _watch(self, columns: Surveyor, gap_B: Tensor, batch: Batch, state: Any) -> None:
        """Move the sums by this batch's gaps, at the given labels and at drawn ones."""
        num_classes = batch.shard.num_classes
        ahead_B = batch.mine(batch.integers("auxiliary", num_classes - 1)) + 1
        known = columns.survey((batch.given_B + ahead_B) % num_classes)
        known_N = batch.data.all_gather(known.first_B - known.own_B)
        takes_part_N = known_N.isfinite()
        count = takes_part_N.sum().clamp(min=1)
        known_N = known_N.where(takes_part_N, 0.0)
        takes_part = takes_part_N.any().to(gap_B.dtype)
        typical = batch.data.all_gather(gap_B).mean() * takes_part
        for total, new in (
            (state.weight, takes_part),
            (state.known, known_N.sum() / count),
            (state.known_square, known_N.square().sum() / count),
            (state.typical, typical),
        ):
            total.lerp_(new.to(total.dtype), self.ema_rate)

    def _remember(self, predicted_B: Tensor, batch: Batch, state: Any) -> None:
        """Move the belief of the batch's samples, of all data-parallel workers alike."""
        sample_N = batch.data.all_gather(_samples(batch))
        predicted_N = batch.data.all_gather(predicted_B)
        held_N, belief_N = state.candidate[sample_N], state.belief[sample_N]
        is_same_N = predicted_N == held_N
        belief_N = belief_N * self.memory + is_same_N.to(belief_N.dtype) * (1 - self.memory)
        is_new_N = ~is_same_N & (belief_N < 1 - self.memory)
        state.candidate[sample_N] = predicted_N.where(is_new_N, held_N)
        state.belief[sample_N] = belief_N.masked_fill(is_new_N, 1 - self.memory)


def _samples(batch: Batch) -> Tensor:
    if batch.samples_B is None:
        raise ConfigError(
            "relabel 'progressive' remembers every training image, but the head was called without "
            "their numbers; pass samples_B"
        )
    return batch.samples_B
