"""Heads: one forward and backward pass against recorded logits, losses, gradients, decisions."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from frlib.core.config import Config
from frlib.heads.head import Head, HeadOutput
from frlib.heads.margins import arc, combined, cos
from frlib.heads.margins import none as no_margin
from frlib.heads.negatives import curricular, mv_fixed
from frlib.heads.negatives import none as plain
from frlib.heads.objectives import cross_entropy
from frlib.heads.relabel import boundary
from frlib.heads.relabel import none as as_given
from frlib.heads.similarity import cosine, dot, subcenter
from frlib.heads.slots import Slots
from frlib.heads.terms import boundary_gap
from tests.golden.case import Arrays, Check, Pending

Hyper = dict[str, Any]

INPUTS = {"embeddings", "weight", "labels", "epoch"}


def _slots(scale: float, **chosen: Any) -> Slots:
    usual: dict[str, Any] = {
        "similarity": cosine.Config(),
        "margin": no_margin.Config(),
        "negatives": plain.Config(),
        "relabel": as_given.Config(),
        "objective": cross_entropy.Config(),
    }
    return Slots(scale=scale, **(usual | chosen))


def _softmax(hyper: Hyper) -> Slots:
    return _slots(1.0, similarity=dot.Config())


def _normface(hyper: Hyper) -> Slots:
    return _slots(hyper["s"])


def _combined_insightface(hyper: Hyper) -> Slots:
    """The source's class: any m3 > 0 silences m1 and m2; the angular margin has slope 1."""
    if hyper.get("interclass_filtering_threshold", 0) > 0:
        raise Pending("interclass filter")
    margin: Config
    if hyper["m3"] > 0:
        margin = cos.Config(margin=hyper["m3"])
    elif hyper["m1"] == 1:
        margin = arc.Config(margin=hyper["m2"], fallback="none", margin_grad="detached")
    else:
        raise AssertionError(f"the source rejects m1={hyper['m1']} with m3=0: no values to compare")
    return _slots(hyper["s"], margin=margin)


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


def _check(compose: Callable[[Hyper], Slots]) -> Check:
    def check(arrays: Arrays, meta: dict[str, Any]) -> None:
        _compare(compose(meta["hyper"]), arrays, meta["hyper"])

    return check


METHODS: dict[str, Check] = {
    "softmax__opensphere": _check(_softmax),
    "normface__expface": _check(_normface),
    "combined__insightface": _check(_combined_insightface),
    "am_softmax__facexzoo": _check(_am_facexzoo),
    "arcface__boundaryface": _check(_arc_boundaryface),
    "arcface__facexzoo": _check(_arc_facexzoo),
    "mv_arc_fixed__boundaryface": _check(_mv_arc_fixed),
    "curricularface__boundaryface": _check(_curricular),
    "curricularface__original": _check(_curricular),
    "boundaryf1__boundaryface": _check(_boundaryf1),
    "boundaryface__boundaryface": _check(_boundaryface),
    "subcenter_combined__derived": _check(_subcenter),
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


def _compare(slots: Slots, arrays: Arrays, hyper: Hyper) -> None:
    dtype = getattr(torch, hyper.get("dtype", "float64"))
    emb_BD = torch.tensor(arrays["embeddings"], dtype=dtype, requires_grad=True)
    labels_B = torch.tensor(arrays["labels"], dtype=torch.int64)
    head = _head(slots, torch.tensor(arrays["weight"], dtype=dtype), hyper)
    output = head(emb_BD, labels_B, epoch=int(arrays.get("epoch", np.array(0))))
    output.loss.backward()
    assert emb_BD.grad is not None and head.weight.grad is not None
    compared = _Comparison(arrays, dtype)
    compared.close("logits", output.logits_BC, 1e-4)
    compared.close("ce", output.ce, 1e-5)
    compared.close("extra", torch.as_tensor(sum(output.extra.values())), 1e-5)
    compared.close("total", output.loss, 1e-5)
    compared.close("grad_emb", emb_BD.grad, 1e-5, grad=True)
    compared.close("grad_weight", head.weight.grad, 1e-5, grad=True)
    compared.equal("rectified", output.labels_B)
    _compare_decisions(compared, output)
    if isinstance(head.negatives, curricular.Curriculum):
        compared.close("state_t_after", head.negatives.t, 1e-5)
    if isinstance(slots.similarity, subcenter.Config):
        nearest = subcenter.nearest(emb_BD, head.weight, slots.similarity.loss_k)
        compared.equal("winner", nearest[1])
    compared.finish()


def _head(slots: Slots, weight_RD: torch.Tensor, hyper: Hyper) -> Head:
    rows, dim = weight_RD.shape
    classes, rest = divmod(rows, slots.similarity.centres_per_class)
    assert rest == 0, f"{rows} weight rows do not divide into {slots.similarity.centres_per_class}"
    head = Head(slots, classes, dim, generator=torch.Generator().manual_seed(0))
    head = head.to(weight_RD.dtype).train()
    with torch.no_grad():
        head.weight.copy_(weight_RD)
        if isinstance(head.negatives, curricular.Curriculum):
            head.negatives.t.fill_(hyper["t_before"])
    return head


def _compare_decisions(compared: _Comparison, output: HeadOutput) -> None:
    is_recorded = "recorded_index" in compared.arrays
    assert is_recorded == (output.decisions is not None), (
        f"correction is {'on' if is_recorded else 'off'} in the source"
    )
    if output.decisions is not None:
        compared.equal("recorded_index", output.decisions.position)
        compared.equal("recorded_label", output.decisions.proposed)
