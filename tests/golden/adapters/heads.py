"""Heads: one forward and backward pass against recorded logits, losses, gradients, decisions.

Every file is checked with both forms, plain autograd and fused; the fused one has no logits.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from frlib.core.config import Config
from frlib.heads import head as head_module
from frlib.heads.batch import Batch
from frlib.heads.config import HeadConfig
from frlib.heads.head import Head, HeadOutput
from frlib.heads.margins import (
    adaptive,
    arc,
    circle,
    combined,
    cos,
    exp,
    learned,
    magnitude,
    sphere,
)
from frlib.heads.margins import none as no_margin
from frlib.heads.negatives import (
    arcneg,
    curricular,
    interclass_filter,
    mv_adaptive,
    mv_fixed,
    npc,
    shrunk,
)
from frlib.heads.negatives import circle as circle_negatives
from frlib.heads.negatives import none as plain
from frlib.heads.objectives import cross_entropy, noise_resistant, unified
from frlib.heads.relabel import boundary
from frlib.heads.relabel import none as as_given
from frlib.heads.scales import adaptive as adaptive_scale
from frlib.heads.scales import fixed
from frlib.heads.shard import Shard
from frlib.heads.similarity import cosine, dot, subcenter
from frlib.heads.slots import Slots
from frlib.heads.terms import boundary_gap, dispersion, margin_reward
from frlib.heads.terms import magnitude as magnitude_term
from frlib.parallel.collectives import SINGLE
from frlib.testing.workers import ThreadGroup, together
from tests.golden.adapters.bag import check_mining
from tests.golden.adapters.denoise import check_confidence
from tests.golden.adapters.quirks import CAP, Clamped, ClampedSphere, Drawn
from tests.golden.case import Arrays, Check

Hyper = dict[str, Any]

FORMS = ("reference", "fused")
INPUTS = {"embeddings", "weight", "labels", "epoch"}


def _slots(s: float, **chosen: Any) -> Slots:
    usual: dict[str, Any] = {
        "scale": fixed.Config(scale=s),
        "similarity": cosine.Config(),
        "margin": no_margin.Config(),
        "negatives": plain.Config(),
        "relabel": as_given.Config(),
        "objective": cross_entropy.Config(),
    }
    return Slots(**(usual | chosen))


def _softmax(hyper: Hyper) -> Slots:
    return _slots(1.0, similarity=dot.Config())


def _normface(hyper: Hyper) -> Slots:
    return _slots(hyper["s"])


def _combined_insightface(hyper: Hyper) -> Slots:
    """The source's class: any m3 > 0 silences m1 and m2; the angular margin has slope 1."""
    margin: Config
    threshold = hyper.get("interclass_filtering_threshold", 0)
    negatives = interclass_filter.Config(threshold=threshold) if threshold > 0 else plain.Config()
    if hyper["m3"] > 0:
        margin = cos.Config(margin=hyper["m3"])
    elif hyper["m1"] == 1:
        margin = arc.Config(margin=hyper["m2"], fallback="none", margin_grad="detached")
    else:
        raise AssertionError(f"the source rejects m1={hyper['m1']} with m3=0: no values to compare")
    return _slots(hyper["s"], margin=margin, negatives=negatives)


def _am_facexzoo(hyper: Hyper) -> Slots:
    return _slots(hyper["scale"], margin=cos.Config(margin=hyper["margin"]))


def _fallback(hyper: Hyper) -> str:
    return "easy" if hyper.get("easy_margin", False) else "hard"


def _hard_arc(hyper: Hyper) -> arc.Config:
    return arc.Config(margin=hyper["m"], fallback=_fallback(hyper))


def _arc_boundaryface(hyper: Hyper) -> Slots:
    return _slots(hyper["s"], margin=_hard_arc(hyper))


def _arc_facexzoo(hyper: Hyper) -> Slots:
    margin = arc.Config(
        margin=hyper["margin_arc"], fallback="add", fallback_margin=hyper["margin_am"]
    )
    return _slots(hyper["scale"], margin=margin)


def _mv_arc_fixed(hyper: Hyper) -> Slots:
    negatives = mv_fixed.Config(t_weight=hyper["t"])
    return _slots(hyper["s"], margin=_hard_arc(hyper), negatives=negatives)


def _curricular(hyper: Hyper) -> Slots:
    return _slots(hyper["s"], margin=_hard_arc(hyper), negatives=curricular.Config())


def _boundaryf1(hyper: Hyper) -> Slots:
    rule = boundary.Config(first_corrected_epoch=hyper["epoch_start"] + 1)
    return _slots(hyper["s"], margin=_hard_arc(hyper), relabel=rule)


def _boundaryface(hyper: Hyper) -> Slots:
    start = hyper["epoch_start"] + 1
    return _slots(
        hyper["s"],
        margin=_hard_arc(hyper),
        relabel=boundary.Config(first_corrected_epoch=start),
        terms=(boundary_gap.Config(lam=hyper.get("lambda", np.pi), first_corrected_epoch=start),),
    )


def _subcenter(hyper: Hyper) -> Slots:
    margin = combined.Config(
        angle_factor=hyper["m1"], margin=hyper["m2"], cos_margin=hyper["m3"], fallback="none"
    )
    return _slots(hyper["s"], similarity=subcenter.Config(loss_k=hyper["loss_K"]), margin=margin)


def _sphere_opensphere(hyper: Hyper) -> Slots:
    """On directions (see `_sphere_r`); every cosine is clamped, with slope 1."""
    return _slots(
        hyper["s"],
        similarity=dot.Config(),
        margin=ClampedSphere(margin=hyper["m"]),
        negatives=Clamped(eps=1e-5, keeps_slope=True),
    )


def _sphere_expface(hyper: Hyper) -> Slots:
    return _slots(hyper["s"], margin=sphere.Config(margin=hyper["m"]))


def _sphere_v2(hyper: Hyper) -> Slots:
    return _slots(hyper["s"], negatives=shrunk.Config(margin=hyper["m"]))


def _mv_adaptive(hyper: Hyper) -> Slots:
    margin = (
        cos.Config(margin=hyper["margin"], easy=True)
        if hyper["is_am"]
        else arc.Config(margin=hyper["margin"], fallback="easy")
    )
    negatives = mv_adaptive.Config(mv_weight=hyper["mv_weight"])
    return _slots(hyper["scale"], margin=margin, negatives=negatives)


def _expface(hyper: Hyper) -> Slots:
    return _slots(hyper["s"], margin=exp.Config(margin=hyper["m"]))


def _magface(hyper: Hyper) -> Slots:
    """FaceX-Zoo falls back to the cosine less margin_am, MagFace's own code to easy or hard."""
    lengths = {"l_a": hyper["l_a"], "u_a": hyper["u_a"]}
    assert hyper.get("margin_am", 0) == 0, "no recorded case has another fallback"
    own = "easy" if hyper.get("easy_margin") else "hard"
    margin = magnitude.Config(
        **lengths,
        l_margin=hyper["l_margin"],
        u_margin=hyper["u_margin"],
        fallback="add" if "margin_am" in hyper else own,
    )
    lam = hyper.get("lambda_g", hyper.get("lamda"))
    term = magnitude_term.Config(**lengths, lam=lam)
    return _slots(hyper.get("s", hyper.get("scale")), margin=margin, terms=(term,))


def _adaface(hyper: Hyper) -> Slots:
    return _slots(
        hyper["s"],
        margin=adaptive.Config(
            margin=hyper["m"], concentration=hyper["h"], ema_rate=hyper["t_alpha"]
        ),
        negatives=Clamped(eps=1e-3),
    )


def _adaface_cvlface(hyper: Hyper) -> Slots:
    margin = adaptive.Config(
        margin=hyper["m"],
        concentration=hyper["h"],
        ema_rate=hyper["t_alpha"],
        edge=0.0,
        margin_grad="detached",
    )
    return _slots(hyper["s"], margin=margin)


def _uniface(hyper: Hyper) -> Slots:
    return _slots(
        hyper["s"],
        margin=cos.Config(margin=hyper["m"]),
        objective=unified.Config(negative_weight=hyper["l"]),
    )


def _npcface(hyper: Hyper) -> Slots:
    margin = arc.Config(margin=hyper["margin"], fallback="none")
    return _slots(hyper["scale"], margin=margin, negatives=npc.Config())


def _circle(hyper: Hyper) -> Slots:
    return _slots(
        hyper["gamma"],
        margin=circle.Config(margin=hyper["margin"]),
        negatives=circle_negatives.Config(margin=hyper["margin"]),
    )


def _adam(hyper: Hyper) -> Slots:
    reward = margin_reward.Config(lam=hyper["lamda"])
    return _slots(hyper["scale"], margin=learned.Config(), terms=(reward,))


def _adacos(hyper: Hyper) -> Slots:
    return _slots(1.0, scale=adaptive_scale.Config())


def _arcneg(hyper: Hyper) -> Slots:
    margin = arc.Config(margin=hyper["margin"])
    return _slots(hyper["scale"], margin=margin, negatives=arcneg.Config())


def _nr_slots(hyper: Hyper) -> Slots:
    return _slots(
        hyper["s"],
        margin=arc.Config(margin=hyper["m"]),
        objective=noise_resistant.Config(beta=hyper["noise_beta"]),
    )


def _check(compose: Callable[[Hyper], Slots]) -> Check:
    def check(arrays: Arrays, meta: dict[str, Any]) -> None:
        for form in FORMS:
            _compare(compose(meta["hyper"]), arrays, meta["hyper"], form)

    return check


def _sphere_r(arrays: Arrays, meta: dict[str, Any]) -> None:
    """The source overwrites its weight with directions, whose gradient has no projection."""
    weight = arrays["weight"].astype(np.float64)
    unit = weight / np.linalg.norm(weight, axis=1, keepdims=True)
    for form in FORMS:
        slots = _sphere_opensphere(meta["hyper"])
        _compare(slots, {**arrays, "weight": unit}, meta["hyper"], form, on_directions=True)


def _elastic(arrays: Arrays, meta: dict[str, Any]) -> None:
    hyper = meta["hyper"]
    margin = Drawn(kind=hyper["family"], plus=hyper["plus"], drawn=tuple(arrays["margins_drawn"]))
    left = {name: values for name, values in arrays.items() if name != "margins_drawn"}
    for form in FORMS:
        _compare(_slots(hyper["s"], margin=margin), left, hyper, form)


def _nr(arrays: Arrays, meta: dict[str, Any]) -> None:
    """Means over the batch; the source's own scalings of the sum are arithmetic on the total."""
    check_confidence(arrays, meta)
    hyper, done = meta["hyper"], {"max_prob", "label_prob", "noise_flag"}
    left = {name: values for name, values in arrays.items() if name not in done}
    for form in FORMS:
        _compare(_nr_slots(hyper), left, hyper, form)


def _dispersion(arrays: Arrays, meta: dict[str, Any]) -> None:
    check_mining(arrays, meta)
    hyper = meta["hyper"]
    emb_BD = torch.tensor(arrays["embeddings"], dtype=torch.float64, requires_grad=True)
    labels_B = torch.arange(len(emb_BD)) // hyper["images_per_identity"]
    term = dispersion.Config(interweight=hyper["interweight"])
    total = term.loss(None, _batch(emb_BD, labels_B), None)  # type: ignore[arg-type]
    total.backward()
    assert emb_BD.grad is not None
    np.testing.assert_allclose(total.item(), arrays["total"], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(emb_BD.grad.numpy(), arrays["grad_emb"], rtol=0, atol=1e-9)
    wanted = hyper["interweight"] * np.square(arrays["cos_minus_eye"]).mean()
    np.testing.assert_allclose(total.item(), wanted, rtol=1e-9)


def _batch(emb_BD: Tensor, labels_B: Tensor) -> Batch:
    return Batch(
        emb_BD=emb_BD,
        norms_B=emb_BD.norm(dim=1),
        given_B=labels_B,
        samples_B=None,
        epoch=0,
        step=0,
        seed=0,
        is_training=True,
        shard=Shard.of(int(labels_B.max()) + 1),
        data=SINGLE,
    )


def _partial_fc(arrays: Arrays, meta: dict[str, Any]) -> None:
    """The file says which classes took part; they are handed to the head instead of a draw.

    Sharded files hold each worker's part of the batch and gradients times the number of workers.
    """
    hyper = meta["hyper"]
    is_exp = hyper.get("margin") == "expface"
    slots = _expface(hyper) if is_exp else _combined_insightface(hyper)
    for form in FORMS:
        cap = np.inf if is_exp else CAP
        _compare_sampled(slots, arrays, hyper.get("world_size", 1), form, cap)


def _compare_sampled(slots: Slots, arrays: Arrays, size: int, form: str, cap: float) -> None:
    emb_BD = torch.tensor(arrays["embeddings"], dtype=torch.float64)
    weight_RD = torch.tensor(arrays["weight"], dtype=torch.float64)
    labels_B = torch.tensor(arrays["labels"], dtype=torch.int64)
    chosen = torch.tensor(arrays["sampled_classes"])
    config = HeadConfig(name="golden", form=form, sample_rate=0.5)  # type: ignore[arg-type]

    def here(positives: Tensor, rate: float, shard: Shard, **stream: int) -> Tensor:
        last = shard.first + shard.count
        return chosen[(chosen >= shard.first) & (chosen < last)]

    def work(group: ThreadGroup) -> tuple[Tensor, Tensor, HeadOutput, Shard]:
        head = Head(
            slots,
            len(weight_RD),
            emb_BD.shape[1],
            generator=torch.Generator().manual_seed(0),
            config=config,
            classes=group,
        ).double()
        first = head.shard.first
        with torch.no_grad():
            head.weight.copy_(weight_RD[first : first + head.shard.count])
        leaf_BD = emb_BD.clone().requires_grad_()
        output = head(leaf_BD, labels_B, epoch=0)
        output.loss.backward()
        assert leaf_BD.grad is not None and head.weight.grad is not None
        return leaf_BD.grad, head.weight.grad, output, head.shard

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(head_module, "sampled", here)
        parts = together(size, work)
    shards = [shard for _, _, _, shard in parts]
    if "shard_start" in arrays:
        assert [shard.first for shard in shards] == arrays["shard_start"].tolist()
        assert [shard.count for shard in shards] == arrays["shard_size"].tolist()
        found = [len(output.classes_C) for _, _, output, _ in parts]
        assert found == arrays["sampled_per_shard"].tolist()
    reported = [output.losses_B.clamp(max=cap).mean().item() for _, _, output, _ in parts]
    close = {"rtol": 1e-9, "atol": 1e-9}
    np.testing.assert_allclose(reported, arrays["total"] * np.ones(size), **close, err_msg="total")
    grad_emb = size * torch.stack([emb for emb, _, _, _ in parts]).sum(0)
    np.testing.assert_allclose(grad_emb, arrays["grad_emb"], atol=1e-9, err_msg="grad_emb")
    grad_weight = torch.cat([weight for _, weight, _, _ in parts])
    np.testing.assert_allclose(grad_weight, arrays["grad_weight"], atol=1e-9, err_msg="grad_weight")
    known = {"embeddings", "weight", "labels", "sampled_classes", "total", "grad_emb"}
    known |= {"grad_weight", "shard_start", "shard_size", "sampled_per_shard"}
    assert set(arrays) <= known, f"recorded but not compared: {sorted(set(arrays) - known)}"


METHODS: dict[str, Check] = {
    "softmax__opensphere": _check(_softmax),
    "normface__expface": _check(_normface),
    "combined__insightface": _check(_combined_insightface),
    "am_softmax__facexzoo": _check(_am_facexzoo),
    "arcface__boundaryface": _check(_arc_boundaryface),
    "arcface__facexzoo": _check(_arc_facexzoo),
    "sphereface_r__opensphere": _sphere_r,
    "sphereface__expface": _check(_sphere_expface),
    "sphereface_rv2__expface": _check(_sphere_v2),
    "mv_arc_fixed__boundaryface": _check(_mv_arc_fixed),
    "mv_softmax__facexzoo": _check(_mv_adaptive),
    "curricularface__boundaryface": _check(_curricular),
    "curricularface__original": _check(_curricular),
    "npcface__facexzoo": _check(_npcface),
    "arcneg__facexzoo": _check(_arcneg),
    "adacos__facexzoo": _check(_adacos),
    "adam_softmax__facexzoo": _check(_adam),
    "circleloss__facexzoo": _check(_circle),
    "elastic__elasticface": _elastic,
    "boundaryf1__boundaryface": _check(_boundaryf1),
    "boundaryface__boundaryface": _check(_boundaryface),
    "subcenter_combined__derived": _check(_subcenter),
    "expface__expface": _check(_expface),
    "magface__magface": _check(_magface),
    "magface__facexzoo": _check(_magface),
    "adaface__adaface": _check(_adaface),
    "adaface__cvlface": _check(_adaface_cvlface),
    "uniface_uce__uniface": _check(_uniface),
    "nr__derived": _nr,
    "dispersion__derived": _dispersion,
    "partial_fc__insightface": _partial_fc,
    "partial_fc__expface": _partial_fc,
}


class _Comparison:
    """Compares recorded arrays one by one, and knows which were never looked at."""

    def __init__(self, arrays: Arrays, dtype: torch.dtype) -> None:
        self.arrays = arrays
        self.seen = set(INPUTS)
        self.single = dtype == torch.float32

    def close(
        self, name: str, found: torch.Tensor, single_atol: float, *, grad: bool = False
    ) -> None:
        """Against `name`, or `name_safe` where the source's own value is NaN."""
        self.seen |= {name, f"{name}_safe"}
        wanted = self.arrays.get(f"{name}_safe", self.arrays.get(name))
        if wanted is None:
            return
        rtol, atol = (0.0 if grad else 1e-9), 1e-9
        if self.single:
            rtol, atol = 0.0, single_atol
        elif wanted.dtype == np.float32:
            rtol, atol = 1e-5, 1e-6
        got = found.detach().numpy().reshape(wanted.shape)
        np.testing.assert_allclose(got, wanted, rtol=rtol, atol=atol, err_msg=name)

    def equal(self, name: str, found: torch.Tensor | NDArray[Any]) -> None:
        """Integers: exactly."""
        self.seen.add(name)
        if name in self.arrays:
            np.testing.assert_array_equal(np.asarray(found), self.arrays[name], err_msg=name)

    def finish(self) -> None:
        """Nothing recorded may go unchecked."""
        left = sorted(set(self.arrays) - self.seen)
        assert not left, f"recorded but not compared: {left}"


def _compare(
    slots: Slots, arrays: Arrays, hyper: Hyper, form: str, *, on_directions: bool = False
) -> None:
    dtype = getattr(torch, hyper.get("dtype", "float64"))
    emb_BD = torch.tensor(arrays["embeddings"], dtype=dtype, requires_grad=True)
    labels_B = torch.tensor(arrays["labels"], dtype=torch.int64)
    head = _head(slots, arrays, dtype, hyper, form)
    shown_BD = torch.nn.functional.normalize(emb_BD) if on_directions else emb_BD
    output = head(shown_BD, labels_B, epoch=int(arrays.get("epoch", np.array(0))))
    output.loss.backward()
    assert emb_BD.grad is not None and head.weight.grad is not None
    compared = _Comparison(arrays, dtype)
    if output.logits_BC is None:
        compared.seen |= {"logits", "predicted", "winner", "ce_label", "ce_predicted"}
    else:
        compared.close("logits", output.logits_BC, 1e-4)
        compared.equal("predicted", output.logits_BC.argmax(1))
        _compare_mixture(compared, output)
    compared.close("ce", output.ce, 1e-5)
    compared.close("extra", torch.as_tensor(sum(output.extra.values())), 1e-5)
    compared.close("total", output.loss, 1e-5)
    compared.close("total_source_scale_half", output.loss / 2, 1e-5)
    compared.close("total_source_scale_stage2", output.loss * 2, 1e-5)
    compared.close("grad_emb", emb_BD.grad, 1e-5, grad=True)
    compared.close("grad_weight", head.weight.grad, 1e-5, grad=True)
    compared.equal("rectified", output.labels_B)
    lengths_B = emb_BD.norm(dim=1).clamp(hyper.get("l_a"), hyper.get("u_a", torch.inf))
    compared.close("x_norm", lengths_B, 1e-5)
    _compare_decisions(compared, output)
    _compare_state(compared, head)
    if isinstance(slots.similarity, subcenter.Config):
        compared.equal("winner", _winners(head, emb_BD, slots.similarity.loss_k))
    compared.finish()


def _compare_mixture(compared: _Comparison, output: HeadOutput) -> None:
    """The two cross-entropies that NR mixes."""
    assert output.logits_BC is not None
    for name, labels_B in (
        ("ce_label", output.labels_B),
        ("ce_predicted", output.logits_BC.argmax(1)),
    ):
        compared.close(name, torch.nn.functional.cross_entropy(output.logits_BC, labels_B), 1e-5)


def _head(slots: Slots, arrays: Arrays, dtype: torch.dtype, hyper: Hyper, form: str) -> Head:
    rows, dim = arrays["weight"].shape
    classes, rest = divmod(rows, slots.similarity.centres_per_class)
    assert rest == 0, f"{rows} weight rows do not divide into {slots.similarity.centres_per_class}"
    config = HeadConfig(name="golden", form=form)  # type: ignore[arg-type]
    generator = torch.Generator().manual_seed(0)
    head = Head(slots, classes, dim, generator=generator, config=config).to(dtype).train()
    before: Mapping[str, Any] = {
        "negatives.t": hyper.get("t_before"),
        "margin.mean": hyper.get("batch_mean_before"),
        "margin.std": hyper.get("batch_std_before"),
        "margin.margin": arrays.get("class_margins"),
        "objective.bias": arrays.get("bias_before"),
        "scale.scale": arrays.get("scale_before"),
        "weight": arrays["weight"],
    }
    with torch.no_grad():
        for name, tensor in head.state_dict(keep_vars=True).items():
            tensor.copy_(torch.as_tensor(np.asarray(before[name])).reshape(tensor.shape))
    return head


def _compare_state(compared: _Comparison, head: Head) -> None:
    state = head.state_dict(keep_vars=True)
    compared.seen |= {"bias_before", "class_margins", "scale_before"}
    for name, recorded in (
        ("negatives.t", "state_t_after"),
        ("margin.mean", "state_batch_mean_after"),
        ("margin.std", "state_batch_std_after"),
        ("scale.scale", "scale_after"),
    ):
        if name in state:
            compared.close(recorded, state[name], 1e-5)
    for name, recorded in (
        ("objective.bias", "grad_bias"),
        ("margin.margin", "grad_class_margins"),
    ):
        if name in state:
            compared.close(recorded, state[name].grad, 1e-5, grad=True)


def _winners(head: Head, emb_BD: Tensor, loss_k: int) -> Tensor:
    unit_BD, unit_RD = (torch.nn.functional.normalize(x) for x in (emb_BD, head.weight))
    return (unit_BD @ unit_RD.t()).reshape(len(emb_BD), -1, loss_k).argmax(2)


def _compare_decisions(compared: _Comparison, output: HeadOutput) -> None:
    is_recorded = "recorded_index" in compared.arrays
    assert is_recorded == (output.decisions is not None), (
        f"correction is {'on' if is_recorded else 'off'} in the source"
    )
    if output.decisions is not None:
        position, _, proposed, _ = output.decisions.flagged()
        compared.equal("recorded_index", position)
        compared.equal("recorded_label", proposed)
