"""Two studies side by side."""

from frlib.study.compare import Side, compare, differences


def test_differences_when_nested_then_names_leaves_and_whole_choices() -> None:
    a = {"base": {"epochs": 2, "head": {"name": "arcface", "margin": 0.5}}, "seeds": (0, 1)}
    b = {"base": {"epochs": 3, "head": {"name": "boundary", "lam": 1.0}}, "seeds": [0, 1], "x": 1}
    assert list(differences(a, b)) == [
        ("base.epochs", 2, 3),
        ("base.head", a["base"]["head"], b["base"]["head"]),  # type: ignore[index]
        ("x", "(nothing)", 1),
    ]


def test_differences_when_a_choice_keeps_its_name_then_names_its_field() -> None:
    a, b = ({"head": {"name": "arcface", "margin": margin}} for margin in (0.5, 0.4))
    assert list(differences(a, b)) == [("head.margin", 0.5, 0.4)]


def test_compare_when_cells_overlap_then_splits_them_and_counts_shared_arms() -> None:
    a = Side("a", {}, {"1": {"m": 0.1}, "2": {"m": 0.2}}, {"arm1": "1", "arm2": "2"})
    b = Side("b", {}, {"2": {"m": 0.2}, "3": {"m": 0.3}}, {"arm2": "2", "arm9": "2", "arm3": "3"})
    found = compare(a, b)
    assert (found.only_a, found.only_b, found.both) == (
        ({"m": 0.1},),
        ({"m": 0.3},),
        ({"m": 0.2},),
    )
    assert found.arms == ("arm2", "arm9")
