"""A cleaned set: what stays, under which label, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frlib.cleaning import findings
from frlib.cleaning.applied import DROPPED, Cleaned, apply_to, placed
from frlib.cleaning.evidence import Apply
from frlib.cleaning.findings import NO_PROPOSAL, Findings
from frlib.core.errors import DataError
from frlib.data.lab.config import NoiseConfig
from frlib.data.lab.corrupt import corrupt
from frlib.data.manifest import CLEAN, CLOSED, DUPLICATE, OPEN, OUTLIER, UNKNOWN, Manifest
from frlib.data.texts import texts
from tests.unit.cleaning.worlds import PEOPLE, SAMPLES, Verdicts, found, nothing, world
from tests.unit.data.tiny_sets import manifest

HOW: tuple[Apply, ...] = ("both", "relabel", "drop")
VERDICTS: Verdicts = {"a1": None, "a2": 1, "b1": 3, "c0": None, "d1": 0}
"""A right label suspected, a flip put right, an outlier called dee, a class lost, a wild guess."""


def _cleaned(verdicts: Verdicts, apply: Apply) -> Cleaned:
    return apply_to(world(), placed(found(verdicts), world()), apply)


def _people(left: Manifest) -> dict[str, str]:
    """id -> name of the label."""
    return {i: left.identities[n] for i, n in zip(left.ids.tolist(), left.labels, strict=True)}


def _shown(left: Manifest) -> dict[str, str]:
    """id -> who is shown."""
    names = (*left.identities, *left.others)
    unknown = {UNKNOWN: "?", OUTLIER: "nobody"}
    true = zip(left.ids.tolist(), left.true_labels.tolist(), strict=True)
    return {i: unknown[n] if n < 0 else names[n] for i, n in true}


@pytest.mark.parametrize(
    ("apply", "wanted", "lost"),
    [
        (
            "both",
            {"a0": "ann", "a2": "bob", "b0": "bob", "b1": "dee", "b2": "bob", "d0": "dee"}
            | {"d1": "ann"},
            ["cy"],
        ),
        ("drop", {"a0": "ann", "b0": "bob", "b2": "bob", "d0": "dee"}, ["cy"]),
        (
            "relabel",
            {"a0": "ann", "a1": "ann", "a2": "bob", "b0": "bob", "b1": "dee", "b2": "bob"}
            | {"c0": "cy", "d0": "dee", "d1": "ann"},
            [],
        ),
    ],
)
def test_apply_to_when_flagged_then_drops_and_relabels_as_told(
    apply: Apply, wanted: dict[str, str], lost: list[str]
) -> None:
    cleaned = _cleaned(VERDICTS, apply)
    left = cleaned.manifest
    assert _people(left) == wanted
    assert left.ids.tolist() == [i for i in SAMPLES if i in wanted], "rows keep their order"
    assert left.ids.tolist() == world().ids[cleaned.rows].tolist()
    assert left.identities == tuple(name for name in PEOPLE if name not in lost)
    new = [DROPPED if n in lost else left.identities.index(n) for n in PEOPLE]
    assert cleaned.new_class.tolist() == new
    about = left.facts["cleaning"]
    assert about["flagged"] == 5 and about["dropped"] == len(SAMPLES) - len(wanted)
    assert about["relabelled"] == (0 if apply == "drop" else 3)
    assert (about["classes_lost"], about["classes_lost_names"]) == (len(lost), lost)
    assert (about["rule"], about["apply"]) == ("rule", apply)


@pytest.mark.parametrize("apply", HOW)
def test_apply_to_when_classes_vanish_then_the_truth_of_every_sample_stays(apply: Apply) -> None:
    left = _cleaned(VERDICTS, apply).manifest
    before = _shown(world())
    assert _shown(left) == {name: before[name] for name in left.ids.tolist()}


def test_apply_to_when_a_person_is_shown_without_a_class_then_is_among_the_others() -> None:
    cleaned = _cleaned({"d0": None, "d1": None, "a2": 3}, "both")
    assert cleaned.manifest.identities == PEOPLE, "dee has a relabelled image"
    cleaned = _cleaned({"b0": None, "b1": None, "b2": None}, "both")
    assert cleaned.manifest.identities == ("ann", "cy", "dee")
    assert _shown(cleaned.manifest)["a2"] == "bob"
    assert cleaned.manifest.others == ("bob",), "zoe's only image is gone"


@pytest.mark.parametrize(
    ("sample", "to", "kind"),
    [
        ("a2", 1, CLEAN),
        ("a2", 3, CLOSED),
        ("a0", 1, CLOSED),
        ("c0", 0, CLEAN),
        ("b1", 0, OPEN),
        ("b2", 0, OPEN),
        ("d1", 0, CLEAN),
    ],
)
def test_apply_to_when_relabelled_then_the_kind_says_whether_it_is_right(
    sample: str, to: int, kind: int
) -> None:
    left = _cleaned({sample: to}, "both").manifest
    assert left.kinds[left.ids.tolist().index(sample)] == kind
    others = [name for name in left.ids.tolist() if name != sample]
    assert [left.kinds[left.ids.tolist().index(n)] for n in others] == [
        SAMPLES[name][2] for name in others
    ]


@pytest.mark.parametrize(("to", "kind"), [(0, CLOSED), (1, CLEAN)])
def test_apply_to_when_a_duplicate_is_relabelled_then_is_right_or_a_flip(
    to: int, kind: int
) -> None:
    """Of the second class of somebody, to a third person or to the person's first class."""
    is_moved = world().ids == "a2"
    split = replace(
        world(),
        labels=np.where(is_moved, 3, world().labels),
        kinds=np.where(is_moved, DUPLICATE, world().kinds).astype(np.int8),
    )
    given = dict(zip(split.ids.tolist(), split.labels.tolist(), strict=True))
    left = apply_to(split, placed(found({"a2": to}, given), split), "both").manifest
    assert left.kinds[left.ids.tolist().index("a2")] == kind


def test_apply_to_when_everything_is_flagged_then_refuses_and_relabelling_keeps_it() -> None:
    everything: Verdicts = dict.fromkeys(SAMPLES)
    for apply in ("both", "drop"):
        with pytest.raises(DataError, match=r"9 of 9 samples are flagged, and apply=\w+ leaves 0"):
            _cleaned(everything, apply)  # type: ignore[arg-type]
    assert _cleaned(everything, "relabel").manifest.digest == world().digest


def test_apply_to_when_one_class_is_left_then_refuses() -> None:
    one: Verdicts = dict.fromkeys(SAMPLES, 1)
    for apply in ("both", "relabel"):
        with pytest.raises(DataError, match="leaves 1 of 4 classes; expected at least 2"):
            _cleaned(one, apply)  # type: ignore[arg-type]


@pytest.mark.parametrize("apply", HOW)
@pytest.mark.parametrize("ratio", [0.0, 0.3])
def test_apply_to_when_nothing_is_flagged_then_is_the_set_before(
    ratio: float, apply: Apply
) -> None:
    noise = NoiseConfig.parse({"closed": {"ratio": ratio}})
    noisy = corrupt(manifest(8, 6, 5, 9), noise, None, 0)
    silent = nothing("none", noisy.ids, noisy.identities, noisy.labels)
    cleaned = apply_to(noisy, placed(silent, noisy), apply)
    assert cleaned.manifest.digest == noisy.digest
    assert cleaned.rows.tolist() == list(range(len(noisy)))
    assert cleaned.manifest.refs.tolist() == noisy.refs.tolist()


@st.composite
def _verdicts(draw: st.DrawFn) -> dict[str, int | None]:
    picked = draw(st.lists(st.sampled_from(sorted(SAMPLES)), unique=True))
    return {name: draw(st.none() | st.integers(0, 3)) for name in picked}


@given(verdicts=_verdicts(), apply=st.sampled_from(HOW))
def test_apply_to_when_anything_is_flagged_then_every_sample_is_kept_or_dropped(
    verdicts: dict[str, int | None], apply: Apply
) -> None:
    try:
        cleaned = _cleaned(verdicts, apply)
    except DataError:
        return
    left, before = cleaned.manifest, world()
    assert len(cleaned.rows) + left.facts["cleaning"]["dropped"] == len(before)
    assert left.num_classes == len(np.unique(left.labels)), "no class is empty"
    twice = apply_to(before, placed(found(verdicts), before), apply)
    assert twice.manifest.digest == left.digest and before.digest == world().digest
    moved = {n for n, to in verdicts.items() if to is not None and apply != "drop"}
    for name, person in _people(left).items():
        to = verdicts.get(name)
        assert person == PEOPLE[SAMPLES[name][0] if name not in moved or to is None else to]
    new = {PEOPLE[old]: n for old, n in enumerate(cleaned.new_class.tolist()) if n != DROPPED}
    assert new == {name: n for n, name in enumerate(left.identities)}


def _some(names: list[str], flagged: Verdicts, **changes: int) -> Findings:
    return found(flagged, given={name: changes.get(name, SAMPLES[name][0]) for name in names})


def test_placed_when_findings_are_on_fewer_samples_then_the_others_are_not_flagged() -> None:
    whole = placed(_some(["d0", "a2", "b1"], {"a2": 1, "b1": None}), world())
    flagged = [name in ("a2", "b1") for name in SAMPLES]
    assert whole.ids.tolist() == list(SAMPLES) and whole.is_flagged.tolist() == flagged
    assert whole.proposed.tolist() == [1 if name == "a2" else NO_PROPOSAL for name in SAMPLES]
    told = {"a2": 0.9, "b1": 0.9, "d0": 0.1}
    assert whole.suspicion.tolist() == [told.get(name, 0.0) for name in SAMPLES]
    assert whole.given.tolist() == world().labels.tolist()
    assert whole.true is not None and whole.true.tolist() == world().true_labels.tolist()


def test_placed_when_people_are_numbered_otherwise_then_names_count() -> None:
    other = ("dee", "cy", "nobody we know", "bob", "ann")
    number = {name: at for at, name in enumerate(other)}
    given = {name: number[PEOPLE[one[0]]] for name, one in reversed(SAMPLES.items())}
    told = placed(found({"a2": number["bob"]}, given=given, people=other), world())
    wanted = placed(found({"a2": 1}), world())
    for column in ("given", "is_flagged", "proposed", "suspicion"):
        assert getattr(told, column).tolist() == getattr(wanted, column).tolist(), column


def test_placed_when_a_sample_is_unknown_then_names_it() -> None:
    strange = replace(_some(["a0", "b0"], {}), ids=texts(["a0", "x9"]))
    with pytest.raises(DataError, match=r"sample 'x9' is not in this training set \(1 of 2"):
        placed(strange, world())


def test_placed_when_a_sample_is_named_twice_then_refuses() -> None:
    twice = replace(_some(["a0", "a1"], {}), ids=texts(["a0", "a0"]))
    with pytest.raises(DataError, match="1 samples are named twice"):
        placed(twice, world())


def test_placed_when_the_given_label_is_another_then_says_both() -> None:
    with pytest.raises(DataError, match=r"'b0' was given 'cy', here it is 'bob' \(1 such\)"):
        placed(_some(["a0", "b0"], {}, b0=2), world())


@pytest.mark.parametrize("is_proposed", [False, True])
def test_placed_when_a_person_is_nobody_of_the_set_then_names_the_nearest(
    is_proposed: bool,
) -> None:
    people = (*PEOPLE, "bobb")
    strange = found(
        {"a0": 4} if is_proposed else {},
        given={"a0": 0, "b0": 1 if is_proposed else 4},
        people=people,
    )
    with pytest.raises(DataError, match=r"'bobb' is nobody of this training set.*'bob'"):
        placed(strange, world())


def test_placed_when_the_findings_were_written_then_the_cleaned_set_is_the_same(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("kept") / "findings.parquet"
    whole = placed(found(VERDICTS), world())
    findings.write(whole, path)
    again = placed(findings.read(path), world())
    for apply in HOW:
        one, other = (apply_to(world(), each, apply).manifest for each in (whole, again))
        assert one.digest == other.digest
