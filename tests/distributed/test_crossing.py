"""Any slots together: finite, and the same however classes are split and whatever form computes it.

`pytest tests/distributed/test_crossing.py -s` prints every composition that was run.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from frlib.core import discover
from tests.distributed.crossing import CLASSES, SIZES, Crew, Crossing, Result, train

pytestmark = pytest.mark.dist

VARIANTS: dict[str, list[dict[str, Any]]] = {
    "similarity.subcenter": [{"loss_k": 1}, {"loss_k": 2}, {"loss_k": 3}],
    "margins.arc": [{"fallback": f} for f in ("hard", "none", "easy", "add")],
    "margins.combined": [{}, {"angle_factor": 1.35}, {"fallback": "hard"}],
    "margins.cos": [{}, {"easy": True}],
    "margins.adaptive": [{}, {"edge": 0.0, "margin_grad": "detached"}],
    "margins.elastic": [{}, {"kind": "cos"}, {"plus": True}],
    "margins.magnitude": [{"fallback": f} for f in ("easy", "hard", "add")],
    "relabel.boundary": [{}, {"floor_zero": False}],
    "relabel.progressive": [{}, {"first_corrected_epoch": 99}, {"strictness": -1.0}],
    "objectives.noise_resistant": [{"beta": 0.9}, {"beta": 0.5}],
    "terms.boundary_gap": [{}, {"floor_zero": False}],
}
TERMS = ("boundary_gap", "dispersion", "magnitude")


def _choices(slot: str) -> list[dict[str, Any]]:
    names = discover.choices(f"frlib.heads.{slot}")
    return [{"name": n, **v} for n in names for v in VARIANTS.get(f"{slot}.{n}", [{}])]


def _of(slot: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from(_choices(slot))


@st.composite
def crossings(draw: st.DrawFn) -> Crossing:
    """A composition that means something, a batch, and how classes take part."""
    similarity, margin = draw(_of("similarity")), draw(_of("margins"))
    if similarity["name"] == "dot":
        margin = draw(st.sampled_from([{"name": "none"}, {"name": "cos"}]))
    terms = [c for c in _choices("terms") if c["name"] in TERMS and draw(st.booleans())]
    terms = list({choice["name"]: choice for choice in terms}.values())
    if margin["name"] == "learned":
        terms.append({"name": "margin_reward"})
    slots = {
        "similarity": similarity,
        "margin": margin,
        "negatives": draw(_of("negatives")),
        "relabel": draw(_of("relabel")),
        "objective": draw(_of("objectives")),
        "terms": terms,
        "scaling": {"name": "fixed"} if similarity["name"] == "dot" else draw(_of("scales")),
    }
    if slots["relabel"]["name"] == "progressive":  # it mixes labels
        slots["objective"] = {"name": "cross_entropy"}
        if slots["negatives"]["name"] == "interclass_filter":
            slots["negatives"] = {"name": "none"}
    common = {
        "sample_rate": draw(st.sampled_from([1.0, 1.0, 0.5, 0.2])),
        "detect_over": draw(st.sampled_from(["all", "sampled"])),
    }
    batch = draw(st.sampled_from(["random", "random", "wrong", "poles", "one"]))
    return Crossing(slots, batch, draw(st.integers(0, 99)), common)


def _some(count: int) -> settings:
    return settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],  # shrinking would restart the workers at each try
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@pytest.fixture(scope="module")
def crew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    """Four gloo processes."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    found = Crew(tmp_path_factory.mktemp("crew"))
    yield found
    found.dismiss()
    torch.set_num_threads(threads)


def _same(found: Result, wanted: Result, what: str) -> None:
    assert found.keys() == wanted.keys(), what
    for name, value in wanted.items():
        if value.is_floating_point():
            torch.testing.assert_close(
                found[name], value, rtol=1e-6, atol=1e-9, msg=lambda m, n=name: f"{what}: {n}\n{m}"
            )
        else:
            assert torch.equal(found[name], value), f"{what}: {name}"


def _check(case: Crossing, crew: Crew) -> None:
    print(case)
    whole = train(case, form="reference")
    for name, value in whole.items():
        assert not value.is_floating_point() or torch.isfinite(value).all(), f"{case}: {name}"
    _same(train(case, form="fused"), whole, f"fused, {case}")
    for size, form in zip(SIZES, itertools.cycle(("fused", "reference")), strict=False):
        _same(crew.run(case, size, form), whole, f"{size} workers, {form}, {case}")


@given(case=crossings())
@_some(60)
def test_slots_when_crossed_then_finite_and_equal_dense_sharded_and_fused(
    case: Crossing, crew: Crew
) -> None:
    _check(case, crew)


@pytest.mark.slow
@given(case=crossings())
@_some(600)
def test_slots_when_crossed_ten_times_as_often_then_still_equal(case: Crossing, crew: Crew) -> None:
    _check(case, crew)


def test_the_five_systems_when_all_together_then_equal(crew: Crew) -> None:
    slots = {
        "similarity": {"name": "subcenter", "loss_k": 3},
        "margin": {"name": "exp"},
        "negatives": {"name": "none"},
        "relabel": {"name": "boundary"},
        "objective": {"name": "noise_resistant"},
        "terms": [{"name": "boundary_gap"}, {"name": "dispersion"}],
    }
    for batch, rate in (("random", 1.0), ("wrong", 0.5), ("poles", 0.5), ("one", 0.2)):
        for seed in range(3):
            _check(Crossing(slots, batch, seed, {"sample_rate": rate}), crew)


@given(case=crossings(), data=st.data())
@_some(40)
def test_slots_when_neutral_then_as_if_absent(case: Crossing, data: st.DataObject) -> None:
    neutral: dict[str, tuple[Any, Any]] = {
        "similarity": ({"name": "subcenter", "loss_k": 1}, {"name": "cosine"}),
        "margin": ({"name": "arc", "margin": 0.0}, {"name": "none"}),
        "negatives": ({"name": "interclass_filter", "threshold": 1.0}, {"name": "none"}),
        "relabel": ({"name": "boundary", "first_corrected_epoch": 99}, {"name": "none"}),
        "objective": ({"name": "noise_resistant", "beta": 1.0}, {"name": "cross_entropy"}),
        "terms": (
            [{"name": "boundary_gap", "lam": 0.0}, {"name": "dispersion", "interweight": 0.0}],
            [],
        ),
    }
    plain = {slot: absent for slot, (_, absent) in neutral.items()}
    varied = {slot for slot in neutral if data.draw(st.booleans())}
    rest = {s: plain[s] if s in varied or s == "terms" else v for s, v in case.slots.items()}
    if rest["similarity"]["name"] == "dot" or rest["margin"]["name"] == "learned":
        rest |= {"similarity": {"name": "cosine"}, "margin": {"name": "none"}}
        varied -= {"similarity", "margin"}
    if rest["relabel"]["name"] == "progressive":
        varied -= {"objective", "negatives"}
    with_neutral = rest | {slot: neutral[slot][0] for slot in varied}
    one, other = (Crossing(s, case.batch, case.seed, case.common) for s in (with_neutral, rest))
    found, wanted = train(one), train(other)
    shared = {n for n in wanted if not n.startswith("state") and "flagged" not in n}
    _same({n: found[n] for n in shared}, {n: wanted[n] for n in shared}, f"{varied}, {one}")


@pytest.mark.parametrize("detect_over", ["all", "sampled"])
def test_sampling_when_every_class_is_in_the_batch_then_as_without(detect_over: str) -> None:
    from frlib.heads.build import build

    case = Crossing({"relabel": {"name": "boundary"}}, "random", 0)
    labels_B = torch.arange(CLASSES)
    emb_BD = torch.randn(CLASSES, 5, generator=torch.Generator().manual_seed(0)).double()
    losses = []
    for rate in (1.0, 0.1):
        config = case.config(sample_rate=rate, detect_over=detect_over)
        head = build(config, CLASSES, 5, 0).double()
        output = head(emb_BD, labels_B, epoch=50)
        losses.append(output.losses_B)
        assert torch.equal(output.classes_C, labels_B)
    assert torch.equal(losses[0], losses[1])
