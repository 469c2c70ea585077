from pathlib import Path

import numpy as np
import pytest

from frlib.core import discover
from frlib.data.benchmarks import ijb
from frlib.data.texts import texts
from frlib.evaluate import protocol
from frlib.evaluate.glance import Faces, between, of_templates
from frlib.evaluate.protocols import all_pairs, identification, megaface
from frlib.evaluate.questions import Questions


def _faces(num_people: int, shots: int, first: int = 0) -> Faces:
    ids = [f"p{k}/{n}" for k in range(num_people) for n in range(first, first + shots)]
    return Faces(texts(ids), np.array([name.partition("/")[0] for name in ids]))


def _pairs(found: Questions | None) -> list[tuple[str, str, bool]]:
    assert found is not None
    pairs = found.pairs
    return list(zip(pairs.left, pairs.right, pairs.same.tolist(), strict=True))


def _num_same(found: Questions | None) -> int:
    return sum(same for _, _, same in _pairs(found))


def _person(name: str) -> str:
    return name.partition("/")[0]


@pytest.mark.parametrize(("people", "shots", "few"), [(300, 3, 120), (7, 4, 30), (3, 2, 120)])
def test_between_when_one_list_then_truth_fits_and_no_pair_is_repeated(
    people: int, shots: int, few: int
) -> None:
    faces = _faces(people, shots)
    pairs = _pairs(between("made", faces, faces, few))
    assert all((_person(a) == _person(b)) == same for a, b, same in pairs)
    assert all(a != b for a, b, _ in pairs)
    assert len({frozenset((a, b)) for a, b, _ in pairs}) == len(pairs) <= few
    assert {same for _, _, same in pairs} == {True, False}


def test_between_when_asked_again_then_the_same_and_spread_over_people() -> None:
    faces = _faces(300, 3)
    pairs = _pairs(between("made", faces, faces, 120))
    assert pairs == _pairs(between("made", faces, faces, 120))
    assert len(pairs) == 120
    assert _num_same(between("made", faces, faces, 120)) == 60
    assert len({_person(a) for a, _, same in pairs if same}) == 60
    assert len({_person(a) for a, _, same in pairs if not same}) == 60


def test_between_when_the_lists_hold_fewer_then_all_there_are() -> None:
    faces = _faces(2, 2)
    found = between("made", faces, faces, 120)
    assert _num_same(found) == 2
    assert len(_pairs(found)) == 2 + 4


@pytest.mark.parametrize(("people", "shots"), [(1, 5), (5, 1), (1, 1)])
def test_between_when_a_kind_is_lacking_then_none(people: int, shots: int) -> None:
    faces = _faces(people, shots)
    assert between("made", faces, faces, 120) is None


def test_between_when_few_have_a_second_image_then_they_are_found() -> None:
    lone, pair = _faces(5000, 1), Faces(texts(["x/0", "x/1"]), np.array(["x", "x"]))
    faces = Faces(
        np.concatenate((lone.ids, pair.ids)), np.concatenate((lone.persons, pair.persons))
    )
    assert [same for _, _, same in _pairs(between("made", faces, faces, 4))] == [True, False, False]


def test_between_when_two_lists_then_one_side_each_and_an_image_in_both_never_with_itself() -> None:
    left, right = _faces(5, 2), _faces(4, 2, first=1)
    pairs = _pairs(between("made", left, right, 1000))
    assert {a for a, _, _ in pairs} == set(left.ids.tolist())
    assert {b for _, b, _ in pairs} == set(right.ids.tolist())
    assert {a for a, _, same in pairs if same} == {f"p{k}/{n}" for k in range(4) for n in range(2)}
    same = {(a, b) for a, b, is_same in pairs if is_same}
    assert same == {
        (f"p{k}/{a}", f"p{k}/{b}") for k in range(4) for a, b in ((0, 1), (0, 2), (1, 2))
    }


def _templates(lines: list[tuple[int, int, int]], of_image: list[int]) -> Questions | None:
    table = np.array(lines)
    num = len(of_image)
    images = ijb.Images(
        images=texts([f"{template}/{row}" for row, template in enumerate(of_image)]),
        templates=np.array(of_image),
        media=np.arange(num),
        points=np.zeros((num, 5, 2), dtype=np.float32),
        scores=np.ones(num, dtype=np.float32),
    )
    pairs = ijb.TemplatePairs(table[:, 0], table[:, 1], table[:, 2] == 1)
    return of_templates("ijbc", images, pairs, 20)


def test_of_templates_when_listed_then_an_image_of_each_side_in_the_order_of_the_pair() -> None:
    lines = [(k, k + 100, k % 2) for k in range(100)]
    found = _templates(lines, [k for k in range(200) for _ in range(3)])
    pairs = _pairs(found)
    assert [same for _, _, same in pairs] == [True] * 10 + [False] * 10
    assert pairs == _pairs(_templates(lines, [k for k in range(200) for _ in range(3)]))
    listed = {(int(_person(a)), int(_person(b)), int(same)) for a, b, same in pairs}
    assert listed <= set(lines)
    assert len(listed) == 20


def test_of_templates_when_with_itself_or_without_images_then_left_out() -> None:
    pairs = _pairs(_templates([(7, 7, 1), (7, 3, 1), (7, 9, 1), (3, 5, 0)], [7, 7, 3, 5]))
    assert [(_person(a), _person(b)) for a, b, _ in pairs] == [("7", "3"), ("3", "5")]
    assert _templates([(7, 7, 1), (3, 5, 0)], [7, 7, 3, 5]) is None
    assert _templates([(7, 3, 1)], [7, 3]) is None


def test_protocols_when_listed_then_each_names_pairs_to_look_at() -> None:
    for name in discover.choices(protocol.PACKAGE):
        module = discover.load(protocol.PACKAGE, name)
        assert hasattr(module, "questions") != hasattr(module, "glance"), name


def test_glance_when_identification_then_probes_beside_enrolled(tmp_path: Path) -> None:
    (tmp_path / "gallery.csv").write_text("path,subject\na0,a\nb0,b\n")
    (tmp_path / "probe.csv").write_text("path,subject,template\na1,a,t\na2,a,t\nc1,c,u\n")
    pairs = _pairs(identification.glance(identification.Config(path=str(tmp_path)), 120))
    assert {(a, b) for a, b, same in pairs if same} == {("a1", "a0"), ("a2", "a0")}
    assert {(a, b) for a, b, same in pairs if not same} == {
        ("a1", "b0"),
        ("a2", "b0"),
        ("c1", "a0"),
        ("c1", "b0"),
    }


def test_glance_when_a_second_list_then_across_both(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("path,identity\na0,a\nb0,b\na1,a\n")
    (tmp_path / "b.csv").write_text("path,identity\na9,a\nb9,b\n")
    config = all_pairs.Config(path=str(tmp_path / "a.csv"), other=str(tmp_path / "b.csv"))
    pairs = _pairs(all_pairs.glance(config, 120))
    assert {(a, b) for a, b, same in pairs if same} == {("a0", "a9"), ("a1", "a9"), ("b0", "b9")}
    own = all_pairs.Config(path=str(tmp_path / "a.csv"))
    assert _num_same(all_pairs.glance(own, 120)) == 1


def test_glance_when_features_of_the_probes_are_given_then_no_images_to_show(
    tmp_path: Path,
) -> None:
    (tmp_path / "p").write_text("".join(f"A{k // 2}/{k}.jpg\n" for k in range(6)))
    (tmp_path / "d").write_text("x/y/0.jpg\n")
    lists = {"path": str(tmp_path / "p"), "distractors": str(tmp_path / "d")}
    assert _num_same(megaface.glance(megaface.Config(**lists), 120)) == 3
    given = megaface.Config(**lists, probe_features=str(tmp_path / "p.npy"))
    assert megaface.glance(given, 120) is None
    assert megaface.ids(given) == ["x/y/0.jpg"]
