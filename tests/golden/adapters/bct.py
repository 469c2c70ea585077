"""Methods of backward-compatible training against `frlib.compat`: `bct/{l2,bct,...}_*.npz`.

Recorded in float32 by the sources; computed here in float64. The head is the platform's own, with
the recorded class weights. Cross-entropies are capped a sample, as the source's are.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from frlib.compat import advbct, bct, l2, nccl, weakened_l2
from frlib.compat._advbct_term import slope_at
from frlib.compat._classes import class_means, class_radius
from frlib.compat._mixbct_term import replaced_rows
from frlib.compat._nccl_term import contrast, pulls
from frlib.compat._ring import Ring
from frlib.compat._unibct_term import prototype
from frlib.heads.build import build as build_head
from frlib.heads.head import Head
from frlib.heads.presets import arcface
from tests.golden.adapters.quirks import CAP
from tests.golden.case import Arrays, Case
from tests.unit.compat.sides import seen_of, side_of, unit

FOLDER = "bct"
LOSS = {"rtol": 2e-5, "atol": 0.0}
OF_LARGEST = {"logits": 2e-5, "grad": 5e-5, "prototype": 1e-4, "class": 1e-6}


class _Recorded:
    """The arrays of a file, which counts what was looked at."""

    def __init__(self, arrays: Arrays) -> None:
        self._arrays, self._left = arrays, set(arrays)

    def tensor(self, name: str) -> Tensor:
        found = torch.from_numpy(np.array(self._arrays[name]))
        self._left.discard(name)
        return found.double() if found.is_floating_point() else found

    def number(self, name: str) -> float:
        return float(self.tensor(name))

    def leaf(self, name: str) -> Tensor:
        return self.tensor(name).requires_grad_()

    def loss(self, name: str, found: Tensor) -> None:
        self._left.discard(name)
        np.testing.assert_allclose(found.item(), self._arrays[name], **LOSS, err_msg=name)

    def close(self, name: str, found: Tensor | NDArray[Any] | None, kind: str) -> None:
        self._left.discard(name)
        wanted = self._arrays[name]
        got = found.detach().numpy() if isinstance(found, Tensor) else found
        assert got is not None and got.shape == wanted.shape, name
        limit = OF_LARGEST[kind] * np.abs(wanted).max()
        np.testing.assert_allclose(got, wanted, rtol=0, atol=limit, err_msg=name)

    def equal(self, name: str, found: Any) -> None:
        self._left.discard(name)
        np.testing.assert_array_equal(np.asarray(found), self._arrays[name], err_msg=name)

    def finish(self) -> None:
        assert not self._left, f"recorded but not compared: {sorted(self._left)}"


def _head(recorded: _Recorded) -> Head:
    weight_CD = recorded.tensor("W")
    config = arcface.Config(
        scale=recorded.number("s"), margin=recorded.number("m"), form="reference"
    )
    head = build_head(config, *weight_CD.shape, seed=0).double()
    with torch.no_grad():
        head.weight.copy_(weight_CD)
    return head


def _classified(head: Head, emb_bD: Tensor, labels_b: Tensor) -> tuple[Tensor, Tensor]:
    """The loss as the source reports it, and the one it differentiates."""
    losses_b = head(emb_bD, labels_b, epoch=0).losses_B
    return losses_b.clamp(max=CAP).mean(), losses_b.mean()


def _grad(value: Tensor, leaf: Tensor) -> Tensor:
    return torch.autograd.grad(value, leaf, retain_graph=True)[0]


def _l2(recorded: _Recorded) -> None:
    head, labels_b = _head(recorded), recorded.tensor("labels")
    weight = recorded.tensor("loss_weight")[1].item()
    old_bd = unit(recorded.tensor("old_raw"))
    radius = recorded.number("weakenedL2_threshold")
    assert recorded.number("L2_threshold") == 0
    side = side_of(*head.weight.shape)
    terms = {
        "L2": l2.build(l2.Config(weight=weight), side),
        "weakenedL2": weakened_l2.build(weakened_l2.Config(weight=weight, radius=radius), side),
    }
    for name, term in terms.items():
        new_bD = recorded.leaf("new")
        value = term(seen_of(new_bD, old_bd, labels_b, head))["l2"]
        reported, loss = _classified(head, new_bD, labels_b)
        recorded.loss(f"{name}_loss_cls", reported)
        recorded.loss(f"{name}_loss_l2_weighted", value)
        recorded.loss(f"{name}_loss_total", reported + value)
        recorded.close("grad_cls", _grad(loss, new_bD), "grad")
        slope_bD = _grad(value, new_bD)
        half = len(labels_b) // 2
        assert not slope_bD[half : half + 2].any(), "equal rows have slope 0"
        recorded.close(f"{name}_grad_l2_weighted", slope_bD, "grad")
        recorded.close(f"{name}_grad_total", _grad(loss + value, new_bD), "grad")
        recorded.close(f"{name}_grad_W_total", _grad(loss + value, head.weight), "grad")


def _bct(recorded: _Recorded) -> None:
    head, labels_b = _head(recorded), recorded.tensor("labels")
    for name in ("norm", "rawscale"):
        means_Cd = recorded.tensor(f"{name}_prototypes")
        side = side_of(*head.weight.shape, made={"means": means_Cd})
        new_bD = recorded.leaf("new")
        value = bct.build(bct.Config(), side)(
            seen_of(new_bD, torch.zeros_like(new_bD), labels_b, head)
        )["bct"]
        reported, loss = _classified(head, new_bD, labels_b)
        recorded.close(f"{name}_logits_old", unit(new_bD) @ means_Cd.t(), "logits")
        recorded.loss(f"{name}_loss_cls", reported)
        recorded.loss(f"{name}_loss_bct", value)
        recorded.loss(f"{name}_loss_total", reported + value)
        recorded.close("grad_cls", _grad(loss, new_bD), "grad")
        recorded.close(f"{name}_grad_bct", _grad(value, new_bD), "grad")
        recorded.close(f"{name}_grad_total", _grad(loss + value, new_bD), "grad")


def _unibct(recorded: _Recorded) -> None:
    """Class by class; the source's own product is taken of features as they are."""
    new_nD, old_nd = recorded.tensor("new_features"), recorded.tensor("old_features")
    labels_n = recorded.tensor("labels")
    lamb, temper = recorded.number("lamb"), recorded.number("temper")

    def every(variant: str) -> Tensor:
        return torch.stack(
            [
                prototype(
                    new_nD[own], old_nd[own], lamb=lamb, temper=temper, variant=variant, unit=False
                )
                for own in (labels_n == c for c in range(int(labels_n.max()) + 1))
            ]
        )

    for name in ("class_mean", "prototype_asis"):
        recorded.close(name, every("source"), "prototype")
    recorded.close("prototype_rowstochastic", every("rows"), "prototype")


def _nccl_core(recorded: _Recorded) -> None:
    """Logits are given; the ring of the features keeps their order."""
    temp, size = recorded.number("temp"), int(recorded.number("queue_size"))
    ring = Ring(size, recorded.tensor("step0_old_emb").shape[1]).double()
    logits_QC = torch.zeros(size, recorded.tensor("step0_old_logits").shape[1]).double()
    for step in (f"step{number}_" for number in range(3)):
        old_bd, labels_b = recorded.tensor(f"{step}old_emb"), recorded.tensor(f"{step}labels")
        logits_QC[ring.enter(old_bd, labels_b)] = recorded.tensor(f"{step}old_logits")
        pull_bQ = pulls(old_bd, labels_b, ring.features_Qd, ring.labels_Q)
        for name, leaf, other in (
            ("l1", "new_emb", ring.features_Qd),
            ("l2", "new_logits", logits_QC),
        ):
            rows = recorded.leaf(f"{step}{leaf}")
            shown = unit(rows) if name == "l1" else rows
            value = contrast(shown @ other.t() / temp, pull_bQ).mean()
            recorded.loss(f"{step}{name}", value)
            recorded.close(f"{step}grad_{name}_{leaf}", _grad(value, rows), "grad")
        recorded.equal(f"{step}queue_labels", ring.labels_Q)
        recorded.equal(f"{step}queue_head", ring.head)


def _nccl(recorded: _Recorded) -> None:
    head, size = _head(recorded), int(recorded.number("queue_size"))
    config = nccl.Config(
        alpha=recorded.number("alpha"),
        beta=recorded.number("beta"),
        temp=recorded.number("temp"),
        buffer=size,
        variant="source",
        clamped=bool(recorded.number("fp16_branch")),
    )
    term = nccl.build(config, side_of(*head.weight.shape)).double()
    for number in range(3):
        step = f"step{number}_"
        new_bD, labels_b = recorded.leaf(f"{step}new"), recorded.tensor(f"{step}labels")
        seen = seen_of(new_bD, unit(recorded.tensor(f"{step}old_raw")), labels_b, head, step=number)
        slots_b = (int(term.ring.head) + torch.arange(len(labels_b))) % size
        parts = term(seen)
        output = head(new_bD, labels_b, epoch=0)
        limit = 1.0 if config.clamped else torch.inf
        assert output.logits_BC is not None
        recorded.close(f"{step}new_logits", output.logits_BC.clamp(-limit, limit), "logits")
        recorded.close(f"{step}old_logits", term.logits_QC[slots_b], "logits")
        reported, loss = _classified(head, new_bD, labels_b)
        recorded.loss(f"{step}loss_cls", reported)
        recorded.loss(f"{step}loss_l1", parts["nccl_features"] / config.alpha)
        recorded.loss(f"{step}loss_l2", parts["nccl_classes"] / config.beta)
        recorded.equal(f"{step}l2_requires_grad", parts["nccl_classes"].requires_grad)
        total = loss + sum(parts.values())
        recorded.loss(f"{step}loss_total", total)
        recorded.close(f"{step}grad_l1", _grad(parts["nccl_features"], new_bD), "grad")
        recorded.close(f"{step}grad_total", _grad(total, new_bD), "grad")
        recorded.close(f"{step}grad_W_total", _grad(total, head.weight), "grad")
        recorded.equal(f"{step}queue_labels", term.ring.labels_Q)
        recorded.equal(f"{step}queue_head", term.ring.head)
    recorded.close("queue_feat_final", term.ring.features_Qd, "logits")


def _mixbct(recorded: _Recorded) -> None:
    """The rows are those that the source drew; its table is looked up by sample."""
    head, labels_b, rows = _head(recorded), recorded.tensor("labels"), recorded.tensor("index")
    is_old_b = torch.zeros(len(labels_b), dtype=torch.bool)
    is_old_b[recorded.tensor("replaced_rows")] = True
    assert recorded.tensor("credible")[rows][is_old_b].all()
    wanted = int(round(recorded.number("mix_ratio") * len(labels_b), 9))
    recorded.equal("n_replace", wanted)
    assert int(is_old_b.sum()) == wanted
    new_bD = recorded.leaf("new")
    mixed_bD = replaced_rows(new_bD, unit(recorded.tensor("old_table_raw")[rows]), is_old_b)
    recorded.close("mixed_embeddings", mixed_bD, "logits")
    reported, loss = _classified(head, mixed_bD, labels_b)
    recorded.loss("loss", reported)
    slope_bD = _grad(loss, new_bD)
    assert not slope_bD[is_old_b].any()
    recorded.close("grad_new", slope_bD, "grad")
    recorded.close("grad_W", _grad(loss, head.weight), "grad")
    reported, loss = _classified(head, new_bD, labels_b)
    recorded.loss("loss_unmixed", reported)
    recorded.close("grad_new_unmixed", _grad(loss, new_bD), "grad")


def _advbct(recorded: _Recorded) -> None:
    head, labels_b = _head(recorded), recorded.tensor("labels")
    classes = len(head.weight)
    found = class_radius(
        recorded.tensor("meta_features_raw").numpy(), recorded.tensor("meta_labels"), classes
    )
    present = recorded.tensor("meta_present").numpy()
    np.testing.assert_array_equal(found.count_C > 0, present)
    recorded.close("meta_center", found.centre_Cd, "class")
    recorded.close("meta_radius_max", found.radius_C, "class")
    recorded.equal("meta_radius_count", found.count_C)
    epochs, epoch = int(recorded.number("num_epoch")), int(recorded.number("epoch"))
    each = recorded.number("batches_per_epoch")
    progress = (epoch + recorded.number("batch_idx") / each) / epochs
    np.testing.assert_allclose(slope_at(progress), recorded.number("grl_alpha"), rtol=1e-9)
    made = {"centre": "meta_center", "radius": "meta_radius_max", "count": "meta_radius_count"}
    side = side_of(
        *head.weight.shape,
        made={need: recorded.tensor(name) for need, name in made.items()},
        epochs=epochs,
    )
    config = advbct.Config(tau=recorded.number("threshold"))
    term = advbct.build(config, side).double()
    first, norm, _, second, _ = term.discriminator
    with torch.no_grad():
        term.boundary_C.copy_(recorded.tensor("eboundary_weight"))
        for name, layer in (("fc1", first), ("bn", norm), ("fc2", second)):
            layer.weight.copy_(recorded.tensor(f"disc_{name}_w"))
            layer.bias.copy_(recorded.tensor(f"disc_{name}_b"))
    new_bD, old_bd = recorded.leaf("new"), unit(recorded.tensor("old_raw"))
    seen = seen_of(new_bD, old_bd, labels_b, head, epoch=epoch, progress=progress)
    parts = term(seen)
    bound, adversary = parts["advbct_boundary"], parts["advbct_adversary"]
    violated = _grad(bound, seen.unit_bd).any(1)
    recorded.equal("n_violators", int(violated.sum()))
    reported, loss = _classified(head, new_bD, labels_b)
    recorded.loss("loss_cls", reported)
    recorded.loss("loss_p2s", bound)
    recorded.loss("loss_adv", adversary)
    recorded.loss("loss_total", reported + bound + adversary)
    recorded.close("grad_p2s", _grad(bound, new_bD), "grad")
    recorded.close("grad_adv", _grad(adversary, new_bD), "grad")
    recorded.close("grad_total", _grad(loss + bound + adversary, new_bD), "grad")
    recorded.close("grad_eboundary", _grad(bound, term.boundary_C), "grad")
    recorded.close("grad_disc_fc1_w", _grad(adversary, first.weight), "grad")
    recorded.close("grad_disc_fc2_w", _grad(adversary, second.weight), "grad")
    for name, log_b2 in zip(
        ("new", "old"), term.log_probabilities(seen.unit_bd, old_bd), strict=True
    ):
        recorded.close(f"logp_{name}", log_b2, "logits")


def _avg_feature(recorded: _Recorded) -> None:
    labels_n = recorded.tensor("labels")
    found, _ = class_means(
        recorded.tensor("features").numpy(), labels_n, int(labels_n.max()) + 1, "raw"
    )
    recorded.close("avg_feature", found, "class")


_FILES: dict[str, Callable[[_Recorded], None]] = {
    "l2": _l2,
    "bct": _bct,
    "nccl_core": _nccl_core,
    "nccl": _nccl,
    "mixbct": _mixbct,
    "advbct": _advbct,
    "avg_feature": _avg_feature,
    "unibct_prototype": _unibct,
}


def cases(root: Path) -> Iterator[Case]:
    """One case a file; the method is what stands before its last letter, e.g. `nccl_core_a`."""
    for path in sorted((root / FOLDER).glob("*.npz")):
        known = [name for name in _FILES if path.stem.startswith(f"{name}_")]
        if known:
            check = _FILES[max(known, key=len)]
            yield Case(f"{FOLDER}/{path.name}", partial(_run, path, check))


def _run(path: Path, check: Callable[[_Recorded], None]) -> None:
    with np.load(path, allow_pickle=False) as stored:
        recorded = _Recorded({name: stored[name] for name in stored.files})
    check(recorded)
    recorded.finish()
