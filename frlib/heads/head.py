"""A head: embeddings and labels in, loss and decisions out. It executes a composition of slots.

    similarity → relabel → margin on the target → negatives → scale → objective + terms

What needs all classes is asked of `Columns`; everything else are `[B]` numbers in plain autograd.
B batch, D embedding, C classes of this worker, R = C · centres per class.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from frlib.core.errors import ConfigError
from frlib.heads import _unit
from frlib.heads._draw import draw
from frlib.heads.batch import Batch
from frlib.heads.columns import Answer, Columns, Question
from frlib.heads.config import HeadConfig
from frlib.heads.fused import Fused
from frlib.heads.output import Decisions, HeadOutput, Summary
from frlib.heads.reference import Reference
from frlib.heads.sampling import sampled
from frlib.heads.shard import Shard
from frlib.heads.slots import Seen, Slots, Verdict
from frlib.heads.state import Numbers
from frlib.heads.streamed import Streamed
from frlib.heads.survey import Survey
from frlib.parallel.collectives import SINGLE, Group, on_first, summed_gradient

__all__ = ["Decisions", "Head", "HeadOutput"]

_FORMS: dict[str, type[Reference] | type[Fused]] = {"fused": Fused, "reference": Reference}


class Head(nn.Module):
    """Class centres `weight` `[R, D]` (centre k of class c: row c·K + k) and the slots' numbers.

    `generator` draws the centres. `data` are the data-parallel workers, over which statistics are
    taken. `classes` are workers that share out the classes: they all pass the same batch, return
    the same loss and decisions, and their embedding gradients add up to the whole one.

    `trained_rows`: the rows of the weight that took part in the last step, or None for all.
    """

    def __init__(
        self,
        slots: Slots,
        num_classes: int,
        dim: int,
        *,
        generator: torch.Generator,
        config: HeadConfig,
        seed: int = 0,
        num_samples: int = 0,
        classes: Group = SINGLE,
        data: Group = SINGLE,
    ) -> None:
        super().__init__()
        if num_classes < 2 or num_classes < classes.size:
            raise ConfigError(
                f"a head over {num_classes} classes on {classes.size} class workers: at least 2 "
                "classes, and one per worker, are needed. Use more identities or fewer workers"
            )
        self.slots, self.config, self.seed = slots, config, seed
        self.shard, self.data = Shard.of(num_classes, classes), data
        self.trained_rows: Tensor | None = None
        for name, slot in self._named_slots():
            declared = slot.state(num_classes)
            if any(number.per == "sample" for number in declared.values()) and not num_samples:
                raise ConfigError(
                    f"{name} {slot.name!r} remembers every training image, but the head was built "
                    "for 0 of them; pass num_samples"
                )
            self.add_module(name, Numbers(declared, self.shard, num_samples))
        centres = slots.similarity.centres_per_class
        whole_RD = draw(num_classes * centres, dim, slots.similarity.start, generator)
        first = self.shard.first * centres
        self.weight = nn.Parameter(whole_RD[first : first + self.shard.count * centres].clone())

    def forward(
        self,
        emb_BD: Tensor,
        labels_B: Tensor,
        *,
        epoch: int,
        step: int = 0,
        samples_B: Tensor | None = None,
        weights_B: Tensor | None = None,
    ) -> HeadOutput:
        """Loss of a batch. Computed in float32 (float64 stays float64).

        emb_BD: `[B, D]` raw embeddings, any length. labels_B: `[B]` int64, global class numbers.
        epoch and step count from 0; the step decides random draws. samples_B: `[B]` int64, numbers
        of the training images. weights_B: `[B]`, multiply the samples' losses.
        """
        with torch.autocast(emb_BD.device.type, enabled=False):
            emb_BD = _wide(emb_BD)
            shared_BD = on_first(emb_BD, self.shard.group)
            batch = Batch(
                emb_BD=shared_BD,
                norms_B=_unit.lengths(shared_BD),
                given_B=labels_B,
                samples_B=samples_B,
                epoch=epoch,
                step=step,
                seed=self.seed,
                is_training=self.training,
                shard=self.shard,
                data=self.data,
            )
            is_normalised = self.slots.similarity.normalised
            return self._loss(
                _unit.directions(emb_BD) if is_normalised else emb_BD, batch, weights_B
            )

    def _loss(self, emb_BD: Tensor, batch: Batch, weights_B: Tensor | None) -> HeadOutput:
        slots = self.slots
        if batch.is_training:
            with torch.no_grad():
                slots.margin.observe(batch, self.state_of("margin"))
        columns, trained = self._decide(emb_BD, batch)
        labels_B = trained.labels_B
        scale, amounts_B, answer, rows = self._ask(columns, trained, batch)
        own_B = answer.picks[0]
        margined = slots.margin.apply(own_B, amounts_B)
        target_B = scale * slots.negatives.target(own_B, margined, *rows)
        losses_B = slots.objective.loss(
            target_B, answer.negatives_B, answer.top_B, scale, self.state_of("objective")
        )
        verdict = trained.verdict
        if verdict is not None and verdict.keep_B is not None:
            losses_B = losses_B + (1 - verdict.keep_B) * (target_B - answer.others[0])
        if verdict is not None and verdict.weights_B is not None:
            weights_B = verdict.weights_B if weights_B is None else weights_B * verdict.weights_B
        rival_B = answer.picks[1] if trained.rival_B is not None else None
        seen = Seen(labels_B, own_B, margined, rival_B, self.state_of("margin"))
        losses_B = losses_B if weights_B is None else losses_B * weights_B
        ce = losses_B.mean()
        extra = {}
        for term in slots.terms:
            value = term.loss(seen, batch, self.state_of(f"term_{term.term}"))
            if value.dim() and weights_B is not None:
                value = value * weights_B
            losses_B = losses_B + value
            extra[term.term] = value.mean()
        summary = Summary(
            target_B.detach(),
            answer.negatives_B.detach(),
            None if answer.top_B is None else answer.top_B.detach(),
        )
        return HeadOutput(
            loss=losses_B.mean(),
            losses_B=losses_B,
            ce=ce,
            extra=extra,
            labels_B=labels_B,
            decisions=None if verdict is None else verdict.decisions,
            summary=summary,
            classes_C=columns.classes_C,
            logits_BC=columns.logits(labels_B, target_B),
        )

    @torch.no_grad()
    def _decide(self, emb_BD: Tensor, batch: Batch) -> "tuple[Columns, _Trained]":
        """The columns of this step and the labels to train on."""
        slots, config, given_B = self.slots, self.config, batch.given_B
        wants_rivals = any(t.wants_rivals and t.is_on(batch.epoch) for t in slots.terms)
        if not slots.relabel.is_on(batch.epoch):
            columns = self._columns(emb_BD, given_B, batch)
            if wants_rivals:
                return columns, _Trained.of(columns.survey(given_B), None)
            return columns, _Trained(given_B, columns.at(given_B), None, None, None)
        streams = config.logits != "float32" or (
            config.sample_rate < 1 and config.detect_over == "all"
        )
        if streams:
            looker: Any = Streamed(emb_BD, _wide(self.weight), slots.similarity, self.shard)
        else:
            looker = columns = self._columns(emb_BD, given_B, batch)
        survey = looker.survey(given_B, depth=2 if wants_rivals else 1)
        amounts_B = slots.margin.amounts(batch, survey.own_B, given_B, self.state_of("margin"))
        verdict = slots.relabel.decide(
            looker, survey, slots.margin, amounts_B, batch, self.state_of("relabel")
        )
        labels_B = torch.where(verdict.is_moved_B, verdict.rival_B, given_B)
        if streams:
            others = () if verdict.other_B is None else (verdict.other_B,)
            columns = self._columns(emb_BD, torch.cat([given_B, labels_B, *others]), batch)
        is_first = verdict.rival_B is survey.first_class_B
        if is_first and (columns.is_whole or not streams):
            moved = survey.moved(verdict.is_moved_B)
            return columns, _Trained.of(moved, verdict)
        return columns, _Trained.of(columns.survey(labels_B), verdict)

    @torch.enable_grad()
    def _columns(self, emb_BD: Tensor, positives_n: Tensor, batch: Batch) -> Columns:
        shard, similarity = self.shard, self.slots.similarity
        weight_RD = _wide(self.weight)
        self.trained_rows = None
        is_whole = self.config.sample_rate == 1
        if is_whole:
            last = shard.first + shard.count
            classes_C = torch.arange(shard.first, last, device=positives_n.device)
        else:
            every_n = self.data.all_gather(positives_n)
            classes_C = sampled(
                every_n, self.config.sample_rate, shard, seed=self.seed, step=batch.step
            )
            centres = similarity.centres_per_class
            offsets = torch.arange(centres, device=classes_C.device)
            first_R = (classes_C - shard.first) * centres
            self.trained_rows = (first_R[:, None] + offsets).flatten()
            weight_RD = weight_RD.index_select(0, self.trained_rows)
        dtype = emb_BD.dtype if self.config.logits == "float32" else torch.bfloat16
        return _FORMS[self.config.form](
            emb_BD, weight_RD, similarity, shard, classes_C, is_whole, dtype
        )

    def _ask(
        self, columns: Columns, trained: "_Trained", batch: Batch
    ) -> tuple[Tensor | float, Tensor | None, Answer, tuple[Tensor, ...]]:
        slots, labels_B, own_B = self.slots, trained.labels_B, trained.own_B
        amounts_B = slots.margin.amounts(batch, own_B, labels_B, self.state_of("margin"))
        with torch.no_grad():
            known = slots.margin.apply(own_B, None if amounts_B is None else amounts_B.detach())
            state = self.state_of("negatives")
            rows = slots.negatives.rows(columns, labels_B, own_B, known, batch, state)
            scale = slots.scale.now(columns, labels_B, own_B, batch, self.state_of("scale"))
        picks = [(labels_B, own_B)]
        if trained.rival_B is not None and trained.rival_class_B is not None:
            picks.append((trained.rival_class_B, trained.rival_B))
        verdict = trained.verdict
        mixed = verdict is not None and verdict.other_B is not None
        question = Question(
            labels_B=labels_B,
            picks=tuple(picks),
            negatives=slots.negatives,
            rows=rows,
            scale=scale,
            reduction=slots.objective.reduction,
            others=(verdict.other_B,) if mixed else (),
            want_top=slots.objective.wants_top,
        )
        offset = slots.objective.offset(self.state_of("objective"))
        if offset is not None:
            offset = summed_gradient(offset, self.shard.group)
        return scale, amounts_B, columns.answer(question, offset), rows

    def state_of(self, name: str) -> Numbers:
        """The numbers of a slot: `scale`, `margin`, `negatives`, `relabel`, `objective`, `term_*`."""
        numbers = self.get_submodule(name)
        assert isinstance(numbers, Numbers)
        return numbers

    def _named_slots(self) -> "list[tuple[str, Any]]":
        slots = self.slots
        usual = [(n, getattr(slots, n)) for n in ("scale", "margin", "negatives", "relabel")]
        terms = [(f"term_{term.term}", term) for term in slots.terms]
        return [*usual, ("objective", slots.objective), *terms]


@dataclass(frozen=True)
class _Trained:
    """Labels to train on and what is known at them, `[B]`, detached; the rival where known."""

    labels_B: Tensor
    own_B: Tensor
    rival_B: Tensor | None
    rival_class_B: Tensor | None
    verdict: Verdict | None

    @classmethod
    def of(cls, survey: Survey, verdict: Verdict | None) -> "_Trained":
        return cls(survey.labels_B, survey.own_B, survey.first_B, survey.first_class_B, verdict)


def _wide(values: Tensor) -> Tensor:
    return values if values.dtype == torch.float64 else values.float()
