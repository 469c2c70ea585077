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
from frlib.heads._door import require
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
from frlib.heads.survey import Standing
from frlib.parallel.collectives import SINGLE, Group, on_first, summed_gradient

__all__ = ["Decisions", "Head", "HeadOutput"]


@dataclass(frozen=True, eq=False)
class MovedRows:
    """Rows `[n]` of a parameter that a step moves. gradient: theirs, if not in the parameter's."""

    parameter: nn.Parameter
    rows: Tensor
    gradient: Tensor | None = None


_FORMS: dict[str, type[Reference] | type[Fused]] = {"fused": Fused, "reference": Reference}


class Head(nn.Module):
    """Class centres `weight` `[R, D]` (centre k of class c: row c·K + k) and the slots' numbers.

    `generator` draws the centres. `data` are the data-parallel workers, over which statistics are
    taken. `classes` are workers that share out the classes: they all pass the same batch, return
    the same loss and decisions, and their embedding gradients add up to the whole one.

    `trained_classes`: places of this worker's classes that took part in the last training step, or
    None for all. `draws_apart`: where classes are sampled, their centres are copied out and take
    the gradient instead of `weight`, which then gets none: nothing of its size is made, and it may
    lie in host memory. Not for centres whose gradients are averaged over workers.
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
        self.num_samples = num_samples
        self.shard, self.data = Shard.of(num_classes, classes), data
        self.trained_classes: Tensor | None = None
        self.draws_apart = False
        self._drawn_RD: Tensor | None = None
        for name, slot in self._named_slots():
            declared = slot.state(num_classes)
            if any(number.per == "sample" for number in declared.values()) and num_samples < 1:
                raise ConfigError(
                    f"{name} {slot.name!r} remembers every training image, but the head was built "
                    f"for {num_samples} of them; pass num_samples"
                )
            self.add_module(name, Numbers(declared, self.shard, num_samples))
        centres = slots.similarity.centres_per_class
        first, count = self.shard.first * centres, self.shard.count * centres
        rule = slots.similarity.start
        self.weight = nn.Parameter(draw(num_classes * centres, dim, rule, generator, first, count))

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
        """Loss of a batch. Computed in float32 (float64 stays float64). `DataError` on bad input.

        emb_BD: `[B, D]` raw embeddings, any length. labels_B: `[B]` int64, global class numbers.
        epoch and step count from 0; the step decides random draws. samples_B: `[B]` int64, numbers
        of the training images. weights_B: `[B]`, multiply the samples' losses. In evaluation mode
        all classes take part and nothing moves.
        """
        with torch.autocast(emb_BD.device.type, enabled=False):
            require(
                emb_BD,
                labels_B,
                samples_B,
                weights_B,
                dim=self.weight.shape[1],
                num_classes=self.shard.num_classes,
                num_samples=self.num_samples,
            )
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
            run = self._loss if self.config.form == "reference" else self._loss_as_it_is
            return run(_unit.directions(emb_BD) if is_normalised else emb_BD, batch, weights_B)

    @torch.compiler.disable
    def _loss_as_it_is(self, emb_BD: Tensor, batch: Batch, weights_B: Tensor | None) -> HeadOutput:
        """The fused form schedules its own blocks: `torch.compile` goes around it."""
        return self._loss(emb_BD, batch, weights_B)

    def _loss(self, emb_BD: Tensor, batch: Batch, weights_B: Tensor | None) -> HeadOutput:
        slots = self.slots
        if batch.is_training:
            with torch.no_grad():
                slots.margin.observe(batch, self.state_of("margin"))
        columns, at, verdict = self._decide(emb_BD, batch)
        scale, amounts_B, rows = self._prepare(columns, at, batch)
        answer = self._ask(columns, at, verdict, scale, rows)
        own_B = answer.picks[0]
        margined = slots.margin.apply(own_B, amounts_B)
        target_B = scale * slots.negatives.target(own_B, margined, *rows)
        losses_B = slots.objective.loss(
            target_B, answer.negatives_B, answer.top_B, scale, self.state_of("objective")
        )
        if verdict is not None and verdict.keep_B is not None:
            losses_B = losses_B + (1 - verdict.keep_B) * (target_B - answer.others[0])
        weights_B = _product(weights_B, None if verdict is None else verdict.weights_B)
        losses_B = losses_B if weights_B is None else losses_B * weights_B
        ce, extra = losses_B.mean(), {}
        rival_B = None if at.rival_B is None else answer.picks[1]
        seen = Seen(at.labels_B, own_B, margined, rival_B, self.state_of("margin"))
        for term in slots.terms:
            value = term.loss(seen, batch, self.state_of(f"term_{term.term}"))
            if value.dim() and weights_B is not None:
                value = value * weights_B
            losses_B = losses_B + value
            extra[term.term] = value.mean()
        top_B = None if answer.top_B is None else answer.top_B.detach()
        return HeadOutput(
            loss=losses_B.mean(),
            losses_B=losses_B,
            ce=ce,
            extra=extra,
            labels_B=at.labels_B,
            decisions=None if verdict is None else verdict.decisions,
            summary=Summary(target_B.detach(), answer.negatives_B.detach(), top_B),
            classes_C=columns.classes_C,
            logits_BC=columns.logits(at.labels_B, target_B),
        )

    @torch.no_grad()
    def _decide(self, emb_BD: Tensor, batch: Batch) -> tuple[Columns, Standing, Verdict | None]:
        """The columns of this step, the labels to train on, and why."""
        slots, config, given_B = self.slots, self.config, batch.given_B
        wants_rivals = any(t.wants_rivals and t.is_on(batch.epoch) for t in slots.terms)
        if not slots.relabel.is_on(batch.epoch):
            columns = self._columns(emb_BD, given_B, batch)
            if wants_rivals:
                return columns, columns.survey(given_B).unmoved(), None
            return columns, Standing(given_B, columns.at(given_B)), None
        is_sampled = self._samples(batch)
        streams = config.logits != "float32" or (is_sampled and config.detect_over == "all")
        looker: Streamed | Columns
        if streams:
            looker = Streamed(emb_BD, _wide(self.weight), slots.similarity, self.shard)
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
        if verdict.is_first and not (streams and is_sampled):
            return columns, survey.moved(verdict.is_moved_B), verdict
        if wants_rivals:
            return columns, columns.survey(labels_B).unmoved(), verdict
        return columns, Standing(labels_B, columns.at(labels_B)), verdict

    @torch.enable_grad()
    def _columns(self, emb_BD: Tensor, positives_n: Tensor, batch: Batch) -> Columns:
        shard, similarity, config = self.shard, self.slots.similarity, self.config
        if batch.is_training:
            self.trained_classes = self._drawn_RD = None
        is_whole = not self._samples(batch)
        if is_whole:
            weight_RD = _wide(self.weight)
            last = shard.first + shard.count
            classes_C = torch.arange(shard.first, last, device=positives_n.device)
        else:
            every_n = self.data.all_gather(positives_n)
            classes_C = sampled(every_n, config.sample_rate, shard, seed=self.seed, step=batch.step)
            centres = similarity.centres_per_class
            self.trained_classes = classes_C - shard.first
            weight_RD = self._centres(_rows(self.trained_classes, centres), emb_BD.device)
        dtype = emb_BD.dtype if config.logits == "float32" else torch.bfloat16
        form = _FORMS[config.form]
        return form(emb_BD, weight_RD, similarity, shard, classes_C, is_whole, dtype)

    def _prepare(
        self, columns: Columns, at: Standing, batch: Batch
    ) -> tuple[Tensor, Tensor | None, tuple[Tensor, ...]]:
        """Scale, the margin's amounts (differentiable), and the constants of the bend."""
        slots = self.slots
        amounts_B = slots.margin.amounts(batch, at.own_B, at.labels_B, self.state_of("margin"))
        with torch.no_grad():
            known = slots.margin.apply(at.own_B, None if amounts_B is None else amounts_B.detach())
            state = self.state_of("negatives")
            rows = slots.negatives.rows(columns, at.labels_B, at.own_B, known, batch, state)
            state = self.state_of("scale")
            scale = slots.scale.now(columns, at.labels_B, at.own_B, batch, state)
        return scale, amounts_B, rows

    def _ask(
        self,
        columns: Columns,
        at: Standing,
        verdict: Verdict | None,
        scale: Tensor,
        rows: tuple[Tensor, ...],
    ) -> Answer:
        slots = self.slots
        picks = [(at.labels_B, at.own_B)]
        if at.rival_B is not None and at.rival_class_B is not None:
            picks.append((at.rival_class_B, at.rival_B))
        other_B = None if verdict is None else verdict.other_B
        question = Question(
            labels_B=at.labels_B,
            picks=tuple(picks),
            negatives=slots.negatives,
            rows=rows,
            scale=scale,
            reduction=slots.objective.reduction,
            others=() if other_B is None else (other_B,),
            want_top=slots.objective.wants_top,
        )
        offset = slots.objective.offset(self.state_of("objective"))
        if offset is not None:
            offset = summed_gradient(offset, self.shard.group)
        return columns.answer(question, offset)

    def _centres(self, rows_R: Tensor, device: torch.device) -> Tensor:
        """Rows of the weight on a device, differentiable."""
        if not (self.draws_apart and self.config.frozen_rows):
            return _wide(self.weight).index_select(0, rows_R)
        drawn_RD = self.weight.detach().index_select(0, rows_R.to(self.weight.device))
        self._drawn_RD = _wide(drawn_RD.to(device)).requires_grad_(self.weight.requires_grad)
        return self._drawn_RD

    def moved_rows(self) -> list[MovedRows]:
        """What an optimiser step must leave alone but for some rows.

        The centres, and learned numbers per class; empty where every class took part. A gradient
        that is apart is handed over: asking again finds none.
        """
        classes_C = self.trained_classes
        if classes_C is None or not self.config.frozen_rows:
            return []
        rows_R = _rows(classes_C, self.slots.similarity.centres_per_class)
        gradient = None if self._drawn_RD is None else self._drawn_RD.grad
        self._drawn_RD = None
        per_class = [
            MovedRows(value, classes_C)
            for name, _ in self._named_slots()
            for value in self.state_of(name).per_class().values()
            if isinstance(value, nn.Parameter)
        ]
        return [MovedRows(self.weight, rows_R, gradient), *per_class]

    def _samples(self, batch: Batch) -> bool:
        return self.config.sample_rate < 1 and batch.is_training

    def state_of(self, name: str) -> Numbers:
        """A slot's numbers: `scale`, `margin`, `negatives`, `relabel`, `objective`, `term_*`."""
        numbers = self.get_submodule(name)
        assert isinstance(numbers, Numbers)
        return numbers

    def _named_slots(self) -> "list[tuple[str, Any]]":
        slots = self.slots
        usual = [(n, getattr(slots, n)) for n in ("scale", "margin", "negatives", "relabel")]
        terms = [(f"term_{term.term}", term) for term in slots.terms]
        return [*usual, ("objective", slots.objective), *terms]


def _product(one_B: Tensor | None, other_B: Tensor | None) -> Tensor | None:
    if one_B is None or other_B is None:
        return other_B if one_B is None else one_B
    return one_B * other_B


def _rows(classes_C: Tensor, centres: int) -> Tensor:
    offsets_K = torch.arange(centres, device=classes_C.device)
    return (classes_C[:, None] * centres + offsets_K).flatten()


def _wide(values: Tensor) -> Tensor:
    return values if values.dtype == torch.float64 else values.float()
