"""Heads in training: the same however they are computed and however classes are shared out.

What is compared with is the reference form on one worker. B batch, C classes, D embedding.
"""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from frlib.core.config import with_path
from frlib.heads.config import HeadConfig
from frlib.heads.head import Head
from frlib.heads.layout import Layout, load_whole, whole_state
from frlib.heads.output import Decisions
from frlib.heads.slots import Slots
from frlib.parallel.collectives import SINGLE, Group
from frlib.testing.stand_ins import same
from frlib.testing.workers import together

CLASSES, DIM, BATCH, LATE = 11, 5, 9, 50
Joining = Literal["same", "sum", "cat"]
Outcome = dict[tuple[str, Joining], Tensor]
Maker = Callable[..., Head]


def maker(slots: Slots, config: HeadConfig) -> Maker:
    """Builds that head, in float64 unless told otherwise: `make(group, form="fused")`."""

    def make(
        group: Group = SINGLE, *, form: str = "reference", dtype: torch.dtype = torch.float64
    ) -> Head:
        return Head(
            slots,
            CLASSES,
            DIM,
            generator=torch.Generator().manual_seed(5),
            config=with_path(config, "form", form),
            seed=3,
            num_samples=BATCH,
            classes=group,
        ).to(dtype)

    return make


def finite(make: Maker) -> None:
    """Loss and gradients where cosines are 0, ±1 or undefined, in both types and forms."""
    for dtype in (torch.float32, torch.float64):
        for form in ("reference", "fused"):
            head, axes = make(form=form, dtype=dtype), torch.eye(DIM, dtype=dtype)
            with torch.no_grad():
                head.weight.copy_(0.3 * axes[torch.arange(len(head.weight)) % DIM])
                head.weight[-1] = 0
            emb_BD = torch.cat([7 * axes, -axes, 0 * axes]).requires_grad_()
            labels_B = torch.zeros(len(emb_BD), dtype=torch.int64)
            samples_B = torch.arange(len(emb_BD)) % BATCH
            output = head(emb_BD, labels_B, epoch=LATE, samples_B=samples_B)
            output.loss.backward()
            for (name, _), value in _results(head, output.losses_B, emb_BD).items():
                bad = (~value.isfinite()).sum().item()
                assert not bad, (
                    f"{name}: {bad} numbers not finite at cosines 0, ±1, {form}, {dtype}"
                )


def evaluates(make: Maker) -> None:
    """In evaluation nothing moves, and nothing that is passed in is changed."""
    for form in ("reference", "fused"):
        head = make(form=form).eval()
        emb_BD, labels_B = _batch(0, head)
        before = {name: value.clone() for name, value in head.state_dict().items()}
        given_BD, given_B = emb_BD.clone(), labels_B.clone()
        head(emb_BD, labels_B, epoch=LATE, samples_B=torch.arange(BATCH))
        for name, value in head.state_dict().items():
            same(value, before[name], f"{name} after a pass in evaluation")
        assert torch.equal(emb_BD, given_BD), "the embeddings were changed in place"
        assert torch.equal(labels_B, given_B), "the labels were changed in place"


def crosses(make: Maker) -> None:
    """Fused as reference, two workers as one: losses, gradients, decisions, state."""
    wanted = _train(make(), 3)
    for form, size in (("fused", 1), ("fused", 2)):

        def work(group: Group, form: str = form) -> Outcome:
            return _train(make(group, form=form), 3)

        found = _joined(together(size, work))
        where = f"{form} form on {size} worker{'s' * (size > 1)}"
        assert found.keys() == wanted.keys(), f"{where}: {sorted(found.keys() ^ wanted.keys())}"
        for key, value in wanted.items():
            same(found[key], value, f"{key[0]}, {where}", rtol=1e-7, atol=1e-9)


def reshards(make: Maker) -> None:
    """Trained on two workers, stored whole, it goes on alike on one and on three."""

    def begin(group: Group) -> dict[str, Tensor]:
        head = make(group, form="fused")
        _train(head, 2)
        return whole_state(head)

    def go_on(group: Group) -> Outcome:
        head = make(group, form="fused")
        load_whole(head, state)
        for name, value in whole_state(head).items():
            same(value, state[name], f"{name}, stored and loaded")
        return _train(head, 1, first=2)

    state = together(2, begin)[0]
    wanted = go_on(SINGLE)
    found = _joined(together(3, go_on))
    for key, value in wanted.items():
        same(found[key], value, f"{key[0]}, on three workers", rtol=1e-9, atol=1e-11)


def _train(head: Head, steps: int, first: int = 0) -> Outcome:
    """What came out of some steps, and the whole state after them."""
    found: Outcome = {}
    for step in range(first, first + steps):
        emb_BD, labels_B = _batch(step, head)
        emb_BD.requires_grad_()
        head.zero_grad()
        output = head(emb_BD, labels_B, epoch=LATE, step=step, samples_B=torch.arange(BATCH))
        output.loss.backward()
        results = _results(head, output.losses_B, emb_BD) | _decisions(output.decisions)
        results |= {("labels", "same"): output.labels_B, ("classes", "cat"): output.classes_C}
        found |= {(f"{name} of step {step}", how): v for (name, how), v in results.items()}
        with torch.no_grad():
            for parameter in head.parameters():
                if parameter.grad is not None:
                    parameter.sub_(0.2 * parameter.grad)
    return found | {(f"{name} at the end", "same"): v for name, v in whole_state(head).items()}


def _batch(step: int, head: Head) -> tuple[Tensor, Tensor]:
    """Random embeddings, and in every second step such that lie nearer to another class."""
    draw = torch.Generator().manual_seed(step)
    emb_BD = 3 * torch.randn(BATCH, DIM, generator=draw, dtype=torch.float64)
    labels_B = torch.randint(CLASSES, (BATCH,), generator=draw)
    if step % 2:
        each = head.slots.similarity.centres_per_class
        weight_RD = whole_state(head)["weight"]
        aims_BD = torch.nn.functional.normalize(weight_RD[each * ((labels_B + 1) % CLASSES)])
        emb_BD = 30 * aims_BD + 0.3 * emb_BD
    return emb_BD, labels_B


def _results(head: Head, losses_B: Tensor, emb_BD: Tensor) -> Outcome:
    assert emb_BD.grad is not None
    found: Outcome = {("losses", "same"): losses_B.detach()}
    found["gradient of embeddings", "sum"] = emb_BD.grad
    rows = Layout.of(head).rows
    for name, parameter in head.named_parameters():
        if parameter.grad is not None:
            how: Joining = "cat" if name in rows else "same"
            found[f"gradient of {name}", how] = parameter.grad.clone()
    return found


def _decisions(decisions: Decisions | None) -> Outcome:
    if decisions is None:
        return {}
    names = ("position", "given label", "proposed label", "score")
    flagged = zip(names, decisions.flagged(), strict=True)
    return {(f"{name} of flagged samples", "same"): value for name, value in flagged}


def _joined(parts: list[Outcome]) -> Outcome:
    """Of all workers, each value as its key says."""
    whole: Outcome = {}
    for key in parts[0]:
        values = [part[key] for part in parts]
        if key[1] == "sum":
            whole[key] = torch.stack(values).sum(0)
        elif key[1] == "cat":
            whole[key] = torch.cat(values)
        else:
            for rank, value in enumerate(values):
                same(value, values[0], f"{key[0]}, worker {rank} against the first")
            whole[key] = values[0]
    return whole
